//! Where the schema of a derive is not what other readers of JSON Schema can use.

use super::{Object, pattern, visit};
use serde_json::{Value, json};

/// Mends one schema.
pub(super) fn mend(schema: &mut Object) {
    // `ip` is no format (JSON Schema validation, section 7.3).
    if schema.get("format").is_some_and(|format| format == "ip") && !schema.contains_key("anyOf") {
        schema.shift_remove("format");
        schema.insert("anyOf".to_owned(), json!([{"format": "ipv4"}, {"format": "ipv6"}]));
    }
    if let Some(Value::String(written)) = schema.get("pattern") {
        match pattern::portable(written) {
            Some(portable) => drop(schema.insert("pattern".to_owned(), portable.into())),
            None => drop(schema.shift_remove("pattern")),
        }
    }
}

/// Whether a schema is that of an address of either version, as [`mend`] writes it, or of one.
pub(crate) fn is_ip(schema: &Value) -> bool {
    let is = |schema: &Value| schema.get("format").is_some_and(|format| format == "ipv4" || format == "ipv6");
    is(schema) || schema.get("anyOf").and_then(Value::as_array).is_some_and(|versions| versions.iter().any(is))
}

/// Makes what refers to the whole schema (`#`) refer to a definition: the arguments of an input share one object with others.
pub(super) fn hoist(root: &mut Value, name: &str) {
    let mut refers = false;
    visit(root, &mut |schema| {
        if schema.get("$ref").is_some_and(|path| path == "#") {
            refers = true;
            schema.insert("$ref".to_owned(), format!("#/$defs/{name}").into());
        }
    });
    if refers && let Value::Object(schema) = root {
        let mut whole = schema.clone();
        let mut defs = super::take_object(&mut whole, "$defs");
        defs.insert(name.to_owned(), whole.into());
        schema.insert("$defs".to_owned(), defs.into());
    }
}
