//! The schemas directly inside of a schema: under the applicators of JSON Schema 2020-12 (core, section 10; core, section
//! 11 for `unevaluated…`) and under `$defs`. What stands under any other keyword is data.

use serde_json::Value;

/// A schema directly inside of another.
#[derive(Debug, Clone, Copy)]
pub struct Subschema<'s> {
    /// The keyword that it stands under.
    pub keyword: &'s str,
    /// Its name, under a keyword that holds schemas by name, such as `properties`.
    pub name: Option<&'s str>,
    /// The schema.
    pub schema: &'s Value,
}

/// Calls `f` with every schema directly inside of this one, in order.
pub fn each_subschema<'s>(schema: &'s Value, mut f: impl FnMut(Subschema<'s>)) {
    for (keyword, value) in schema.as_object().into_iter().flatten() {
        match (Holds::under(keyword), value) {
            (Holds::Named, Value::Object(named)) => {
                named.iter().for_each(|(name, schema)| f(Subschema { keyword, name: Some(name), schema }));
            }
            (Holds::List, Value::Array(list)) => {
                list.iter().for_each(|schema| f(Subschema { keyword, name: None, schema }));
            }
            (Holds::One, schema) => f(Subschema { keyword, name: None, schema }),
            _ => {}
        }
    }
}

/// Calls `f` with every schema directly inside of this one, in order, to change it.
pub fn each_subschema_mut(schema: &mut Value, mut f: impl FnMut(&mut Value)) {
    for (keyword, value) in schema.as_object_mut().into_iter().flatten() {
        match (Holds::under(keyword), value) {
            (Holds::Named, Value::Object(named)) => named.values_mut().for_each(&mut f),
            (Holds::List, Value::Array(list)) => list.iter_mut().for_each(&mut f),
            (Holds::One, schema) => f(schema),
            _ => {}
        }
    }
}

/// Whether what a schema describes is a secret: it is `writeOnly`, or a password.
#[must_use]
pub fn is_secret(schema: &Value) -> bool {
    schema.get("writeOnly") == Some(&Value::Bool(true))
        || schema.get("format").is_some_and(|format| format == "password")
}

/// What stands under a keyword.
enum Holds {
    /// Schemas by name.
    Named,
    /// A list of schemas.
    List,
    /// A schema.
    One,
    /// No schema.
    Data,
}

impl Holds {
    fn under(keyword: &str) -> Self {
        match keyword {
            "properties" | "$defs" | "patternProperties" | "dependentSchemas" => Self::Named,
            "anyOf" | "oneOf" | "allOf" | "prefixItems" => Self::List,
            "items"
            | "additionalProperties"
            | "not"
            | "if"
            | "then"
            | "else"
            | "contains"
            | "propertyNames"
            | "unevaluatedProperties"
            | "unevaluatedItems" => Self::One,
            _ => Self::Data,
        }
    }
}
