//! The rules of a schema: lengths, bounds, patterns, formats of texts. Each is told under the code that `validator` has for it.

use super::{Fit, at::At, formats};
use crate::{
    FieldError,
    schema::{each_subschema, words},
};
use regex::Regex;
use serde_json::{Number, Value};
use std::{
    cmp::Ordering,
    collections::HashMap,
    sync::{LazyLock, PoisonError, RwLock},
};

/// The patterns of declarations, compiled once; `None` for one that is written in another dialect, which every text then passes.
static PATTERNS: LazyLock<RwLock<HashMap<String, Option<Regex>>>> = LazyLock::new(RwLock::default);

impl Fit<'_> {
    pub(super) fn rules(&self, value: &Value, schema: &Value, at: At<'_>, found: &mut Vec<FieldError>) {
        let mut broken = |code: &'static str, words: String| found.push(FieldError::new(at.pointer(), code, words));
        match value {
            Value::String(text) => {
                let longer = |limit: u64| text.chars().count() as u64 > limit;
                let shorter = |limit: u64| (text.chars().count() as u64) < limit;
                if let Some(words) = wrong_length(schema, ["minLength", "maxLength"], shorter, longer, "characters") {
                    broken("length", words);
                }
                if let Some(format) = text_of(schema, "format").filter(|format| !formats::keeps_rule(format, text)) {
                    broken(code_of(format), words::format(format).to_owned());
                }
                if text_of(schema, "pattern").is_some_and(|pattern| !matches(pattern, text)) {
                    broken("regex", words::FORM.to_owned());
                }
            }
            Value::Number(number) => {
                let outside = BOUNDS.iter().any(|(keyword, fits)| {
                    let limit = schema.get(keyword).and_then(Value::as_number);
                    limit.is_some_and(|limit| compare(number, limit).is_none_or(|order| !fits(order)))
                });
                if outside {
                    let limit = |keyword: &str| schema.get(keyword).map(words::display);
                    let [low, above, high, below] = BOUNDS.map(|(keyword, _)| limit(keyword));
                    broken("range", words::range(low, above, high, below));
                }
                if let Some(step) = schema.get("multipleOf").filter(|step| !is_multiple(number, step)) {
                    broken("multiple", format!("must be a multiple of {}", words::display(step)));
                }
            }
            Value::Array(elements) => {
                let count = elements.len() as u64;
                let (shorter, longer) = (|limit: u64| count < limit, |limit: u64| count > limit);
                if let Some(words) = wrong_length(schema, ["minItems", "maxItems"], shorter, longer, "elements") {
                    broken("length", words);
                }
            }
            Value::Object(members) => {
                let count = members.len() as u64;
                let (shorter, longer) = (|limit: u64| count < limit, |limit: u64| count > limit);
                if let Some(words) =
                    wrong_length(schema, ["minProperties", "maxProperties"], shorter, longer, "elements")
                {
                    broken("length", words);
                }
                let names = schema.get("propertyNames");
                if names.is_some_and(|names| members.keys().any(|name| !self.fits(&name.as_str().into(), names))) {
                    broken("names", "has a name that is not allowed".to_owned());
                }
            }
            Value::Null | Value::Bool(_) => {}
        }
        if schema.get("not").is_some_and(|not| self.fits(value, not)) {
            broken("not", words::OTHER.to_owned());
        }
        if let Some(condition) = schema.get("if") {
            let then = if self.fits(value, condition) { "then" } else { "else" };
            if let Some(schema) = schema.get(then) {
                self.walk(value, schema, at, found);
            }
        }
        for (name, needed) in schema.get("dependentRequired").and_then(Value::as_object).into_iter().flatten() {
            for needed in needed.as_array().into_iter().flatten().filter_map(Value::as_str) {
                if value.get(name).is_some() && value.get(needed).is_none() {
                    found.push(FieldError::new(At::Name(&at, needed).pointer(), "required", words::REQUIRED));
                }
            }
        }
    }
}

fn matches(pattern: &str, text: &str) -> bool {
    let matches = |regex: &Option<Regex>| regex.as_ref().is_none_or(|regex| regex.is_match(text));
    if let Some(known) = PATTERNS.read().unwrap_or_else(PoisonError::into_inner).get(pattern) {
        return matches(known);
    }
    let compiled = Regex::new(pattern).ok();
    let is_match = matches(&compiled);
    PATTERNS.write().unwrap_or_else(PoisonError::into_inner).insert(pattern.to_owned(), compiled);
    is_match
}

/// Whether what compares like this with a bound keeps to it.
type Keeps = fn(Ordering) -> bool;

/// Each bound.
const BOUNDS: [(&str, Keeps); 4] = [
    ("minimum", Ordering::is_ge),
    ("exclusiveMinimum", Ordering::is_gt),
    ("maximum", Ordering::is_le),
    ("exclusiveMaximum", Ordering::is_lt),
];

fn compare(one: &Number, other: &Number) -> Option<Ordering> {
    let whole = |number: &Number| number.as_i64().map(i128::from).or_else(|| number.as_u64().map(i128::from));
    match (whole(one), whole(other)) {
        (Some(one), Some(other)) => Some(one.cmp(&other)),
        _ => one.as_f64()?.partial_cmp(&other.as_f64()?),
    }
}

fn is_multiple(number: &Number, step: &Value) -> bool {
    if let (Some(number), Some(step)) = (number.as_i64(), step.as_i64().filter(|step| *step != 0)) {
        return number.checked_rem(step).is_none_or(|rest| rest == 0);
    }
    let (Some(number), Some(step)) = (number.as_f64(), step.as_f64()) else { return true };
    let times = number / step;
    (times - times.round()).abs() < 1e-9
}

fn wrong_length(
    schema: &Value,
    [min, max]: [&str; 2],
    shorter: impl Fn(u64) -> bool,
    longer: impl Fn(u64) -> bool,
    unit: &str,
) -> Option<String> {
    let limit = |keyword| schema.get(keyword).and_then(Value::as_u64);
    let wrong = limit(min).is_some_and(shorter) || limit(max).is_some_and(longer);
    let text = |limit: Option<u64>| limit.map(|limit| limit.to_string());
    wrong.then(|| match (limit(min), limit(max)) {
        (Some(min), Some(max)) if min == max => words::length(Some(min.to_string()), None, None, unit),
        (min, max) => words::length(None, text(min), text(max), unit),
    })
}

fn text_of<'a>(schema: &'a Value, keyword: &str) -> Option<&'a str> {
    schema.get(keyword).and_then(Value::as_str)
}

/// The code of `validator` for a format.
fn code_of(format: &str) -> &'static str {
    match format {
        "email" => "email",
        "uri" => "url",
        "ipv4" | "ipv6" => "ip",
        _ => "format",
    }
}

/// Keywords that are rules.
const RULES: [&str; 17] = [
    "minLength",
    "maxLength",
    "pattern",
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "multipleOf",
    "minItems",
    "maxItems",
    "minProperties",
    "maxProperties",
    "propertyNames",
    "dependentRequired",
    "not",
    "if",
    "oneOf",
];

/// Whether a schema says more than the form of a value.
pub(crate) fn has_rules(schema: &Value) -> bool {
    let is_rule = |(keyword, value): (&String, &Value)| match keyword.as_str() {
        "format" => value.as_str().is_some_and(|format| code_of(format) != "format"),
        // An unsigned integer.
        "minimum" if *value == 0 => text_of(schema, "format").is_none_or(|format| !format.starts_with("uint")),
        keyword => RULES.contains(&keyword),
    };
    let mut has = schema.as_object().is_some_and(|schema| schema.iter().any(is_rule));
    each_subschema(schema, |inner| has |= has_rules(inner.schema));
    has
}

/// Where a schema would say a rule of `validator`; `None` for a rule that is only in the code.
pub(crate) fn keyword(code: &str) -> Option<&'static str> {
    Some(match code {
        "length" => "minLength, maxLength, minItems, maxItems, minProperties or maxProperties",
        "range" => "minimum, maximum, exclusiveMinimum or exclusiveMaximum",
        "email" | "url" | "ip" => "format",
        "regex" | "contains" | "non_control_character" | "credit_card" => "pattern",
        "does_not_contain" => "not",
        "required" => "required",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn broken(schema: Value, value: Value) -> Vec<String> {
        let found = Fit::whole(&value, &schema);
        found.into_iter().map(|field| format!("{} {}: {}", field.pointer, field.code, field.detail)).collect()
    }

    #[test]
    fn each_rule_is_told_with_its_limits() {
        for (schema, good, bad, told) in [
            (
                json!({"minLength": 2, "maxLength": 3}),
                json!("é🙂"),
                json!("🙂🙂🙂🙂"),
                "length: must have 2 to 3 characters",
            ),
            (
                json!({"minLength": 2, "maxLength": 2}),
                json!("ab"),
                json!("a"),
                "length: must have exactly 2 characters",
            ),
            (json!({"minItems": 1}), json!([1]), json!([]), "length: must have at least 1 elements"),
            (
                json!({"maxProperties": 1}),
                json!({"a": 1}),
                json!({"a": 1, "b": 2}),
                "length: must have at most 1 elements",
            ),
            (json!({"uniqueItems": true}), json!([1, 2]), json!([1, 1]), "unique: must not have an element twice"),
            (json!({"minimum": 1, "maximum": 3}), json!(3), json!(3.5), "range: must be at least 1 and at most 3"),
            (json!({"exclusiveMinimum": 0}), json!(0.1), json!(0), "range: must be more than 0"),
            (
                json!({"exclusiveMaximum": u64::MAX}),
                json!(u64::MAX - 1),
                json!(u64::MAX),
                "range: must be less than 18446744073709551615",
            ),
            (json!({"multipleOf": 2}), json!(4), json!(3), "multiple: must be a multiple of 2"),
            (json!({"multipleOf": 0.01}), json!(1.07), json!(1.075), "multiple: must be a multiple of 0.01"),
            (json!({"format": "email"}), json!("a@b.org"), json!("a"), "email: must be an email address"),
            (json!({"format": "uri"}), json!("https://b.org"), json!("b"), "url: must be a URL"),
            (json!({"pattern": "^[a-z]+$"}), json!("ab"), json!("a1"), "regex: does not have the expected form"),
            (json!({"not": {"pattern": "x"}}), json!("a"), json!("x"), "not: has to be something else"),
        ] {
            assert!(broken(schema.clone(), good.clone()).is_empty(), "{schema} {good}");
            assert_eq!(broken(schema.clone(), bad.clone()), [format!(" {told}")], "{schema} {bad}");
        }
    }

    #[test]
    fn parts_of_a_schema_are_followed() {
        let tree = json!({
            "type": "object", "required": ["name"],
            "properties": {"name": {"type": "string"}, "children": {"type": "array", "items": {"$ref": "#"}}},
            "additionalProperties": false,
        });
        assert!(broken(tree.clone(), json!({"name": "a", "children": [{"name": "b"}]})).is_empty());
        assert_eq!(
            broken(tree.clone(), json!({"name": "a", "children": [{}]})),
            ["/children/0/name required: this field is required"]
        );
        assert_eq!(broken(tree, json!({"name": "a", "secret": 1})), ["/* unknown: there is no such field"]);
        let tuple = json!({"prefixItems": [{"type": "string"}, {"type": "integer"}], "items": false});
        assert!(broken(tuple.clone(), json!(["a", 1])).is_empty());
        assert_eq!(broken(tuple, json!(["a", "b", 1])).len(), 2);
        let one = json!({"oneOf": [{"type": "integer"}, {"type": "number", "minimum": 5}]});
        assert!(broken(one.clone(), json!(5.5)).is_empty());
        assert_eq!(broken(one, json!(5)).len(), 1);
        let closed =
            json!({"allOf": [{"properties": {"a": {}}}], "properties": {"b": {}}, "unevaluatedProperties": false});
        assert!(broken(closed.clone(), json!({"a": 1, "b": 2})).is_empty());
        assert_eq!(broken(closed, json!({"c": 1})).len(), 1);
        let when = json!({"if": {"required": ["a"]}, "then": {"required": ["b"]}, "dependentRequired": {"b": ["c"]}});
        assert!(broken(when.clone(), json!({})).is_empty());
        assert_eq!(broken(when.clone(), json!({"a": 1})), ["/b required: this field is required"]);
        assert_eq!(broken(when, json!({"b": 1})), ["/c required: this field is required"]);
    }
}
