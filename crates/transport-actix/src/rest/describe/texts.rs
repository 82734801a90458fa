//! What every text that is sent keeps to, said in the document: no U+0000. Clients and tools that make up requests from the
//! document then know; models do not need to be told, so the schemas of tools do without.

use diptych_spec::each_subschema_mut;
use serde_json::{Map, Value, json};

const WITHOUT_NUL: &str = r"^[^\u0000]*$";

/// Says it of every text, and every free name, in the schema of an input.
pub(super) fn describe(schema: &mut Value) {
    each_subschema_mut(schema, describe);
    let Value::Object(members) = schema else { return };
    let fixed = ["pattern", "enum", "const"].iter().any(|keyword| members.contains_key(*keyword));
    // A format that is checked knows its characters; that of a secret is a wish.
    let formatted = members.get("format").is_some_and(|format| format != "password");
    if is("string", members) && !fixed && !formatted {
        members.insert("pattern".to_owned(), json!(WITHOUT_NUL));
    }
    let names_are_free = members.get("additionalProperties").is_some_and(|schema| *schema != Value::Bool(false));
    if names_are_free && !members.contains_key("propertyNames") {
        members.insert("propertyNames".to_owned(), json!({"pattern": WITHOUT_NUL}));
    }
}

fn is(ty: &str, schema: &Map<String, Value>) -> bool {
    match schema.get("type") {
        Some(Value::String(one)) => one == ty,
        Some(Value::Array(several)) => several.iter().any(|one| one == ty),
        _ => false,
    }
}
