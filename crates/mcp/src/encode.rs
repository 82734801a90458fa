//! From an outcome to a `CallToolResult` (server/tools, Tool Result).
//!
//! The outcome is JSON already. It is copied into the answer twice: as text, for models and older clients, and as it
//! is, for whoever reads `structuredContent`.

use crate::content;
use crate::describe;
use crate::era::{Revision, Structured};
use crate::object::Writer;
use diptych_spec::Declaration;

pub(crate) fn tool(declaration: &Declaration, json: &str, revision: &Revision, result: &mut Writer<'_>) {
    if declaration.is_empty() {
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
