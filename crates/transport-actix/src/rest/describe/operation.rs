//! One operation under one route.

use super::{components::Components, parameters, responses, texts};
use diptych_spec::{Declaration, OperationKind, Owner, Route};
use serde_json::{Value, json};

/// Its own tags, or the part of its name before the first dot.
pub(super) fn tags(declaration: &Declaration) -> Vec<&str> {
    match declaration.tags() {
        [] => vec![declaration.name().split('.').next().unwrap_or_default()],
        tags => tags.iter().map(|tag| &**tag).collect(),
    }
}

/// The operation object. `shown` are the names of the path's variables in the document; `index` tells the routes of an
/// operation apart.
pub(super) fn describe(
    declaration: &Declaration,
    route: &Route,
    shown: &[String],
    index: usize,
    components: &mut Components,
) -> Value {
    let id = match index {
        0 => declaration.name().to_owned(),
        _ => format!("{}-{}", declaration.name(), index + 1),
    };
    let mut described = json!({
        "operationId": id,
        "tags": tags(declaration),
        "summary": summary(declaration),
    });
    if !declaration.description().is_empty() {
        described["description"] = json!(declaration.description());
    }
    described["security"] = security(declaration);
    let parameters = parameters::describe(declaration, &route.path, shown, components);
    if !parameters.is_empty() {
        described["parameters"] = parameters.into();
    }
    if let Some(body) = request_body(declaration, components) {
        described["requestBody"] = body;
    }
    described["responses"] = responses::describe(declaration, &route.path, components);
    described
}

/// Whether the operation takes a body.
pub(super) fn takes_body(declaration: &Declaration) -> bool {
    let input = declaration.arguments().arguments().iter().any(|argument| argument.owner == Owner::Input);
    declaration.kind() == OperationKind::Service && input
}

fn summary(declaration: &Declaration) -> &str {
    let sentence = || {
        let text = declaration.description();
        let paragraph = text.split("\n\n").next().unwrap_or_default().trim();
        let end = paragraph.find(". ").or_else(|| paragraph.find(".\n"));
        end.map_or_else(|| paragraph.trim_end_matches('.'), |end| &paragraph[..end])
    };
    let summary = declaration.title().unwrap_or_else(sentence);
    if summary.is_empty() { declaration.name() } else { summary }
}

/// Everybody may call an open operation, and a signed-in caller is still known to it.
fn security(declaration: &Declaration) -> Value {
    let Some(permission) = declaration.permission() else {
        return json!([{"bearer": []}]);
    };
    if permission.is_open() {
        return json!([{}, {"bearer": []}]);
    }
    // Each set of scopes is a way in.
    permission.alternatives().iter().map(|scopes| json!({"bearer": scopes})).collect()
}

/// An item that is not valid is no reason to refuse the others, so the request as a whole is right all the same.
fn take_any_item(schema: &mut Value) {
    if let Some(item) = schema.pointer_mut("/properties/items/items") {
        let why = "Anything else: it is not done, and answered with what is wrong with it, while the others are done.";
        *item = json!({"anyOf": [item.take(), {"type": "object", "description": why, "additionalProperties": true}]});
    }
}

fn request_body(declaration: &Declaration, components: &mut Components) -> Option<Value> {
    if !takes_body(declaration) {
        return None;
    }
    let mut schema = declaration.arguments().schema_of(|owner| owner == Owner::Input);
    texts::describe(&mut schema);
    // Behind that: what is wrong with its texts is answered with the item, too.
    if declaration.is_per_item() {
        take_any_item(&mut schema);
    }
    let required = schema.get("required").is_some() || schema.get("oneOf").is_some();
    let schema = components.adopt(schema, &format!("{}.input", declaration.name()));
    Some(json!({"required": required, "content": {"application/json": {"schema": schema}}}))
}
