//! Schemas with fewer tokens that mean the same: every client pays for them in every conversation.
//!
//! No titles, no `format` that no validator knows, unions with null as a list of types, the type of listed values once, and what is repeated is said once,
//! under `$defs`. A schema that names itself (`$schema`, `$id`, an anchor), or refers to a place inside of itself, was written by
//! hand and stays as it is.

use diptych_spec::{each_subschema, each_subschema_mut};
use serde_json::{Map, Value, json};
use std::collections::HashMap;

/// Keywords that make a schema a document of its own, which others may refer into.
const OWN: [&str; 6] = ["$schema", "$id", "$anchor", "$dynamicAnchor", "$dynamicRef", "$vocabulary"];

/// Keywords of one type: beside `"type": [t, "null"]` they say nothing of null.
const OF_ONE_TYPE: [&str; 19] = [
    "type",
    "format",
    "description",
    "minLength",
    "maxLength",
    "pattern",
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "multipleOf",
    "items",
    "minItems",
    "maxItems",
    "uniqueItems",
    "properties",
    "required",
    "additionalProperties",
    "enum",
];

/// The most definitions that are added to a schema.
const MOST: usize = 32;

/// Makes a schema shorter that means the same.
pub(crate) fn compact(schema: &mut Value) {
    let mut own = false;
    each(schema, &mut |schema| {
        let target = schema.get("$ref").and_then(Value::as_str);
        own |= OWN.iter().any(|keyword| schema.contains_key(*keyword)) || target.is_some_and(leads_into);
    });
    if own {
        return;
    }
    each(schema, &mut |schema| {
        schema.shift_remove("title");
        if schema.get("format").and_then(Value::as_str).is_some_and(is_noise) {
            schema.shift_remove("format");
        }
        merge_null(schema);
        lift_type(schema);
    });
    hoist(schema);
}

/// Whether a reference names a place that this may move: one that is neither a definition nor the root.
fn leads_into(target: &str) -> bool {
    let definition = target.strip_prefix("#/$defs/").is_some_and(|name| !name.contains('/'));
    !definition && !matches!(target, "#" | "#/properties/result")
}

/// Names of Rust's numbers: not among the formats of JSON Schema (2020-12, validation, section 7.3).
fn is_noise(format: &str) -> bool {
    let width = format.trim_start_matches('u').strip_prefix("int");
    let sized = |width: &str| matches!(width, "" | "8" | "16" | "32" | "64" | "128");
    width.is_some_and(sized) || matches!(format, "float" | "double")
}

/// `{"anyOf": [{"type": "string", …}, {"type": "null"}]}` → `{"type": ["string", "null"], …}`
fn merge_null(schema: &mut Map<String, Value>) {
    for keyword in ["anyOf", "oneOf"] {
        let Some(branches) = schema.get(keyword).and_then(Value::as_array) else { continue };
        let [one, other] = branches.as_slice() else { continue };
        let null = json!({"type": "null"});
        let some = if *other == null { one } else { other };
        if *one != null && *other != null {
            continue;
        }
        let Some(some) = some.as_object() else { continue };
        let Some(ty) = some.get("type").and_then(Value::as_str) else { continue };
        let fits = some.keys().all(|name| OF_ONE_TYPE.contains(&name.as_str()) && !schema.contains_key(name));
        if !fits || ty == "null" || schema.contains_key("type") {
            continue;
        }
        let mut merged = some.clone();
        merged["type"] = json!([ty, "null"]);
        if let Some(values) = merged.get_mut("enum").and_then(Value::as_array_mut) {
            values.push(Value::Null);
        }
        schema.shift_remove(keyword);
        merged.append(schema);
        *schema = merged;
        return;
    }
}

/// `{"oneOf": [{"type": "string", "const": …}, …]}` → `{"type": "string", "oneOf": [{"const": …}, …]}`
fn lift_type(schema: &mut Map<String, Value>) {
    for keyword in ["anyOf", "oneOf"] {
        let Some(branches) = schema.get(keyword).and_then(Value::as_array) else { continue };
        let fixed = |branch: &Value| branch.get("const").and(branch.get("type")).cloned();
        let Some(ty) = branches.first().and_then(fixed) else { continue };
        if schema.contains_key("type") || !branches.iter().all(|branch| fixed(branch).as_ref() == Some(&ty)) {
            continue;
        }
        let mut lifted = Map::from_iter([("type".to_owned(), ty)]);
        lifted.append(schema);
        let branches = lifted.get_mut(keyword).and_then(Value::as_array_mut);
        for branch in branches.into_iter().flatten().filter_map(Value::as_object_mut) {
            branch.shift_remove("type");
        }
        *schema = lifted;
        return;
    }
}

/// Moves what is repeated to `$defs`, the longest first, as long as that makes the schema shorter.
fn hoist(root: &mut Value) {
    for _ in 0..MOST {
        let Some((name, text)) = most_repeated(root) else { return };
        let Ok(definition) = serde_json::from_str::<Value>(&text) else { return };
        let reference = json!({"$ref": format!("#/$defs/{name}")});
        replace(root, &definition, &reference);
        let Some(members) = root.as_object_mut() else { return };
        let definitions = members.entry("$defs").or_insert_with(|| json!({}));
        if let Some(definitions) = definitions.as_object_mut() {
            definitions.insert(name, definition);
        }
    }
}

/// What is worth most as a definition: its name there, and its text.
fn most_repeated(root: &Value) -> Option<(String, String)> {
    let mut found: HashMap<String, (usize, String)> = HashMap::new();
    subschemas(root, "item", &mut |name, schema| {
        let text = schema.to_string();
        // A header is found through properties alone, and a reference is as short as it gets.
        if !text.contains("\"x-mcp-header\"") && !text.starts_with("{\"$ref\":") {
            found.entry(text).or_insert_with(|| (0, name.to_owned())).0 += 1;
        }
    });
    let taken = root.get("$defs").and_then(Value::as_object);
    let gain = |text: &str, times: usize, name: &str| {
        let reference = r##"{"$ref":"#/$defs/"}"##.len() + name.len();
        let definition = text.len() + name.len() + r#""":,"#.len();
        let place = if taken.is_some() { 0 } else { r#","$defs":{}"#.len() };
        (times * text.len()).checked_sub(times * reference + definition + place)
    };
    let worth = found.into_iter().filter(|(_, (times, _))| *times > 1).filter_map(|(text, (times, name))| {
        let name = free(&name, taken);
        let gain = gain(&text, times, &name).filter(|gain| *gain > 0)?;
        Some((gain, name, text))
    });
    worth.max().map(|(_, name, text)| (name, text))
}

/// The name, or with a number behind it, that no definition has.
fn free(name: &str, taken: Option<&Map<String, Value>>) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || c == '_' { c } else { '_' };
    let name: String = name.chars().map(plain).collect();
    let is_free = |name: &String| taken.is_none_or(|taken| !taken.contains_key(name));
    let numbered = (2..).map(|number| format!("{name}{number}"));
    std::iter::once(name.clone()).chain(numbered).find(is_free).unwrap_or(name)
}

/// Puts `reference` wherever this schema is, but for the root.
fn replace(schema: &mut Value, repeated: &Value, reference: &Value) {
    each_subschema_mut(schema, |inner| match *inner == *repeated {
        true => *inner = reference.clone(),
        false => replace(inner, repeated, reference),
    });
}

/// Every schema inside of this one that is an object, with the name of the property it is of.
fn subschemas(schema: &Value, name: &str, f: &mut impl FnMut(&str, &Value)) {
    each_subschema(schema, |inner| {
        if inner.schema.is_object() {
            let name = inner.name.unwrap_or(name);
            f(name, inner.schema);
            subschemas(inner.schema, name, f);
        }
    });
}

/// Calls `f` with this schema and every one in it, outermost last.
fn each(schema: &mut Value, f: &mut dyn FnMut(&mut Map<String, Value>)) {
    each_subschema_mut(schema, |inner| each(inner, f));
    if let Value::Object(members) = schema {
        f(members);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn compacted(mut schema: Value) -> Value {
        compact(&mut schema);
        schema
    }

    #[test]
    fn what_says_nothing_is_left_out() {
        for (given, expected) in [
            (json!({"type": "integer", "format": "int64", "default": 1}), json!({"type": "integer", "default": 1})),
            (json!({"type": "integer", "format": "uint32"}), json!({"type": "integer"})),
            (json!({"type": "number", "format": "double"}), json!({"type": "number"})),
            (json!({"type": "string", "format": "uuid"}), json!({"type": "string", "format": "uuid"})),
            (json!({"title": "A", "type": "string"}), json!({"type": "string"})),
            // A property of that name is none of the schema's own.
            (
                json!({"type": "object", "properties": {"title": {"type": "string"}, "format": {"title": "x"}}}),
                json!({"type": "object", "properties": {"title": {"type": "string"}, "format": {}}}),
            ),
            (
                json!({"anyOf": [{"type": "string", "format": "date"}, {"type": "null"}], "description": "When."}),
                json!({"type": ["string", "null"], "format": "date", "description": "When."}),
            ),
            (
                json!({"oneOf": [{"type": "null"}, {"type": "string", "enum": ["a"]}]}),
                json!({"type": ["string", "null"], "enum": ["a", null]}),
            ),
            (
                json!({"oneOf": [{"type": "string", "const": "a", "description": "A."}, {"type": "string", "const": "b"}]}),
                json!({"type": "string", "oneOf": [{"const": "a", "description": "A."}, {"const": "b"}]}),
            ),
        ] {
            assert_eq!(compacted(given.clone()), expected, "{given}");
        }
    }

    #[test]
    fn what_would_mean_something_else_stays() {
        for schema in [
            json!({"anyOf": [{"const": "a"}, {"type": "null"}]}),
            json!({"anyOf": [{"type": "object", "oneOf": [{"required": ["a"]}]}, {"type": "null"}]}),
            json!({"anyOf": [{"type": "string", "description": "inner"}, {"type": "null"}], "description": "outer"}),
            json!({"anyOf": [{"type": "string"}, {"type": "null"}, {"type": "integer"}]}),
            json!({"anyOf": [{"$ref": "#"}, {"type": "null"}]}),
            json!({"oneOf": [{"type": "string", "const": "a"}, {"type": "integer", "const": 1}]}),
            json!({"oneOf": [{"type": "string", "const": "a"}, {"type": "string"}]}),
            json!({"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "T", "format": "int64"}),
            json!({"properties": {"a": {"$anchor": "a", "title": "T"}}}),
            json!({"properties": {"a": {"title": "T"}, "b": {"$ref": "#/properties/a"}}}),
            json!({"const": {"title": "x", "format": "int64"}}),
            json!({"enum": [{"anyOf": [{"type": "string"}, {"type": "null"}]}]}),
        ] {
            assert_eq!(compacted(schema.clone()), schema);
        }
    }

    #[test]
    fn what_is_repeated_is_said_once() {
        let place = json!({
            "type": "object",
            "properties": {"street": {"type": "string", "maxLength": 200}, "town": {"type": "string", "maxLength": 200}},
            "required": ["street", "town"],
        });
        let schema = json!({"type": "object", "properties": {"from": place, "to": {"type": "array", "items": place}}});
        assert_eq!(
            compacted(schema.clone()),
            json!({
                "type": "object",
                "properties": {
                    "from": {"$ref": "#/$defs/from"},
                    "to": {"type": "array", "items": {"$ref": "#/$defs/from"}},
                },
                "$defs": {"from": place},
            })
        );
        assert!(compacted(schema.clone()).to_string().len() < schema.to_string().len());
        // Not where it would be longer, nor where a header would not be found, nor over a definition that is there.
        let short = json!({"properties": {"a": {"type": "string"}, "b": {"type": "string"}}});
        assert_eq!(compacted(short.clone()), short);
        let text = "x".repeat(99);
        let header = json!({"type": "string", "x-mcp-header": "Region", "description": text});
        let headers = json!({"properties": {"a": header, "b": header}});
        assert_eq!(compacted(headers.clone()), headers);
        let long = json!({"type": "string", "description": text});
        let named =
            json!({"properties": {"a": long, "b": long, "c": {"$ref": "#/$defs/a"}}, "$defs": {"a": {"type": "null"}}});
        let named = compacted(named);
        assert_eq!(named["$defs"], json!({"a": {"type": "null"}, "a2": long}));
        assert_eq!(named["properties"]["b"], json!({"$ref": "#/$defs/a2"}));
    }
}
