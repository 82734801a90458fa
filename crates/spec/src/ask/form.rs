//! The schema of a form, and whether an answer keeps to it.
//!
//! A form is a flat object of text, numbers, booleans and choices: all that MCP lets a client show (client/elicitation,
//! Requested Schema).

use crate::schema;
use schemars::JsonSchema;
use serde_json::{Map, Value, json};

/// The schema of a form with the fields of `T`, or why `T` is no form.
pub(super) fn schema<T: JsonSchema>() -> Result<Value, String> {
    let form = schema::input::<T>()?;
    if form.others.is_some() || !form.rest.is_empty() {
        return Err("a form is a struct with named fields, nothing else".to_owned());
    }
    let mut properties = Map::new();
    for (name, property) in form.properties {
        let property = field(property);
        check_field(&name, &property)?;
        properties.insert(name, property);
    }
    Ok(json!({"type": "object", "properties": properties, "required": form.required}))
}

/// Whether a schema of the application's own is that of a form.
pub(super) fn check(schema: &Value) -> Result<(), String> {
    let properties = schema.get("properties").and_then(Value::as_object);
    let Some(properties) = properties.filter(|_| schema.get("type").is_some_and(|ty| ty == "object")) else {
        return Err("a form's schema has `\"type\": \"object\"` and `properties`".to_owned());
    };
    properties.iter().try_for_each(|(name, property)| check_field(name, property))
}

/// A choice with descriptions becomes one with titles, which is what clients know.
fn field(mut property: Value) -> Value {
    let titled = |choice: &mut Value| {
        let described = choice.as_object_mut().filter(|choice| choice.contains_key("const"));
        let Some(choice) = described else { return };
        choice.remove("type");
        let title = choice.remove("description").or_else(|| choice.get("const").cloned());
        if let Some(title) = title {
            choice.entry("title").or_insert(title);
        }
    };
    for (at, keyword) in [("", "oneOf"), ("items", "oneOf"), ("items", "anyOf")] {
        let place = if at.is_empty() { Some(&mut property) } else { property.get_mut(at) };
        let choices = place.and_then(|schema| schema.get_mut(keyword)).and_then(Value::as_array_mut);
        choices.into_iter().flatten().for_each(titled);
    }
    let single = property.get("oneOf").is_some() && property.get("type").is_none();
    if let Some(object) = property.as_object_mut() {
        if single {
            object.insert("type".to_owned(), json!("string"));
        }
        // What clients of MCP do not know of.
        if object.get("type").is_some_and(|ty| ty == "integer" || ty == "number") {
            object.remove("format");
        }
    }
    if let Some(items) = property.get_mut("items").and_then(Value::as_object_mut)
        && let Some(choices) = items.remove("oneOf")
    {
        items.insert("anyOf".to_owned(), choices);
    }
    property
}

fn check_field(name: &str, property: &Value) -> Result<(), String> {
    let ty = property.get("type").and_then(Value::as_str);
    let known = match ty {
        Some("string" | "number" | "integer" | "boolean") => true,
        Some("array") => {
            property.get("items").is_some_and(|items| items.get("enum").is_some() || items.get("anyOf").is_some())
        }
        _ => false,
    };
    if known {
        return Ok(());
    }
    Err(format!("the field `{name}` of a form is text, a number, a boolean, a choice or a list of choices"))
}

/// Whether an answer is what the schema asks for.
pub(super) fn fits(schema: &Value, answer: &Value) -> bool {
    let Some(given) = answer.as_object() else { return false };
    let properties = schema.get("properties").and_then(Value::as_object);
    let required = schema.get("required").and_then(Value::as_array);
    let complete = required
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .all(|name| given.get(name).is_some_and(|v| !v.is_null()));
    let right = |(name, property): (&String, &Value)| given.get(name).is_none_or(|value| fits_field(property, value));
    complete && properties.into_iter().flatten().all(right)
}

fn fits_field(property: &Value, value: &Value) -> bool {
    let bound = |name: &str| property.get(name).and_then(Value::as_f64);
    #[expect(clippy::cast_precision_loss, reason = "lengths are far below 2^52")]
    let within = |size: usize, least: &str, most: &str| {
        bound(least).is_none_or(|least| size as f64 >= least) && bound(most).is_none_or(|most| size as f64 <= most)
    };
    match property.get("type").and_then(Value::as_str) {
        Some("boolean") => value.is_boolean(),
        Some(ty @ ("integer" | "number")) => {
            let number = value.as_f64().filter(|number| ty == "number" || number.fract() == 0.0);
            number.is_some_and(|number| {
                bound("minimum").is_none_or(|least| number >= least)
                    && bound("maximum").is_none_or(|most| number <= most)
            })
        }
        Some("array") => value.as_array().is_some_and(|chosen| {
            let items = property.get("items").unwrap_or(&Value::Null);
            within(chosen.len(), "minItems", "maxItems") && chosen.iter().all(|one| is_choice(items, one))
        }),
        _ => value
            .as_str()
            .is_some_and(|text| within(text.chars().count(), "minLength", "maxLength") && is_choice(property, value)),
    }
}

/// Whether a value is among the choices, if there are choices.
fn is_choice(schema: &Value, value: &Value) -> bool {
    if let Some(choices) = schema.get("enum").and_then(Value::as_array) {
        return choices.contains(value);
    }
    let titled = schema.get("oneOf").or_else(|| schema.get("anyOf")).and_then(Value::as_array);
    titled.is_none_or(|choices| choices.iter().any(|choice| choice.get("const") == Some(value)))
}
