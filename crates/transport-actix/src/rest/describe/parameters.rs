//! The arguments of an operation that are not in its body: variables of the path, and the query.

use super::{
    components::{Components, Definitions},
    texts,
};
use diptych_spec::{Argument, Declaration, OperationKind, Owner, Template};
use serde_json::{Value, json};

/// The parameter objects: those of the path in its order, then the query. `shown` are the names of the path's variables in
/// the document.
pub(super) fn describe(
    declaration: &Declaration,
    path: &Template,
    shown: &[String],
    components: &mut Components,
) -> Vec<Value> {
    let table = declaration.arguments();
    let mut named = table.definitions();
    named.insert("#".to_owned(), table.schema());
    named.values_mut().for_each(texts::describe);
    let root = format!("{}.arguments", declaration.name());
    let definitions = Definitions { named: &named, root: &root };
    let mut described = Vec::new();
    for (variable, name) in path.variables().zip(shown) {
        if let Some(argument) = table.argument(variable) {
            described.push(parameter(argument, name, "path", &definitions, components));
        }
    }
    let in_body = |argument: &Argument| argument.owner == Owner::Input && declaration.kind() == OperationKind::Service;
    let in_path = |argument: &Argument| path.variables().any(|variable| variable == argument.name);
    let in_query = |argument: &&Argument| !in_body(argument) && !in_path(argument) && argument.owner != Owner::Version;
    for argument in table.arguments().iter().filter(in_query) {
        described.push(parameter(argument, &argument.name, "query", &definitions, components));
    }
    // Header fields of HTTP that may be left out are described with the answers that they lead to. Listed here, they would be sent with
    // texts that are made up, and the refusal of a key that was used or of a version that never was taken for a mistake of this document.
    if declaration.idempotency().is_required() {
        described.push(idempotency_key(components));
    }
    if declaration.requires_version() {
        described.push(if_match(components));
    }
    described
}

/// The header of the draft: a string in quotes or bare.
fn idempotency_key(components: &mut Components) -> Value {
    let description = "1 to 255 visible ASCII characters, such as a UUID, new for each new request. Sent again with it, the same request is not done twice: it gets the answer of the first time, with `Idempotent-Replayed: true`.";
    components.parameter(
        "RequiredIdempotencyKey",
        json!({"name": "Idempotency-Key", "in": "header", "required": true, "description": description, "schema": {"type": "string", "pattern": KEY}}),
    )
}

/// What a client has read, and changes only while it is that.
fn if_match(components: &mut Components) -> Value {
    let description = "The `ETag` of the answer that was read, or its `version` in quotes. If the row has changed since, nothing is done, and the answer is 412. `*` stands for any version.";
    components.parameter(
        "RequiredIfMatch",
        json!({"name": "If-Match", "in": "header", "required": true, "description": description, "schema": {"type": "string", "pattern": TAGS}}),
    )
}

/// `*`, or entity tags (RFC 9110, section 8.8.3).
const TAGS: &str = r#"^(\*|(W/)?"[!#-~]*"( *, *(W/)?"[!#-~]*")*)$"#;

/// A key as it is, or as a string in quotes (RFC 9651, section 3.3.3).
const KEY: &str = r#"^([!#-~][!-~]{0,254}|"([!#-\[\]-~]|\\["\\]){1,255}")$"#;

fn parameter(
    argument: &Argument,
    name: &str,
    place: &str,
    definitions: &Definitions<'_>,
    components: &mut Components,
) -> Value {
    let mut schema = argument.schema.clone();
    let description = schema.as_object_mut().and_then(|schema| schema.remove("description"));
    let mut described = json!({"name": name, "in": place, "required": argument.required || place == "path"});
    if let Some(description) = description {
        described["description"] = description;
    }
    let is_object = schema.get("type").is_some_and(|ty| ty == "object");
    texts::describe(&mut schema);
    let schema = components.adopt_with(schema, definitions);
    if is_object {
        // Written as JSON text.
        described["content"] = json!({"application/json": {"schema": schema}});
        return described;
    }
    described["schema"] = schema;
    if argument.repeated && place == "query" {
        described["style"] = json!("form");
        described["explode"] = json!(true);
    }
    described
}
