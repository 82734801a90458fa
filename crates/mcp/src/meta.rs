//! Two tools in place of all: one that finds operations, and one that calls them. A catalogue of hundreds does not fit into a
//! conversation; what a model looks for in it does.
//!
//! What is found and called is what the caller may use. A call goes the way of any other: permission, checks, questions, progress
//! and formats are those of the operation.

use crate::call::{Call, Freshness};
use crate::cursor;
use crate::describe;
use crate::era::{REVISIONS, Revision, Structured};
use crate::format;
use crate::list::{List, TTL_MS, rendered};
use crate::object::{self, Members, Writer};
use crate::offer::Offer;
use crate::refuse::Refusal;
use crate::tools;
use crate::{content, encode};
use diptych_spec::{Declaration, Error, FieldError, JsonLimits, OperationKind};
use serde_json::{Value, json};

const SEARCH: &str = "search_operations";
const CALL: &str = "call_operation";

/// Their names, as they are listed.
pub(crate) const NAMES: [&str; 2] = [SEARCH, CALL];

/// The most operations that one search answers.
const MOST: usize = 20;
/// How many it answers when the caller does not say.
const USUAL: usize = 5;
/// The longest query, in bytes.
const LONGEST: usize = 200;

/// Whether this is the name of a meta tool.
pub(crate) fn is_name(name: &str) -> bool {
    NAMES.contains(&name)
}

pub(crate) struct MetaTools {
    /// The entries of the list of tools.
    pub(crate) tools: [[String; 2]; REVISIONS.len()],
    /// What a search answers of each operation.
    catalogue: List,
}

impl MetaTools {
    pub(crate) fn of(offer: &Offer) -> Self {
        Self {
            tools: std::array::from_fn(|row| {
                let revision = &REVISIONS[row];
                [rendered(&search_tool(revision)), rendered(&call_tool(offer))]
            }),
            catalogue: List::of(offer, "operations", Declaration::is_tool, |declaration, revision| {
                rendered(&describe::brief(declaration, revision))
            }),
        }
    }

    /// `tools/list`: the two. There is one page.
    pub(crate) fn page(&self, call: Call<'_>, result: &mut Writer<'_>) -> Result<Freshness, Refusal> {
        if call.params.get("cursor").is_some() {
            return Err(cursor::unknown());
        }
        result.raw("tools", &format!("[{}]", self.tools[call.revision.index].join(",")));
        Ok(Freshness::For { ttl_ms: TTL_MS, public: true })
    }

    /// `tools/call` of one of the two.
    pub(crate) async fn call(
        &self,
        call: Call<'_>,
        tool: &str,
        arguments: &str,
        result: &mut Writer<'_>,
    ) -> Result<Freshness, Refusal> {
        let known: &[&str] = if tool == SEARCH { &["query", "limit"] } else { &["name", "arguments"] };
        let given =
            Members::read(arguments).map_err(|_| Refusal::params("`arguments` has a field that is given twice"))?;
        let unknown = given.iter().find(|(name, _)| !known.contains(name));
        let done = match unknown {
            Some((name, _)) => {
                Err(wrong(name, "unknown", &format!("there is no such field; known are {}", known.join(", "))))
            }
            None if tool == SEARCH => self.search(call, &given, result),
            None => match Named::read(&given, &call.server.settings.json) {
                Ok(named) => return named.call(call, result).await,
                Err(error) => Err(error),
            },
        };
        match done {
            Ok(()) => Ok(Freshness::Unsaid),
            Err(error) => tools::failed(&error, result).map(|()| Freshness::Unsaid),
        }
    }

    /// Writes the operations that fit the query best, of those that the caller may use.
    fn search(&self, call: Call<'_>, given: &Members<'_>, result: &mut Writer<'_>) -> Result<(), Error> {
        let query = given.text("query").filter(|query| query.len() <= LONGEST);
        let query =
            query.ok_or_else(|| wrong("query", "type", &format!("expected a string of at most {LONGEST} bytes")))?;
        let limit = match given.get("limit") {
            None => USUAL,
            Some(limit) => {
                let text = object::text(limit).unwrap_or_else(|| limit.get().into());
                let limit = text.parse().ok().filter(|limit| (1..=MOST).contains(limit));
                limit.ok_or_else(|| wrong("limit", "range", &format!("expected an integer from 1 to {MOST}")))?
            }
        };
        let words = words(&query);
        let visible = self.catalogue.visible(call);
        let scored = visible.operations(call).map(|(operation, entry)| (score(operation.declaration(), &words), entry));
        let mut found: Vec<_> = scored.filter(|(score, _)| words.is_empty() || *score > (0, 0)).collect();
        // Stable: equals stay in order of declaration.
        found.sort_by(|(one, _), (other, _)| other.cmp(one));
        let entries: Vec<_> = found.iter().take(limit).map(|(_, entry)| *entry).collect();
        let json = format!(r#"{{"operations":[{}],"total":{}}}"#, entries.join(","), found.len());
        content::text(result, &json);
        encode::structured_object(&json, call.revision, result);
        result.raw("isError", "false");
        Ok(())
    }
}

/// What `call_operation` is given.
struct Named<'a> {
    name: std::borrow::Cow<'a, str>,
    arguments: std::borrow::Cow<'a, str>,
}

impl<'a> Named<'a> {
    fn read(given: &Members<'a>, limits: &JsonLimits) -> Result<Self, Error> {
        let name = given.text("name").ok_or_else(|| wrong("name", "type", "expected the name of an operation"))?;
        let arguments = match given.get("arguments") {
            None => "{}".into(),
            Some(arguments) if object::is_object(arguments) => arguments.get().into(),
            // Models write the object as a string, too.
            Some(arguments) => object::text(arguments)
                .filter(|text| limits.check(text).is_ok() && Members::read(text).is_ok())
                .ok_or_else(|| wrong("arguments", "type", "expected an object"))?,
        };
        Ok(Self { name, arguments })
    }

    async fn call(&self, call: Call<'_>, result: &mut Writer<'_>) -> Result<Freshness, Refusal> {
        let Some(operation) = tools::find(call, &self.name)? else {
            let error =
                Error::not_found(format!("there is no operation of this name; `{SEARCH}` finds those that there are"));
            return tools::failed(&error, result).map(|()| Freshness::Unsaid);
        };
        let format = format::wanted(call, operation.declaration())?;
        tools::run(call, operation, &self.arguments, format, result).await
    }
}

fn wrong(field: &str, code: &'static str, detail: &str) -> Error {
    Error::invalid(vec![FieldError::new(format!("/{field}"), code, detail.to_owned())])
}

/// The words of a query, without the `s` of a plural.
fn words(query: &str) -> Vec<String> {
    let words = query.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).map(str::to_lowercase);
    words
        .map(|word| match word.strip_suffix('s') {
            Some(singular) if singular.len() > 2 => singular.to_owned(),
            _ => word,
        })
        .collect()
}

/// How many of the words an operation has, and how many in its name.
fn score(declaration: &Declaration, words: &[String]) -> (usize, usize) {
    let name = declaration.name().to_lowercase();
    let mut text = format!("{} {}", declaration.title().unwrap_or_default(), declaration.description()).to_lowercase();
    for tag in declaration.tags() {
        text.push(' ');
        text.push_str(&tag.to_lowercase());
    }
    let in_name = words.iter().filter(|word| name.contains(*word)).count();
    let anywhere = words.iter().filter(|word| name.contains(*word) || text.contains(*word)).count();
    (anywhere, in_name)
}

fn search_tool(revision: &Revision) -> Value {
    let mut tool = json!({
        "name": SEARCH,
        "description": format!(
            "Finds operations by words of their names and descriptions, and answers how each is called. Call one with `{CALL}`. An empty query answers the first ones."
        ),
        "inputSchema": {
            "type": "object",
            "properties": {
                "query": {"type": "string", "maxLength": LONGEST, "description": "Words that say what is to be done."},
                "limit": {"type": "integer", "minimum": 1, "maximum": MOST, "default": USUAL},
            },
            "required": ["query"],
            "additionalProperties": false,
        },
    });
    if revision.structured != Structured::Absent {
        tool["outputSchema"] = json!({
            "type": "object",
            "properties": {
                "operations": {
                    "type": "array",
                    "description": "The best ones first.",
                    "items": {
                        "type": "object",
                        "properties": {
                            "name": {"type": "string"},
                            "title": {"type": "string"},
                            "description": {"type": "string"},
                            "inputSchema": {"type": "object", "description": "The JSON Schema of its arguments."},
                        },
                        "required": ["name", "inputSchema"],
                    },
                },
                "total": {"type": "integer", "minimum": 0, "description": "How many operations fit."},
            },
            "required": ["operations", "total"],
        });
    }
    tool["annotations"] =
        json!({"readOnlyHint": true, "destructiveHint": false, "idempotentHint": true, "openWorldHint": false});
    tool
}

/// Its hints are what holds for every operation that it can call.
fn call_tool(offer: &Offer) -> Value {
    let tools = || offer.declarations().filter(|own| own.is_tool());
    let reads = |own: &Declaration| own.kind() == OperationKind::Selector;
    json!({
        "name": CALL,
        "description": format!("Calls an operation that `{SEARCH}` found."),
        "inputSchema": {
            "type": "object",
            "properties": {
                "name": {"type": "string", "description": "The name of the operation."},
                "arguments": {"type": "object", "description": "What its `inputSchema` asks for."},
            },
            "required": ["name"],
            "additionalProperties": false,
        },
        "annotations": {
            "readOnlyHint": tools().all(reads),
            "destructiveHint": tools().any(|own| !reads(own) && own.is_destructive()),
            "idempotentHint": tools().all(|own| reads(own) || own.is_idempotent()),
            "openWorldHint": tools().any(Declaration::is_open_world),
        },
    })
}
