//! From a declaration to its entries in the lists of MCP. Pure: nothing here knows a caller.
//!
//! Schemas are those of the declaration. Where a revision cannot carry one (an output that is not an object, before
//! 2026-07-28), [`wraps`] says so, here for the schema and in `encode.rs` for the value.

use crate::compact::compact;
use crate::era::{Revision, Structured};
use crate::idempotency;
use diptych_spec::{Annotations, Declaration, Form, Hidden, Icon, OperationKind, each_subschema_mut};
use serde::Serialize;
use serde_json::{Map, Value, json};

/// A tool (server/tools, Tool).
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Tool<'a> {
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<&'a str>,
    #[serde(skip_serializing_if = "str::is_empty")]
    description: &'a str,
    input_schema: Value,
    #[serde(skip_serializing_if = "Option::is_none")]
    output_schema: Option<Value>,
    annotations: Hints<'a>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    icons: &'a [Icon],
    #[serde(rename = "_meta", skip_serializing_if = "Map::is_empty")]
    meta: Map<String, Value>,
}

/// Hints for whoever decides whether a model may call a tool unasked.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Hints<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<&'a str>,
    read_only_hint: bool,
    destructive_hint: bool,
    idempotent_hint: bool,
    open_world_hint: bool,
}

/// A resource or a resource template (server/resources, Resource and Resource Templates).
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Resource<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    uri: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    uri_template: Option<&'a str>,
    #[serde(skip_serializing_if = "str::is_empty")]
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<&'a str>,
    #[serde(skip_serializing_if = "str::is_empty")]
    description: &'a str,
    mime_type: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    size: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    annotations: Option<Annotations>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    icons: &'a [Icon],
    #[serde(rename = "_meta", skip_serializing_if = "Map::is_empty")]
    meta: Map<String, Value>,
}

/// A prompt (server/prompts, Prompt).
#[derive(Debug, Serialize)]
pub(crate) struct Prompt<'a> {
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<&'a str>,
    #[serde(skip_serializing_if = "str::is_empty")]
    description: &'a str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    arguments: Vec<PromptArgument<'a>>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    icons: &'a [Icon],
    #[serde(rename = "_meta", skip_serializing_if = "Map::is_empty")]
    meta: Map<String, Value>,
}

/// What a prompt is given, always as text.
#[derive(Debug, Serialize)]
struct PromptArgument<'a> {
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'a str>,
    required: bool,
}

/// `hidden`: what the caller is not shown of its answers.
pub(crate) fn tool<'a>(declaration: &'a Declaration, revision: &Revision, hidden: Hidden) -> Tool<'a> {
    let selector = declaration.kind() == OperationKind::Selector;
    let (title, older_title) = match revision.titles {
        true => (declaration.title(), None),
        false => (None, declaration.title()),
    };
    Tool {
        name: declaration.name(),
        title,
        description: declaration.description(),
        input_schema: input(declaration, revision),
        output_schema: output(declaration, revision, hidden),
        annotations: Hints {
            title: older_title,
            read_only_hint: selector,
            destructive_hint: !selector && declaration.is_destructive(),
            idempotent_hint: selector || declaration.is_idempotent(),
            open_world_hint: declaration.is_open_world(),
        },
        icons: icons(declaration, revision),
        meta: tool_meta(declaration, revision),
    }
}

/// A tool as a search shows it: what is needed to call it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Brief<'a> {
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<&'a str>,
    #[serde(skip_serializing_if = "str::is_empty")]
    description: &'a str,
    input_schema: Value,
}

pub(crate) fn brief<'a>(declaration: &'a Declaration, revision: &Revision) -> Brief<'a> {
    Brief {
        name: declaration.name(),
        title: declaration.title(),
        description: declaration.description(),
        input_schema: input(declaration, revision),
    }
}

fn input(declaration: &Declaration, revision: &Revision) -> Value {
    let mut schema = declaration.arguments().schema();
    idempotency::offer(declaration, &mut schema);
    insist(declaration, &mut schema);
    spell_out(&mut schema);
    if !revision.header_arguments {
        without_headers(&mut schema);
    }
    compact(&mut schema);
    schema
}

/// Says that a caller has to say which version they know: over REST that is no argument, so the schema of the arguments does not.
fn insist(declaration: &Declaration, schema: &mut Value) {
    let Some(name) = declaration.version_argument().filter(|_| declaration.requires_version()) else { return };
    match schema.get_mut("required").and_then(Value::as_array_mut) {
        Some(required) => required.push(name.into()),
        None => schema["required"] = json!([name]),
    }
}

pub(crate) fn resource<'a>(declaration: &'a Declaration, revision: &Revision) -> Resource<'a> {
    Resource {
        uri: declaration.resource().map(diptych_spec::Template::as_str),
        uri_template: None,
        name: declaration.name(),
        title: declaration.title().filter(|_| revision.titles),
        description: declaration.description(),
        mime_type: declaration.form().mime_type(),
        size: declaration.size(),
        annotations: declaration.annotations().map(|annotations| fitting(annotations, revision)),
        icons: icons(declaration, revision),
        meta: meta(declaration, revision),
    }
}

pub(crate) fn template<'a>(declaration: &'a Declaration, revision: &Revision) -> Resource<'a> {
    let mut template = resource(declaration, revision);
    template.uri_template = template.uri.take();
    template
}

/// What all rows of a template share; each has a URI and a name of its own in front.
pub(crate) fn row<'a>(declaration: &'a Declaration, revision: &Revision) -> Resource<'a> {
    Resource { uri: None, name: "", title: None, description: "", ..resource(declaration, revision) }
}

fn icons<'a>(declaration: &'a Declaration, revision: &Revision) -> &'a [Icon] {
    if revision.icons { declaration.icons() } else { &[] }
}

fn meta(declaration: &Declaration, revision: &Revision) -> Map<String, Value> {
    if revision.metas { declaration.meta().clone() } else { Map::new() }
}

/// That of a resource, and the view (MCP Apps, Resource Discovery).
fn tool_meta(declaration: &Declaration, revision: &Revision) -> Map<String, Value> {
    let mut meta = meta(declaration, revision);
    if let Some(app) = declaration.app().filter(|_| revision.metas) {
        meta.insert("ui".to_owned(), json!(app.tool_meta()));
    }
    meta
}

fn fitting(annotations: &Annotations, revision: &Revision) -> Annotations {
    let mut annotations = annotations.clone();
    annotations.last_modified = annotations.last_modified.filter(|_| revision.last_modified);
    annotations
}

pub(crate) fn prompt<'a>(declaration: &'a Declaration, revision: &Revision) -> Prompt<'a> {
    let arguments = declaration.arguments().arguments().iter().map(|argument| PromptArgument {
        name: &argument.name,
        description: argument.schema.get("description").and_then(Value::as_str),
        required: argument.required,
    });
    Prompt {
        name: declaration.name(),
        title: declaration.title().filter(|_| revision.titles),
        description: declaration.description(),
        arguments: arguments.collect(),
        icons: icons(declaration, revision),
        meta: meta(declaration, revision),
    }
}

/// Whether the revision needs the answer as `{"result": …}`: it wants objects, and this may be something else.
pub(crate) fn wraps(declaration: &Declaration, revision: &Revision) -> bool {
    let object = declaration.output().get("type").is_some_and(|ty| ty == "object");
    revision.structured == Structured::Object && !object
}

fn output(declaration: &Declaration, revision: &Revision, hidden: Hidden) -> Option<Value> {
    let is_json = declaration.form() == Form::Json && !declaration.is_exposed();
    if declaration.is_empty() || !is_json || revision.structured == Structured::Absent {
        return None;
    }
    let mut schema = match declaration.output_without(hidden).into_owned() {
        Value::Bool(_) => json!({}),
        schema => schema,
    };
    spell_out(&mut schema);
    if wraps(declaration, revision) {
        schema = wrapped(schema);
    }
    compact(&mut schema);
    Some(schema)
}

/// The schema of `{"result": …}`. Definitions stay at the root, where references look for them.
fn wrapped(mut schema: Value) -> Value {
    let definitions = schema.as_object_mut().and_then(|schema| schema.remove("$defs"));
    redirect(&mut schema);
    let mut root = json!({"type": "object", "properties": {"result": schema}, "required": ["result"]});
    if let Some(mut definitions) = definitions {
        definitions.as_object_mut().into_iter().flat_map(Map::values_mut).for_each(redirect);
        root["$defs"] = definitions;
    }
    root
}

/// A reference to the root now means the member `result`.
fn redirect(schema: &mut Value) {
    if let Some(Value::String(target)) = schema.get_mut("$ref").filter(|target| *target == "#") {
        *target = "#/properties/result".to_owned();
    }
    each_subschema_mut(schema, redirect);
}

/// `true` and `false` as schemas of properties, spelled as objects: older revisions know no others.
fn spell_out(schema: &mut Value) {
    let properties = schema.get_mut("properties").and_then(Value::as_object_mut);
    for property in properties.into_iter().flat_map(Map::values_mut) {
        match property {
            Value::Bool(true) => *property = json!({}),
            Value::Bool(false) => *property = json!({"not": {}}),
            _ => {}
        }
    }
}

/// The keyword that says of a property that a header repeats it; `properties` alone lead to one.
fn without_headers(schema: &mut Value) {
    let Value::Object(members) = schema else { return };
    members.remove("x-mcp-header");
    let properties = members.get_mut("properties").and_then(Value::as_object_mut);
    properties.into_iter().flat_map(Map::values_mut).for_each(without_headers);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrapped_schema_keeps_its_references() {
        let list = json!({
            "type": "array",
            "items": {"anyOf": [{"$ref": "#/$defs/Node"}, {"$ref": "#"}, {"const": {"$ref": "#"}}]},
            "$defs": {"Node": {"type": "object", "properties": {"all": {"$ref": "#"}}}},
        });
        assert_eq!(
            wrapped(list),
            json!({
                "type": "object",
                "properties": {"result": {
                    "type": "array",
                    "items": {"anyOf": [
                        {"$ref": "#/$defs/Node"},
                        {"$ref": "#/properties/result"},
                        {"const": {"$ref": "#"}},
                    ]},
                }},
                "required": ["result"],
                "$defs": {"Node": {"type": "object", "properties": {"all": {"$ref": "#/properties/result"}}}},
            })
        );
    }

    #[test]
    fn properties_are_objects() {
        let mut schema = json!({"properties": {"a": true, "b": false, "c": {"type": "null"}}});
        spell_out(&mut schema);
        assert_eq!(schema, json!({"properties": {"a": {}, "b": {"not": {}}, "c": {"type": "null"}}}));
    }
}
