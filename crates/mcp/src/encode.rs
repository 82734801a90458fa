//! From an outcome to a `CallToolResult` (server/tools, Tool Result).
//!
//! The outcome is JSON already. It goes into the answer twice: as text, for models and older clients, in the format that was
//! asked for, and as it is, for whoever reads `structuredContent`. Content blocks, text and bytes are copied once, into `content`.

use crate::content;
use crate::describe;
use crate::era::{Revision, Structured};
use crate::format;
use crate::object::{self, Writer};
use diptych_spec::{Declaration, Form, Format, Hidden, Template};
use std::borrow::Cow;

/// How the text of an answer is written, and what is not in it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shown {
    pub(crate) format: Format,
    pub(crate) hidden: Hidden,
}

/// `arguments` and `json`: what the tool was called with, and its answer.
pub(crate) fn tool(
    declaration: &Declaration,
    arguments: &str,
    json: &str,
    shown: Shown,
    revision: &Revision,
    result: &mut Writer<'_>,
) {
    let text = || format::text(shown.format, declaration, json, shown.hidden);
    match declaration.form() {
        _ if declaration.is_exposed() => exposed(json, text, revision, result),
        Form::Json if declaration.is_empty() => content::none(result),
        Form::Json => {
            content::text(result, &text());
            structured(declaration, json, revision, result);
        }
        Form::Contents => content::blocks(result.member("content"), json, revision),
        Form::Text(_) => content::text_of(result, json),
        Form::Blob(mime_type) => {
            // Where a variable may be left out, and was, the template itself names it.
            let uri = || {
                let template = declaration.resource();
                let filled = template.and_then(|uri| uri.fill(arguments));
                filled.unwrap_or_else(|| template.map_or("", Template::as_str).to_owned())
            };
            content::bytes(result, uri, mime_type, json);
        }
    }
    result.raw("isError", "false");
}

fn structured(declaration: &Declaration, json: &str, revision: &Revision, result: &mut Writer<'_>) {
    if describe::wraps(declaration, revision) {
        let mut wrapper = Writer::open(result.member("structuredContent"));
        wrapper.raw("result", json);
        wrapper.close();
    } else if revision.structured != Structured::Absent {
        result.raw("structuredContent", json);
    }
}

/// An object, where the revision has a place for it.
pub(crate) fn structured_object(json: &str, revision: &Revision, result: &mut Writer<'_>) {
    if revision.structured != Structured::Absent {
        result.raw("structuredContent", json);
    }
}

/// What a handler of the application's answered: text as it is, JSON also as what it is where the revision can carry it.
fn exposed<'j>(json: &str, text: impl Fn() -> Cow<'j, str>, revision: &Revision, result: &mut Writer<'_>) {
    if json == "null" {
        return content::none(result);
    }
    if let Some(text) = object::decoded(json) {
        return content::text(result, &text);
    }
    content::text(result, &text());
    if json.starts_with('{') || revision.structured == Structured::Any {
        structured_object(json, revision, result);
    }
}
