//! `completion/complete` (server/utilities/completion): values for the arguments of prompts and the variables of resource
//! templates.
//!
//! Values are those that the declaration lists, or what a list selector shows to this caller. A caller who may not use
//! the prompt or the resource is refused; one who may not use the list is offered nothing.

use crate::call::{Call, Freshness};
use crate::object::{self, Members, Writer};
use crate::prompts;
use crate::refuse::{self, Refusal};
use crate::rows::Listed;
use diptych_pipeline::Operation;
use diptych_spec::{Arguments, Completion, Declaration, ErrorKind, Owner, Pagination, scalar_to_text};
use std::collections::HashSet;

/// The most values in one answer (server/utilities/completion, Completion Results).
const MOST: usize = 100;
/// The most pages of a list that are read for one answer.
const PAGES: u64 = 10;

pub(crate) async fn complete(call: Call<'_>, result: &mut Writer<'_>) -> Result<Freshness, Refusal> {
    let argument = object_in(call.params, "argument")?.unwrap_or_default();
    let (Some(name), Some(typed)) = (argument.text("name"), argument.text("value")) else {
        return Err(Refusal::params("`argument` has to be an object with the strings `name` and `value`"));
    };
    let declaration = referenced(call)?.declaration();
    if let Err(error) = call.authorize(declaration) {
        return Err(refuse::denied(&error));
    }
    if !declaration.completable().any(|own| own == name) {
        return Err(Refusal::params(format!("`{}` has no argument `{name}`", declaration.name())));
    }
    let mut found = Suggestions::new(&typed);
    match declaration.completion(&name).as_deref() {
        None => {}
        Some(Completion::Values(values)) => values.iter().for_each(|value| found.add(value)),
        Some(Completion::Field { selector, field }) => {
            from_list(call, selector, field, &filled_in(call, &name)?, &mut found).await?;
        }
    }
    found.write(result);
    Ok(Freshness::Unsaid)
}

/// Whether there is anything to complete.
pub(crate) fn is_offered(declaration: &Declaration) -> bool {
    declaration.completable().any(|argument| declaration.completion(argument).is_some())
}

/// The operation that `ref` names.
fn referenced<'a>(call: Call<'a>) -> Result<&'a Operation, Refusal> {
    let reference = object_in(call.params, "ref")?.unwrap_or_default();
    let text =
        |name: &str| reference.text(name).ok_or_else(|| Refusal::params(format!("`ref.{name}` has to be a string")));
    let offer = &call.server.offer;
    match &*text("type")? {
        "ref/prompt" => prompts::find(offer, &text("name")?),
        "ref/resource" => {
            let uri = text("uri")?;
            let is = |declaration: &Declaration| {
                declaration.is_enabled() && declaration.resource().is_some_and(|own| own.as_str() == uri)
            };
            let found = offer.operations().map(|(_, operation)| operation).find(|own| is(own.declaration()));
            found.ok_or_else(|| Refusal::params("unknown resource template"))
        }
        _ => Err(Refusal::params("`ref.type` has to be `ref/prompt` or `ref/resource`")),
    }
}

/// The arguments that the user has filled in already, but for the one being typed.
fn filled_in(call: Call<'_>, typed: &str) -> Result<Vec<(String, String)>, Refusal> {
    if !call.revision.completion_context {
        return Ok(Vec::new());
    }
    let Some(context) = object_in(call.params, "context")? else { return Ok(Vec::new()) };
    let Some(arguments) = context.get("arguments") else { return Ok(Vec::new()) };
    let members = Members::read(prompts::texts(arguments.get())?).unwrap_or_default();
    let filled = members.iter().filter(|(name, _)| *name != typed);
    Ok(filled.filter_map(|(name, value)| Some((name.to_owned(), object::text(value)?.into_owned()))).collect())
}

/// Reads the list as this caller, page by page, until there are enough.
async fn from_list(
    call: Call<'_>,
    selector: &str,
    field: &str,
    filled: &[(String, String)],
    found: &mut Suggestions,
) -> Result<(), Refusal> {
    let engine = &call.server.engine;
    let Some(list) = call.server.offer.operation(selector) else { return Ok(()) };
    let declaration = list.declaration();
    if call.authorize(declaration).is_err() {
        return Ok(());
    }
    let takes = |name: &str| {
        let argument = declaration.arguments().argument(name);
        argument.is_some_and(|argument| {
            !matches!(argument.owner, Owner::Include | Owner::Fields | Owner::Order | Owner::Page)
        })
    };
    // However many pages are read, the list is asked once.
    let mut caller = call.caller();
    if let Err(error) = engine.admit(list, &mut caller, None).await {
        return Err(refuse::prompt(&error, call.revision));
    }
    let pages = declaration.list().page();
    let mut after = None;
    for page in 1..=PAGES {
        let mut arguments = Arguments::http(None);
        for (name, value) in filled.iter().filter(|(name, _)| takes(name)) {
            arguments.query(name, value);
        }
        if let Some(pages) = pages {
            arguments.query("page_size", pages.max_size().to_string());
            match pages {
                Pagination::PageNumber(_) => arguments.query("page", page.to_string()),
                Pagination::Keyset(_) => after.iter().for_each(|after: &String| arguments.query("after", after)),
            }
        }
        let outcome = match engine.dispatch(list, arguments, caller.clone()).await {
            Ok(outcome) => outcome,
            Err(error) => match error.kind() {
                // What was filled in fits no row, or names none of this caller's.
                ErrorKind::BadRequest | ErrorKind::Invalid | ErrorKind::NotFound | ErrorKind::Forbidden => {
                    return Ok(());
                }
                _ => return Err(refuse::prompt(&error, call.revision)),
            },
        };
        let Ok(listed) = serde_json::from_str::<Listed<'_>>(outcome.json()) else { return Ok(()) };
        for row in listed.items {
            let value = Members::read(row.get()).ok().and_then(|row| row.get(field));
            value.and_then(|value| scalar_to_text(value.get())).iter().for_each(|text| found.add(text));
        }
        let more = match pages {
            None => false,
            Some(Pagination::PageNumber(declared)) => {
                listed.total.is_some_and(|total| page * u64::from(declared.max_size) < total)
            }
            Some(Pagination::Keyset(_)) => listed.next.is_some(),
        };
        if !more {
            return Ok(());
        }
        after = listed.next;
        if found.matching > MOST {
            break;
        }
    }
    found.whole = false;
    Ok(())
}

/// The values that begin with what was typed, each once, in the order they came.
struct Suggestions {
    prefix: String,
    seen: HashSet<String>,
    values: Vec<String>,
    matching: usize,
    /// Whether everything was looked at.
    whole: bool,
}

impl Suggestions {
    fn new(typed: &str) -> Self {
        Self { prefix: typed.to_lowercase(), seen: HashSet::new(), values: Vec::new(), matching: 0, whole: true }
    }

    fn add(&mut self, value: &str) {
        if !value.to_lowercase().starts_with(&self.prefix) || !self.seen.insert(value.to_owned()) {
            return;
        }
        self.matching += 1;
        if self.values.len() < MOST {
            self.values.push(value.to_owned());
        }
    }

    fn write(&self, result: &mut Writer<'_>) {
        let mut completion = Writer::open(result.member("completion"));
        completion.value("values", &self.values);
        if self.whole {
            completion.value("total", &self.matching);
        }
        completion.value("hasMore", &(!self.whole || self.matching > self.values.len()));
        completion.close();
    }
}

/// The member of this name, which is an object when it is there.
fn object_in<'a>(params: &Members<'a>, name: &'static str) -> Result<Option<Members<'a>>, Refusal> {
    let Some(value) = params.get(name) else { return Ok(None) };
    let read = Members::read(value.get()).map(Some);
    read.map_err(|_| Refusal::params(format!("`{name}` has to be an object")))
}
