//! From an outcome to a `CallToolResult` (server/tools, Tool Result).
//!
//! The outcome is JSON already. It is copied into the answer twice: as text, for models and older clients, and as it
//! is, for whoever reads `structuredContent`.

use crate::content;
use crate::describe;
use crate::era::{Revision, Structured};
use crate::object::{self, Writer};
use diptych_spec::Declaration;

pub(crate) fn tool(declaration: &Declaration, json: &str, revision: &Revision, result: &mut Writer<'_>) {
    if declaration.is_exposed() {
        exposed(json, revision, result);
    } else if declaration.is_empty() {
        content::none(result);
    } else {
        content::text(result, json);
        if describe::wraps(declaration, revision) {
            let mut wrapper = Writer::open(result.member("structuredContent"));
            wrapper.raw("result", json);
            wrapper.close();
        } else if revision.structured != Structured::Absent {
            result.raw("structuredContent", json);
        }
    }
    result.raw("isError", "false");
}

/// What a handler of the application's answered: text as it is, JSON also as what it is where the revision can carry it.
fn exposed(json: &str, revision: &Revision, result: &mut Writer<'_>) {
    if json == "null" {
        return content::none(result);
    }
    if let Some(text) = object::decoded(json) {
        return content::text(result, &text);
    }
    content::text(result, json);
    let is_object = json.starts_with('{');
    if revision.structured == Structured::Any || (is_object && revision.structured == Structured::Object) {
        result.raw("structuredContent", json);
    }
}
