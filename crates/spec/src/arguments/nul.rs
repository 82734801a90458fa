//! The character U+0000 in a text: PostgreSQL keeps it in no text and no JSON, others keep it and end texts there. It is
//! refused before the database is asked, so that an operation takes the same on every database.

use crate::{FieldError, schema};
use serde_json::Value;

/// Adds every text and every name in the JSON of one argument that has the character.
pub(super) fn find(json: &str, pointer: impl FnOnce() -> String, found: &mut Vec<FieldError>) {
    // It has one form in JSON (RFC 8259, section 7); after a backslash of its own it is none.
    if json.contains("\\u0000")
        && let Ok(value) = serde_json::from_str(json)
    {
        find_in(&value, &pointer(), found);
    }
}

fn find_in(value: &Value, pointer: &str, found: &mut Vec<FieldError>) {
    match value {
        Value::String(text) if text.contains('\0') => found.push(refused(pointer)),
        Value::Array(elements) => {
            for (index, element) in elements.iter().enumerate() {
                find_in(element, &format!("{pointer}/{index}"), found);
            }
        }
        Value::Object(members) => {
            for (name, value) in members {
                let pointer = format!("{pointer}/{}", schema::escape(name));
                match name.contains('\0') {
                    true => found.push(refused(&pointer)),
                    false => find_in(value, &pointer, found),
                }
            }
        }
        _ => {}
    }
}

fn refused(pointer: &str) -> FieldError {
    FieldError::new(pointer, "character", "the character U+0000 is not allowed")
}
