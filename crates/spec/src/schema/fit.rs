//! Whether a value fits a schema, and where it does not. Only read when decoding failed.

use super::{Object, escape, expected, resolve, type_of};
use crate::FieldError;
use serde_json::Value;

/// Where `value` is not what `schema` expects: types, required and unknown names, enums and formats.
/// Only read when decoding failed, to name every wrong field instead of the first.
pub(crate) fn mismatches(value: &Value, schema: &Value, defs: &Object, pointer: &str, found: &mut Vec<FieldError>) {
    let schema = resolve(schema, defs);
    let branches = ["anyOf", "oneOf"].iter().find_map(|keyword| schema.get(keyword)?.as_array());
    if let Some(branches) = branches {
        let fits = |branch: &Value| {
            let mut own = Vec::new();
            mismatches(value, branch, defs, pointer, &mut own);
            own.is_empty()
        };
        if !branches.iter().any(fits) {
            found.push(FieldError::new(pointer, "type", format!("expected {}", expected(schema, defs))));
        }
        return;
    }
    if !fits_here(value, schema) {
        found.push(FieldError::new(pointer, "type", format!("expected {}", expected(schema, defs))));
        return;
    }
    match value {
        Value::Object(fields) => {
            let properties = schema.get("properties").and_then(Value::as_object);
            let required = schema.get("required").and_then(Value::as_array).into_iter().flatten();
            for name in required.filter_map(Value::as_str).filter(|name| !fields.contains_key(*name)) {
                found.push(FieldError::new(
                    format!("{pointer}/{}", escape(name)),
                    "required",
                    "this field is required",
                ));
            }
            let closed = schema.get("additionalProperties") == Some(&Value::Bool(false));
            for (name, value) in fields {
                let at = format!("{pointer}/{}", escape(name));
                match properties.and_then(|properties| properties.get(name)) {
                    Some(schema) => mismatches(value, schema, defs, &at, found),
                    None if closed => found.push(FieldError::new(at, "unknown", "there is no such field")),
                    None => {}
                }
            }
        }
        Value::Array(elements) => {
            if let Some(items) = schema.get("items") {
                for (index, element) in elements.iter().enumerate() {
                    mismatches(element, items, defs, &format!("{pointer}/{index}"), found);
                }
            }
        }
        _ => {}
    }
}

fn fits_here(value: &Value, schema: &Value) -> bool {
    if let Some(values) = schema.get("enum").and_then(Value::as_array) {
        return values.contains(value);
    }
    if let Some(only) = schema.get("const") {
        return only == value;
    }
    let fits = |ty: &str| match ty {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64() || whole(value).is_some(),
        "number" => value.is_number(),
        "string" => value.is_string(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        _ => true,
    };
    let typed = match schema.get("type") {
        Some(Value::String(ty)) => fits(ty),
        Some(Value::Array(types)) => types.iter().filter_map(Value::as_str).any(fits),
        _ => true,
    };
    let format = schema.get("format").and_then(Value::as_str);
    typed
        && match (format, value) {
            (Some("uuid"), Value::String(text)) => uuid::Uuid::parse_str(text).is_ok(),
            (Some("date-time"), Value::String(text)) => chrono::DateTime::parse_from_rfc3339(text).is_ok(),
            (Some("date"), Value::String(text)) => text.parse::<chrono::NaiveDate>().is_ok(),
            (Some("int32"), Value::Number(number)) => number.as_i64().is_some_and(|n| i32::try_from(n).is_ok()),
            (Some("uint32"), Value::Number(number)) => number.as_u64().is_some_and(|n| u32::try_from(n).is_ok()),
            _ => true,
        }
}

/// `2.0` → `2`: the same integer to JSON Schema, but not to a decoder.
fn whole(value: &Value) -> Option<i64> {
    /// Beyond 2^53 a float does not tell one integer from the next.
    const EXACT: f64 = 9_007_199_254_740_992.0;
    let float = value.as_f64().filter(|float| value.is_f64() && float.fract() == 0.0 && float.abs() <= EXACT)?;
    #[expect(clippy::cast_possible_truncation, reason = "it has no fraction and is exact")]
    let whole = float as i64;
    Some(whole)
}

/// Writes integers as such wherever the schema asks for one; says whether there was something to write.
pub(crate) fn write_integers(value: &mut Value, schema: &Value, defs: &Object) -> bool {
    let schema = resolve(schema, defs);
    if type_of(schema) == Some("integer")
        && let Some(integer) = whole(value)
    {
        *value = integer.into();
        return true;
    }
    let branches = ["anyOf", "oneOf"].iter().filter_map(|keyword| schema.get(keyword)?.as_array()).flatten();
    let mut written = branches.fold(false, |written, branch| write_integers(value, branch, defs) | written);
    match value {
        Value::Object(fields) => {
            for (name, schema) in schema.get("properties").and_then(Value::as_object).into_iter().flatten() {
                written |= fields.get_mut(name).is_some_and(|field| write_integers(field, schema, defs));
            }
        }
        Value::Array(elements) => {
            if let Some(items) = schema.get("items") {
                written |= elements.iter_mut().fold(false, |written, e| write_integers(e, items, defs) | written);
            }
        }
        _ => {}
    }
    written
}
