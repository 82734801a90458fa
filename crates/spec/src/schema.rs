//! JSON Schema 2020-12 of inputs and outputs, made smaller: no titles, no `$schema`, and an optional
//! property is absent from `required` instead of being a union with null.

mod fields;
mod fit;
mod flat;
mod pattern;
mod published;
mod row;
mod subschemas;
pub(crate) mod words;

pub(crate) use fields::{Fields, fields, fields_of_parts};
pub(crate) use fit::{Fit, Mend, has_rules, is_loose, keyword};
pub(crate) use flat::columns;
pub(crate) use published::is_ip;
pub(crate) use row::{row_at, row_mut};
pub use subschemas::{Subschema, each_subschema, each_subschema_mut, is_secret};
pub(crate) use words::{closed, expected};

use crate::filter::MAX_OPERANDS;
use schemars::{JsonSchema, SchemaGenerator, generate::Contract, generate::SchemaSettings};
use serde_json::{Map, Value, json};

type Object = Map<String, Value>;

/// Marks the schema of a [`crate::Patch`] until it is published.
pub(crate) const PATCH: &str = "x-diptych-patch";

/// Marks the schema of a [`crate::Version`] until it is published.
pub(crate) const VERSION: &str = "x-diptych-version";

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
        leave_out_patches(schema);
        published::mend(schema);
    });
    schema
}

/// A [`crate::Patch`] can be left out, whatever the derive says: it does not know one. And null is not what it then is.
fn leave_out_patches(schema: &mut Object) {
    let Some(Value::Object(properties)) = schema.get_mut("properties") else { return };
    let mut patches = Vec::new();
    for (name, property) in properties.iter_mut().filter(|(_, property)| is_patch(property)) {
        patches.push(name.clone());
        if let Value::Object(property) = property
            && property.get("default").is_some_and(Value::is_null)
        {
            property.remove("default");
        }
    }
    if let Some(Value::Array(required)) = schema.get_mut("required") {
        required.retain(|name| !patches.iter().any(|patch| name == patch));
        if required.is_empty() {
            schema.remove("required");
        }
    }
}

fn is_patch(schema: &Value) -> bool {
    schema.get(PATCH).is_some()
}

/// Removes what is ours alone.
fn unmark(schema: &mut Value) {
    visit(schema, &mut |schema| {
        schema.shift_remove(PATCH);
        schema.shift_remove(VERSION);
    });
}

/// Makes what refers to the whole schema refer to a definition of this name, so that the schema can be part of another.
pub(crate) fn hoist(root: &mut Value, name: &str) {
    published::hoist(root, name);
}

/// The schema of what an operation answers.
pub(crate) fn output<T: JsonSchema>() -> Value {
    let mut schema = generate::<T>(Contract::Serialize);
    unmark(&mut schema);
    schema
}

/// The same, for a place inside of the schema of another answer: what refers to all of it refers to a definition.
pub(crate) fn shown<T: JsonSchema>() -> Value {
    let mut schema = output::<T>();
    published::hoist(&mut schema, &T::schema_name());
    schema
}

/// The fields of an answer that are a [`crate::Version`].
pub(crate) fn versions<T: JsonSchema>() -> Vec<String> {
    let schema = generate::<T>(Contract::Serialize);
    let properties = schema.get("properties").and_then(Value::as_object).into_iter().flatten();
    properties.filter(|(_, field)| field.get(VERSION).is_some()).map(|(name, _)| name.clone()).collect()
}

/// The properties of an input type.
#[derive(Debug, Default)]
pub(crate) struct InputSchema {
    pub(crate) properties: Object,
    pub(crate) required: Vec<String>,
    /// Those that are a [`crate::Patch`].
    pub(crate) patches: Vec<String>,
    pub(crate) defs: Object,
    /// The schema of names that are not listed, where they are accepted (a flattened map).
    pub(crate) others: Option<Value>,
    /// What else the root says (`oneOf` of a tagged enum).
    pub(crate) rest: Object,
}

impl InputSchema {
    /// The schema of one object with all of them.
    pub(crate) fn whole(&self) -> Value {
        let mut whole = self.rest.clone();
        whole.insert("type".to_owned(), json!("object"));
        whole.insert("properties".to_owned(), self.properties.clone().into());
        whole.insert("required".to_owned(), json!(self.required));
        let others = self.others.clone().unwrap_or(Value::Bool(false));
        whole.insert("additionalProperties".to_owned(), others);
        if !self.defs.is_empty() {
            whole.insert("$defs".to_owned(), self.defs.clone().into());
        }
        whole.into()
    }

    /// What the variants of a union say of a property.
    pub(crate) fn variants_of(&self, name: &str) -> Vec<&Value> {
        fn find<'s>(schema: &'s Object, name: &str, found: &mut Vec<&'s Value>) {
            for part in parts(schema) {
                found.extend(part.get("properties").and_then(|properties| properties.get(name)));
                find(part, name, found);
            }
        }
        let mut found = Vec::new();
        find(&self.rest, name, &mut found);
        found
    }

    /// The rest, for an object that has arguments of others as well: a variant that takes no further fields takes these.
    pub(crate) fn rest_beside<'n>(&self, foreign: impl Iterator<Item = &'n str>) -> Object {
        let mut rest = self.rest.clone();
        for name in foreign {
            admit(&mut rest, name);
        }
        rest
    }
}

fn admit(schema: &mut Object, name: &str) {
    for keyword in ["oneOf", "anyOf", "allOf"] {
        let parts = schema.get_mut(keyword).and_then(Value::as_array_mut).into_iter().flatten();
        for part in parts.filter_map(Value::as_object_mut) {
            if part.get("additionalProperties") == Some(&Value::Bool(false))
                && let Some(properties) = part.entry("properties").or_insert_with(|| json!({})).as_object_mut()
            {
                properties.entry(name.to_owned()).or_insert(Value::Bool(true));
            }
            admit(part, name);
        }
    }
}

/// The named arguments that `T` is made of, or why `T` is not made of named arguments.
pub(crate) fn input<T: JsonSchema>() -> Result<InputSchema, String> {
    let mut root = generate::<T>(Contract::Deserialize);
    published::hoist(&mut root, &T::schema_name());
    let properties = root.get("properties").and_then(Value::as_object).into_iter().flatten();
    let patches: Vec<_> = properties.filter(|(_, schema)| is_patch(schema)).map(|(name, _)| name.clone()).collect();
    unmark(&mut root);
    let Value::Object(mut root) = root else {
        return Err("its schema is not an object".to_owned());
    };
    let defs = take_object(&mut root, "$defs");
    let is_object = root.get("type").is_some_and(|ty| ty == "object");
    if !is_object && !root.contains_key("oneOf") && !root.contains_key("anyOf") {
        return Err("it is not a struct with named fields".to_owned());
    }
    let mut others = |keyword| root.remove(keyword).filter(|schema| *schema != Value::Bool(false));
    // The second, where a map is flattened beside an enum.
    let others = others("additionalProperties").or_else(|| others("unevaluatedProperties"));
    let mut properties = take_object(&mut root, "properties");
    let required = match root.remove("required") {
        Some(Value::Array(names)) => names.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        _ => Vec::new(),
    };
    for (name, schema) in &mut properties {
        if !required.contains(name) && !patches.contains(name) {
            strip_null(schema);
        }
    }
    gather(&root, &mut properties);
    root.remove("type");
    root.remove("description");
    Ok(InputSchema { properties, required, patches, defs, others, rest: root })
}

/// Adds the properties of parts of a schema, and of parts of these.
fn gather(schema: &Object, properties: &mut Object) {
    for part in parts(schema) {
        for (name, schema) in part.get("properties").and_then(Value::as_object).into_iter().flatten() {
            properties.entry(name.clone()).or_insert_with(|| widen(schema));
        }
        gather(part, properties);
    }
}

/// The schemas that are about the same value.
fn parts(schema: &Object) -> impl Iterator<Item = &Object> {
    let lists = ["oneOf", "anyOf", "allOf"].into_iter().filter_map(move |keyword| schema.get(keyword)?.as_array());
    lists.flatten().filter_map(Value::as_object)
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
fn visit(schema: &mut Value, f: &mut dyn FnMut(&mut Object)) {
    if let Value::Object(object) = schema {
        f(object);
    }
    each_subschema_mut(schema, |inner| visit(inner, f));
}

/// The most characters of a text that is filtered by, where its schema says nothing: databases refuse patterns that are very long.
const LONGEST_OPERAND: u32 = 1000;

/// Says how long a text or a list may be that is looked for.
pub(crate) fn bound_operand(schema: &mut Value) {
    let Value::Object(object) = schema else { return };
    if object.get("type").is_some_and(|ty| ty == "array") {
        object.entry("maxItems").or_insert(json!(MAX_OPERANDS));
    }
    let bounded =
        ["format", "enum", "const", "pattern", "maxLength"].iter().any(|keyword| object.contains_key(*keyword));
    if !bounded && object.get("type").is_some_and(|ty| ty == "string") {
        object.insert("maxLength".to_owned(), json!(LONGEST_OPERAND));
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

/// Whether a value of the property is written as one text: a string, a number, a boolean.
pub(crate) fn is_one_text(schema: &Value, defs: &Object) -> bool {
    matches!(text_shape(schema, defs), (TextShape::Text | TextShape::Number | TextShape::Bool, false))
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

pub(crate) fn resolve<'a>(schema: &'a Value, defs: &'a Object) -> &'a Value {
    schema.as_object().and_then(|schema| referred(schema, defs)).unwrap_or(schema)
}

/// What a reference to a definition means.
fn referred<'a>(schema: &Object, defs: &'a Object) -> Option<&'a Value> {
    defs.get(schema.get("$ref")?.as_str()?.strip_prefix("#/$defs/")?)
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
