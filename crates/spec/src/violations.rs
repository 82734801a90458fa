//! From the rules of `validator` to field errors: in the names the caller sent, in words that tell what to send,
//! and without the value.
//!
//! `validator` reports Rust field names. The wire name is found by the schema: the same name, the same letters
//! in another case convention (`rename_all`), or, for a field that is renamed to something else, the one property
//! whose schema carries the rule that failed.

use crate::{
    FieldError,
    schema::{self, Fields, InputSchema, words},
};
use serde_json::{Map, Value};
use validator::{ValidationError, ValidationErrors, ValidationErrorsKind};

/// Every broken rule, as field errors.
pub(crate) fn collect(errors: &ValidationErrors, schema: &InputSchema, found: &mut Vec<FieldError>) {
    let mut fields: Fields<'_> = schema.properties.iter().map(|(name, schema)| (name.as_str(), schema)).collect();
    fields.extend(schema::fields_of_parts(&schema.rest, &schema.defs));
    walk(errors, &fields, &schema.defs, "", found);
}

fn walk(
    errors: &ValidationErrors,
    fields: &Fields<'_>,
    defs: &Map<String, Value>,
    at: &str,
    found: &mut Vec<FieldError>,
) {
    for (field, kind) in errors.errors() {
        let wire = if field == "__all__" { None } else { wire_name(field, kind, fields, defs) };
        let pointer = wire.map_or_else(|| at.to_owned(), |name| format!("{at}/{}", schema::escape(name)));
        let schemas = || fields.iter().filter(|(name, _)| Some(*name) == wire).map(|(_, schema)| *schema);
        match kind {
            ValidationErrorsKind::Field(broken) => {
                found.extend(broken.iter().map(|rule| FieldError::new(pointer.clone(), rule.code.clone(), words(rule))))
            }
            ValidationErrorsKind::Struct(nested) => {
                let inner = schemas().flat_map(|schema| schema::fields(schema, defs)).collect();
                walk(nested, &inner, defs, &pointer, found);
            }
            ValidationErrorsKind::List(elements) => {
                let items = schemas().filter_map(|schema| schema::items(schema, defs));
                let inner = items.flat_map(|items| schema::fields(items, defs)).collect();
                for (index, nested) in elements {
                    walk(nested, &inner, defs, &format!("{pointer}/{index}"), found);
                }
            }
        }
    }
}

fn wire_name<'s>(
    field: &str,
    broken: &ValidationErrorsKind,
    fields: &Fields<'s>,
    defs: &Map<String, Value>,
) -> Option<&'s str> {
    same_letters(field, fields).or_else(|| {
        // Renamed to something else: the one property that carries what is broken.
        let mut carrying = fields.iter().filter(|(_, schema)| carries(schema, broken, defs)).map(|(name, _)| *name);
        let only = carrying.next()?;
        carrying.all(|name| name == only).then_some(only)
    })
}

/// The property of this name, in whichever case convention.
fn same_letters<'s>(field: &str, fields: &Fields<'s>) -> Option<&'s str> {
    if let Some((name, _)) = fields.iter().find(|(name, _)| *name == field) {
        return Some(name);
    }
    let letters = |name: &str| {
        name.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect::<String>()
    };
    let wanted = letters(field);
    fields.iter().find(|(name, _)| letters(name) == wanted).map(|(name, _)| *name)
}

/// Whether the schema could have been what is broken.
fn carries(schema: &Value, broken: &ValidationErrorsKind, defs: &Map<String, Value>) -> bool {
    let has_fields = |schema: &Value, nested: &ValidationErrors| {
        let fields = schema::fields(schema, defs);
        !fields.is_empty() && nested.errors().keys().all(|field| same_letters(field, &fields).is_some())
    };
    match broken {
        ValidationErrorsKind::Field(rules) => rules.first().is_some_and(|rule| states(schema, rule)),
        ValidationErrorsKind::Struct(nested) => has_fields(schema, nested),
        ValidationErrorsKind::List(elements) => {
            let items = schema::items(schema, defs);
            items.is_some_and(|items| elements.values().all(|nested| has_fields(items, nested)))
        }
    }
}

/// Whether the schema states the rule.
fn states(schema: &Value, rule: &ValidationError) -> bool {
    let keywords: &[(&str, &[&str])] = match rule.code.as_ref() {
        "length" => &[("min", &["minLength", "minItems"]), ("max", &["maxLength", "maxItems"])],
        "range" => &[
            ("min", &["minimum"]),
            ("max", &["maximum"]),
            ("exclusive_min", &["exclusiveMinimum"]),
            ("exclusive_max", &["exclusiveMaximum"]),
        ],
        "email" => return schema.get("format").is_some_and(|format| format == "email"),
        "url" => return schema.get("format").is_some_and(|format| format == "uri"),
        "ip" => return schema::is_ip(schema),
        "regex" | "contains" => return schema.get("pattern").is_some(),
        _ => return false,
    };
    let stated = |param: &str, names: &[&str]| match rule.params.get(param) {
        Some(limit) => names.iter().any(|name| schema.get(name).and_then(Value::as_f64) == limit.as_f64()),
        None => true,
    };
    keywords.iter().all(|(param, names)| stated(param, names))
}

/// What the rule wants. The author's own `message` wins.
fn words(rule: &ValidationError) -> String {
    if let Some(message) = &rule.message {
        return message.to_string();
    }
    let param = |name: &str| rule.params.get(name).map(words::display);
    let unit = match rule.params.get("value") {
        Some(Value::Array(_) | Value::Object(_)) => "elements",
        _ => "characters",
    };
    match rule.code.as_ref() {
        "length" => words::length(param("equal"), param("min"), param("max"), unit),
        "range" => words::range(param("min"), param("exclusive_min"), param("max"), param("exclusive_max")),
        "email" => words::format("email").to_owned(),
        "url" => words::format("uri").to_owned(),
        "ip" => words::format("ip").to_owned(),
        "regex" => words::FORM.to_owned(),
        "required" => words::REQUIRED.to_owned(),
        "credit_card" => "must be a card number".to_owned(),
        "non_control_character" => "must not contain control characters".to_owned(),
        "contains" => param("needle").map_or_else(|| "is not valid".to_owned(), |n| format!("must contain {n}")),
        "does_not_contain" => {
            param("needle").map_or_else(|| "is not valid".to_owned(), |n| format!("must not contain {n}"))
        }
        // Its parameter `other` is not the name of the other field but what the caller sent in it.
        "must_match" => "must be the same as the other field".to_owned(),
        code => format!("is not valid ({code})"),
    }
}
