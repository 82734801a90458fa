//! Objects whose fields hold no others: rows of a table.

use super::{Object, resolve};
use serde_json::Value;

/// Keywords that add fields, or make them depend on others.
const MORE_FIELDS: [&str; 5] = ["anyOf", "oneOf", "allOf", "patternProperties", "enum"];

/// The fields of a flat object, without some; `None` when a field can hold others, or not all of them are known.
pub(crate) fn columns<'s>(schema: &'s Value, without: &[&str], defs: &'s Object) -> Option<Vec<&'s str>> {
    let schema = resolve(schema, defs).as_object()?;
    let closed = schema.get("additionalProperties").is_none_or(|more| *more == Value::Bool(false));
    let is_object = schema.get("type").is_some_and(|ty| ty == "object");
    if !is_object || !closed || MORE_FIELDS.iter().any(|keyword| schema.contains_key(*keyword)) {
        return None;
    }
    let fields = schema.get("properties")?.as_object()?;
    let fields = || fields.iter().filter(|(name, _)| !without.contains(&name.as_str()));
    let flat = fields().next().is_some() && fields().all(|(_, field)| is_scalar(field, defs));
    flat.then(|| fields().map(|(name, _)| name.as_str()).collect())
}

/// Whether every value of the schema is a text, a number, a boolean or null.
fn is_scalar(schema: &Value, defs: &Object) -> bool {
    let one = |ty: &Value| matches!(ty.as_str(), Some("string" | "number" | "integer" | "boolean" | "null"));
    let plain = |value: &Value| !value.is_object() && !value.is_array();
    let target = resolve(schema, defs);
    match (target.get("type"), target.get("enum"), target.get("const")) {
        (Some(Value::Array(types)), ..) => types.iter().all(one),
        (Some(ty), ..) => one(ty),
        (_, Some(Value::Array(values)), _) => values.iter().all(plain),
        (_, _, Some(value)) => plain(value),
        _ => {
            let branches = ["anyOf", "oneOf"].iter().find_map(|keyword| target.get(keyword)?.as_array());
            // A definition that a branch leads back to holds more than a scalar; types of ours never do that.
            branches.is_some_and(|branches| {
                branches.iter().all(|branch| branch.get("$ref").is_none() && is_scalar(branch, defs))
            })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_row_is_flat_when_its_fields_hold_no_others() {
        let defs = Object::from_iter([("Kind".to_owned(), json!({"type": "string", "enum": ["a"]}))]);
        let nested = json!({"type": "object", "properties": {"a": {"type": "string"}}});
        for (field, flat) in [
            (json!({"type": "string"}), true),
            (json!({"type": ["integer", "null"]}), true),
            (json!({"enum": ["a", null, 1]}), true),
            (json!({"const": true}), true),
            (json!({"anyOf": [{"const": "a"}, {"type": "null"}]}), true),
            (json!({"$ref": "#/$defs/Kind"}), true),
            (json!({"$ref": "#/$defs/Gone"}), false),
            (json!({"anyOf": [nested, {"type": "null"}]}), false),
            (json!({"type": "array", "items": {"type": "string"}}), false),
            (json!({"type": ["object", "null"]}), false),
            (json!({"enum": [{}]}), false),
            (json!({}), false),
            (json!(true), false),
            (nested, false),
        ] {
            let row = json!({"type": "object", "properties": {"id": {"type": "integer"}, "field": field}});
            let expected = flat.then(|| vec!["id", "field"]);
            assert_eq!(columns(&row, &[], &defs), expected, "{field}");
        }
        for open in [
            json!({"type": "object", "properties": {"a": {"type": "string"}}, "additionalProperties": true}),
            json!({"type": "object", "properties": {"a": {"type": "string"}}, "oneOf": []}),
            json!({"type": "object", "properties": {}}),
            json!({"type": "object"}),
            json!({"type": "string"}),
        ] {
            assert_eq!(columns(&open, &[], &defs), None, "{open}");
        }
    }
}
