//! What a schema expects, in words for the caller.

use super::{Object, accepts_null, resolve, type_of};
use serde_json::Value;

/// What is said of a field that is not there.
pub(crate) const REQUIRED: &str = "this field is required";
/// What is said of a text that a pattern does not match.
pub(crate) const FORM: &str = "does not have the expected form";
/// What is said of a value that is excluded.
pub(super) const OTHER: &str = "has to be something else";

/// What a length should be.
pub(crate) fn length(exact: Option<String>, min: Option<String>, max: Option<String>, unit: &str) -> String {
    match (exact, min, max) {
        (Some(exact), _, _) => format!("must have exactly {exact} {unit}"),
        (_, Some(min), Some(max)) => format!("must have {min} to {max} {unit}"),
        (_, Some(min), None) => format!("must have at least {min} {unit}"),
        (_, None, Some(max)) => format!("must have at most {max} {unit}"),
        _ => "has the wrong length".to_owned(),
    }
}

/// Between what a number should be: from `low` or above `above`, to `high` or below `below`.
pub(crate) fn range(low: Option<String>, above: Option<String>, high: Option<String>, below: Option<String>) -> String {
    let low = low.map(|low| format!("at least {low}")).or_else(|| above.map(|above| format!("more than {above}")));
    let high = high.map(|high| format!("at most {high}")).or_else(|| below.map(|below| format!("less than {below}")));
    match (low, high) {
        (Some(low), Some(high)) => format!("must be {low} and {high}"),
        (Some(bound), None) | (None, Some(bound)) => format!("must be {bound}"),
        (None, None) => "is out of range".to_owned(),
    }
}

/// What a text of a format should be.
pub(crate) fn format(format: &str) -> &'static str {
    match format {
        "email" => "must be an email address",
        "uri" => "must be a URL",
        "ipv4" => "must be an IPv4 address",
        "ipv6" => "must be an IPv6 address",
        "ip" => "must be an IP address",
        _ => FORM,
    }
}

/// A limit of a rule, as text.
pub(crate) fn display(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => match number.as_f64() {
            Some(float) if !number.is_i64() && !number.is_u64() && float.fract() == 0.0 => {
                format!("{float:.0}")
            }
            _ => number.to_string(),
        },
        other => other.to_string(),
    }
}

/// What a schema expects, in words that follow "expected ".
pub(crate) fn expected(schema: &Value, defs: &Object) -> String {
    let schema = resolve(schema, defs);
    let words = one_of_its_values(schema, defs);
    // A union of types says so here, a union of schemas by one of these.
    let is_union = schema.get("type").and_then(Value::as_array).is_some_and(|types| types.len() > 1);
    if is_union && accepts_null(schema, defs) { format!("{words} or null") } else { words }
}

fn one_of_its_values(schema: &Value, defs: &Object) -> String {
    if let Some(values) = schema.get("enum").and_then(Value::as_array) {
        let values: Vec<_> = values.iter().filter_map(Value::as_str).collect();
        return format!("one of {}", values.join(", "));
    }
    if let Some(value) = schema.get("const").and_then(Value::as_str) {
        return value.to_owned();
    }
    let words = match (type_of(schema), schema.get("format").and_then(Value::as_str)) {
        (Some("string"), Some("uuid")) => "a UUID",
        (Some("string"), Some("date-time")) => "a date and time (RFC 3339, such as 2026-01-31T12:00:00Z)",
        (Some("string"), Some("date")) => "a date (such as 2026-01-31)",
        (Some("string"), Some("email")) => "an email address",
        (Some("string"), _) => "a string",
        (Some("integer"), Some("uint" | "uint8" | "uint16" | "uint32" | "uint64")) => "a non-negative integer",
        (Some("integer"), _) => "an integer",
        (Some("number"), _) => "a number",
        (Some("boolean"), _) => "true or false",
        (Some("array"), _) => {
            return match schema.get("items") {
                Some(items) => format!("an array, each element {}", expected(items, defs)),
                None => "an array".to_owned(),
            };
        }
        (Some("object"), _) => "an object",
        (Some("null"), _) => "null",
        _ => {
            let branches = ["anyOf", "oneOf"].iter().find_map(|keyword| schema.get(keyword)?.as_array());
            return match branches {
                Some(branches) => match branches.iter().map(fixed).collect::<Option<Vec<_>>>() {
                    Some(values) => format!("one of {}", values.concat().join(", ")),
                    None => {
                        let words: Vec<_> = branches.iter().map(|branch| expected(branch, defs)).collect();
                        words.join(" or ")
                    }
                },
                None => "another value".to_owned(),
            };
        }
    };
    words.to_owned()
}

/// Every value that a schema accepts, as text, when it lists them: an enum, a boolean.
pub(crate) fn closed(schema: &Value, defs: &Object) -> Option<Vec<String>> {
    let schema = resolve(schema, defs);
    if type_of(schema) == Some("boolean") {
        return Some(vec!["true".to_owned(), "false".to_owned()]);
    }
    let branches = ["anyOf", "oneOf"].iter().find_map(|keyword| schema.get(keyword)?.as_array());
    let values = match branches {
        Some(branches) => branches.iter().map(fixed).collect::<Option<Vec<_>>>()?.concat(),
        None => fixed(schema)?,
    };
    Some(values.into_iter().map(str::to_owned).collect())
}

/// The only texts that a schema accepts: an enum whose variants have descriptions is a union of these.
fn fixed(schema: &Value) -> Option<Vec<&str>> {
    match (schema.get("const"), schema.get("enum")) {
        (Some(value), _) => value.as_str().map(|value| vec![value]),
        (None, Some(Value::Array(values))) => values.iter().map(Value::as_str).collect(),
        _ => None,
    }
}
