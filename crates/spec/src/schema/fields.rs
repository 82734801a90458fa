//! The fields of an object, also those that only some variants of a union have.

use super::{Object, parts, referred};
use serde_json::Value;

/// By name, each with its own schema. A field that several variants have is there several times.
pub(crate) type Fields<'s> = Vec<(&'s str, &'s Value)>;

/// How many schemas in schemas are looked into: a reference may lead back to itself.
const DEEPEST: usize = 8;

/// The fields of an object's schema.
pub(crate) fn fields<'s>(schema: &'s Value, defs: &'s Object) -> Fields<'s> {
    let mut found = Vec::new();
    if let Some(schema) = schema.as_object() {
        add(schema, defs, DEEPEST, &mut found);
    }
    found
}

/// The fields of the parts of an object's schema alone.
pub(crate) fn fields_of_parts<'s>(schema: &'s Object, defs: &'s Object) -> Fields<'s> {
    let mut found = Vec::new();
    for part in parts(schema) {
        add(part, defs, DEEPEST, &mut found);
    }
    found
}

fn add<'s>(schema: &'s Object, defs: &'s Object, deepest: usize, found: &mut Fields<'s>) {
    let properties = schema.get("properties").and_then(Value::as_object).into_iter().flatten();
    found.extend(properties.map(|(name, schema)| (name.as_str(), schema)));
    let referred = referred(schema, defs).and_then(Value::as_object);
    for part in referred.into_iter().chain(parts(schema)).filter(|_| deepest > 0) {
        add(part, defs, deepest - 1, found);
    }
}
