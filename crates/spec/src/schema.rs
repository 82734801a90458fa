//! JSON Schema 2020-12 of inputs and outputs, made smaller: no titles, no `$schema`, and an optional
//! property is absent from `required` instead of being a union with null.

use crate::FieldError;
use schemars::{JsonSchema, SchemaGenerator, generate::Contract, generate::SchemaSettings};
use serde_json::{Map, Value, json};

type Object = Map<String, Value>;

fn generate<T: JsonSchema>(contract: Contract) -> Value {
    let generator: SchemaGenerator = SchemaSettings::draft2020_12()
        .with(|settings| {
            settings.inline_subschemas = true;
            settings.meta_schema = None;
            settings.contract = contract;
        })
        .into_generator();
    let mut schema = generator.into_root_schema_for::<T>().to_value();
    visit(&mut schema, &mut |schema| {
        schema.remove("title");
    });
    schema
}

/// The schema of what an operation answers.
pub(crate) fn output<T: JsonSchema>() -> Value {
    generate::<T>(Contract::Serialize)
}

/// The properties of an input type.
#[derive(Debug, Default)]
pub(crate) struct InputSchema {
    pub(crate) properties: Object,
    pub(crate) required: Vec<String>,
    pub(crate) defs: Object,
    /// Whether names that are not listed are accepted (a flattened map).
    pub(crate) open: bool,
    /// What else the root says (`oneOf` of a tagged enum).
    pub(crate) rest: Object,
}

/// The named arguments that `T` is made of, or why `T` is not made of named arguments.
pub(crate) fn input<T: JsonSchema>() -> Result<InputSchema, String> {
    let Value::Object(mut root) = generate::<T>(Contract::Deserialize) else {
        return Err("its schema is not an object".to_owned());
    };
    let defs = take_object(&mut root, "$defs");
    let is_object = root.get("type").is_some_and(|ty| ty == "object");
    if !is_object && !root.contains_key("oneOf") && !root.contains_key("anyOf") {
        return Err("it is not a struct with named fields".to_owned());
    }
    let open = match root.remove("additionalProperties") {
        Some(Value::Bool(open)) => open,
        Some(_) => true,
        None => false,
    };
    let mut properties = take_object(&mut root, "properties");
    let required = match root.remove("required") {
        Some(Value::Array(names)) => names.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        _ => Vec::new(),
    };
    for (name, schema) in &mut properties {
        if !required.contains(name) {
            strip_null(schema);
        }
    }
    for keyword in ["oneOf", "anyOf"] {
        for branch in root.get(keyword).and_then(Value::as_array).into_iter().flatten() {
            for (name, schema) in branch.get("properties").and_then(Value::as_object).into_iter().flatten() {
                properties.entry(name.clone()).or_insert_with(|| widen(schema));
            }
        }
    }
    root.remove("type");
    root.remove("description");
    Ok(InputSchema { properties, required, defs, open, rest: root })
}

/// A property of one variant of a tagged enum, as the union of the variants sees it: its fixed tag value is
/// left to `oneOf`.
fn widen(schema: &Value) -> Value {
    match schema.get("const") {
        Some(Value::String(_)) => json!({"type": "string"}),
        _ => json!({}),
    }
}

fn take_object(from: &mut Object, key: &str) -> Object {
    match from.remove(key) {
        Some(Value::Object(object)) => object,
        _ => Object::new(),
    }
}

/// Calls `f` on `schema` and every schema in it.
fn visit(schema: &mut Value, f: &mut impl FnMut(&mut Object)) {
    let Value::Object(object) = schema else { return };
    f(object);
    for (keyword, value) in object {
        match (keyword.as_str(), value) {
            ("properties" | "$defs" | "patternProperties" | "dependentSchemas", Value::Object(named)) => {
                named.values_mut().for_each(|schema| visit(schema, f));
            }
            ("anyOf" | "oneOf" | "allOf" | "prefixItems", Value::Array(list)) => {
                list.iter_mut().for_each(|schema| visit(schema, f));
            }
            (
                "items"
                | "additionalProperties"
                | "not"
                | "if"
                | "then"
                | "else"
                | "contains"
                | "propertyNames"
                | "unevaluatedProperties",
                schema,
            ) => visit(schema, f),
            _ => {}
        }
    }
}

fn is_null(schema: &Value) -> bool {
    schema.get("type").is_some_and(|ty| ty == "null")
}

/// `T | null` → `T`.
fn strip_null(schema: &mut Value) {
    let Value::Object(object) = schema else { return };
    if object.get("default").is_some_and(Value::is_null) {
        object.remove("default");
    }
    if let Some(Value::Array(types)) = object.get_mut("type") {
        types.retain(|ty| ty != "null");
        if let [one] = types.as_slice() {
            object["type"] = one.clone();
        }
    }
    if let Some(Value::Array(values)) = object.get_mut("enum") {
        values.retain(|value| !value.is_null());
    }
    for keyword in ["anyOf", "oneOf"] {
        let Some(Value::Array(branches)) = object.get_mut(keyword) else {
            continue;
        };
        branches.retain(|branch| !is_null(branch));
        if let [Value::Object(one)] = branches.as_mut_slice() {
            let one = std::mem::take(one);
            object.remove(keyword);
            for (key, value) in one {
                object.entry(key).or_insert(value);
            }
        }
    }
}

/// How a text (a query parameter, a captured path segment) is turned into JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TextShape {
    /// Quoted as it is.
    Text,
    /// Taken over as it is when it reads as a number.
    Number,
    /// Taken over as it is when it reads as `true` or `false`.
    Bool,
    /// Taken over when it is JSON, otherwise quoted.
    Json,
}

/// The text shape of a property, and whether it may be given several times.
pub(crate) fn text_shape(schema: &Value, defs: &Object) -> (TextShape, bool) {
    let schema = resolve(schema, defs);
    match type_of(schema) {
        Some("array") => (schema.get("items").map_or(TextShape::Json, |items| text_shape(items, defs).0), true),
        Some("integer" | "number") => (TextShape::Number, false),
        Some("boolean") => (TextShape::Bool, false),
        Some("object") => (TextShape::Json, false),
        Some(_) => (TextShape::Text, false),
        None if schema.get("enum").is_some() || schema.get("const").is_some() => (TextShape::Text, false),
        None => {
            let branch = ["anyOf", "oneOf"]
                .iter()
                .filter_map(|keyword| schema.get(keyword)?.as_array())
                .flatten()
                .find(|branch| !is_null(branch));
            branch.map_or((TextShape::Json, false), |branch| text_shape(branch, defs))
        }
    }
}

/// Whether null is a value of the property.
pub(crate) fn accepts_null(schema: &Value, defs: &Object) -> bool {
    let schema = resolve(schema, defs);
    match schema.get("type") {
        Some(Value::String(ty)) => ty == "null",
        Some(Value::Array(types)) => types.iter().any(|ty| ty == "null"),
        _ => match ["anyOf", "oneOf"].iter().find_map(|keyword| schema.get(keyword)?.as_array()) {
            Some(branches) => branches.iter().any(|branch| accepts_null(branch, defs)),
            None => {
                schema.get("enum").is_none_or(|values| values.as_array().is_some_and(|v| v.contains(&Value::Null)))
                    && schema.get("const").is_none()
            }
        },
    }
}

fn type_of(schema: &Value) -> Option<&str> {
    match schema.get("type")? {
        Value::String(ty) => Some(ty),
        Value::Array(types) => types.iter().filter_map(Value::as_str).find(|ty| *ty != "null"),
        _ => None,
    }
}

fn resolve<'a>(schema: &'a Value, defs: &'a Object) -> &'a Value {
    let name = schema.get("$ref").and_then(Value::as_str).and_then(|path| path.strip_prefix("#/$defs/"));
    name.and_then(|name| defs.get(name)).unwrap_or(schema)
}

/// What a schema expects, in words that follow "expected ".
pub(crate) fn expected(schema: &Value, defs: &Object) -> String {
    let schema = resolve(schema, defs);
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

/// The only texts that a schema accepts: an enum whose variants have descriptions is a union of these.
fn fixed(schema: &Value) -> Option<Vec<&str>> {
    match (schema.get("const"), schema.get("enum")) {
        (Some(value), _) => value.as_str().map(|value| vec![value]),
        (None, Some(Value::Array(values))) => values.iter().map(Value::as_str).collect(),
        _ => None,
    }
}

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

/// A name as a JSON pointer token (RFC 6901, section 3).
pub(crate) fn escape(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

/// The properties of an object schema.
pub(crate) fn properties<'a>(schema: &'a Value, defs: &'a Object) -> Option<&'a Object> {
    resolve(schema, defs).get("properties")?.as_object()
}

/// The element schema of an array schema.
pub(crate) fn items<'a>(schema: &'a Value, defs: &'a Object) -> Option<&'a Value> {
    resolve(schema, defs).get("items")
}
