//! Arguments that MCP clients repeat as headers, so that what stands between can route by them without reading the body
//! (`x-mcp-header`; 2026-07-28, basic/transports/streamable-http, Custom Headers from Tool Parameters).
//!
//! The keyword in the schema is all there is: `#[arg(header = "Region")]` writes it too.

use super::ArgumentTable;
use crate::schema::{each_subschema, is_secret};
use serde_json::Value;

/// The keyword of a property's schema.
const KEYWORD: &str = "x-mcp-header";

/// The largest integer that every client can repeat exactly: 2^53 − 1.
const MAX_SAFE: f64 = 9_007_199_254_740_991.0;

/// An argument that clients repeat as the header `Mcp-Param-<name>`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeaderArgument {
    /// What follows `Mcp-Param-`.
    pub name: String,
    /// Where its value is in the arguments: the names of the members that lead to it.
    pub path: Vec<String>,
    /// Whether it is an integer, which is compared as a number.
    pub integer: bool,
}

impl ArgumentTable {
    /// The arguments that are repeated as headers.
    #[must_use]
    pub fn headers(&self) -> Vec<HeaderArgument> {
        self.marked().into_iter().filter_map(|marked| marked.read().ok()).collect()
    }

    /// What is wrong with the headers that the arguments ask for.
    pub(crate) fn header_mistakes(&self) -> Vec<String> {
        let mut mistakes = Vec::new();
        let mut names: Vec<HeaderArgument> = Vec::new();
        for marked in self.marked() {
            match marked.read() {
                Ok(header) => {
                    let same = |other: &&HeaderArgument| other.name.eq_ignore_ascii_case(&header.name);
                    if let Some(other) = names.iter().find(same) {
                        mistakes.push(format!(
                            "`{}` and `{}` are both repeated as the header `Mcp-Param-{}`; give one of them another name",
                            other.path.join("."),
                            header.path.join("."),
                            header.name
                        ));
                    }
                    names.push(header);
                }
                Err(why) => mistakes.push(why),
            }
        }
        mistakes
    }

    fn marked(&self) -> Vec<Marked> {
        let mut found = Vec::new();
        walk(&self.schema(), &mut Vec::new(), true, &mut found);
        found
    }
}

/// A schema that has the keyword.
struct Marked {
    schema: Value,
    path: Vec<String>,
    /// Whether nothing but `properties` leads to it.
    reachable: bool,
}

impl Marked {
    fn read(&self) -> Result<HeaderArgument, String> {
        let place = self.path.join(".");
        if !self.reachable {
            return Err(format!(
                "`{place}` is to be repeated as a header, which only properties of structs can be; remove `{KEYWORD}`, or take it out of the list, map or enum"
            ));
        }
        let Some(name) = self.schema[KEYWORD].as_str().filter(|name| is_token(name)) else {
            return Err(format!(
                "`{place}` has the header name {}, which is none; write letters, digits and `-`, as in `header = \"Region\"`",
                self.schema[KEYWORD]
            ));
        };
        let ty = self.schema.get("type").and_then(Value::as_str);
        if !matches!(ty, Some("string" | "integer" | "boolean")) {
            return Err(format!(
                "`{place}` is repeated as the header `Mcp-Param-{name}`, which only a string, an integer or a boolean can be; remove `header`"
            ));
        }
        if is_secret(&self.schema) {
            return Err(format!(
                "`{place}` is a secret, and headers are logged by what stands between; remove `header`"
            ));
        }
        let unsafe_bound = |keyword| {
            let bound = self.schema.get(keyword).and_then(Value::as_f64);
            bound.is_some_and(|bound| bound.abs() > MAX_SAFE)
        };
        if ["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"].into_iter().any(unsafe_bound) {
            return Err(format!(
                "`{place}` allows integers beyond 2^53 − 1, which not every client can repeat as a header; narrow its range, or remove `header`"
            ));
        }
        Ok(HeaderArgument { name: name.to_owned(), path: self.path.clone(), integer: ty == Some("integer") })
    }
}

/// Every schema under `schema` that has the keyword.
fn walk(schema: &Value, path: &mut Vec<String>, reachable: bool, found: &mut Vec<Marked>) {
    let Value::Object(members) = schema else { return };
    if members.contains_key(KEYWORD) {
        found.push(Marked { schema: schema.clone(), path: path.clone(), reachable: reachable && !path.is_empty() });
    }
    each_subschema(schema, |inner| {
        path.extend(inner.name.map(str::to_owned));
        walk(inner.schema, path, reachable && inner.keyword == "properties", found);
        path.truncate(path.len() - usize::from(inner.name.is_some()));
    });
}

/// A name as HTTP takes it (RFC 9110, section 5.6.2).
pub(crate) fn is_token(name: &str) -> bool {
    let tchar = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
    !name.is_empty() && name.chars().all(tchar)
}
