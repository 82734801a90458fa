//! What an operation can answer: its success, and every refusal it can give.

use super::components::Components;
use diptych_spec::{Cardinality, Declaration, ErrorKind, Form, OperationKind, Template};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// A header field of a response: its name and what it says.
type Field = (&'static str, &'static str);

/// The refusals: status, name in `components`, what it means, and the header field that goes with it.
const REFUSALS: &[(u16, &str, &str, Option<Field>)] = &[
    (400, "BadRequest", "The request cannot be read.", None),
    (401, "Unauthenticated", "The credentials are missing or not valid.", CHALLENGE),
    (403, "Forbidden", "The caller may not do this.", CHALLENGE),
    (404, "NotFound", "There is no such thing, or the caller may not know of it.", None),
    (408, "BodyTimeout", "The body did not arrive in time.", None),
    (409, "Conflict", "The state of the data forbids it; `code` tells why.", None),
    (413, "TooLarge", "The request or the answer is larger than the ceiling.", None),
    (415, "UnsupportedMediaType", "The body is not `application/json`.", None),
    (422, "Invalid", "Fields are missing, unknown or wrong; `errors` names each.", None),
    (429, "RateLimited", "Too many calls.", WAIT),
    (500, "Internal", "A fault of the server, logged under `error_id`.", None),
    (
        503,
        "Unavailable",
        "Nothing was done; or, with the code `outcome_unknown`, it is not known whether it was.",
        WAIT,
    ),
    (504, "Deadline", "It took longer than its deadline and was undone.", None),
];

const CHALLENGE: Option<Field> = Some(("WWW-Authenticate", "The credentials to bring (RFC 6750)."));
const WAIT: Option<Field> = Some(("Retry-After", "Seconds to wait."));

/// The responses object.
pub(super) fn describe(declaration: &Declaration, path: &Template, components: &mut Components) -> Value {
    let mut responses = Map::new();
    responses.insert(declaration.status().to_string(), success(declaration, components));
    for (status, codes) in refusals(declaration, path) {
        responses.insert(status.to_string(), refusal(status, &codes, components));
    }
    responses.into()
}

fn success(declaration: &Declaration, components: &mut Components) -> Value {
    let description = match (declaration.status(), declaration.cardinality()) {
        (201, _) => "Created.",
        _ if declaration.is_empty() => "Done; there is nothing to answer.",
        (_, Cardinality::Row) if declaration.allows_none() => "The row, or null.",
        (_, Cardinality::Row) => "The row.",
        (_, Cardinality::List) => "The rows.",
        (_, Cardinality::Value) => "Done.",
    };
    let mut described = json!({"description": description});
    if declaration.creates().is_some() {
        let location = json!({"description": "The path of what was created.", "schema": {"type": "string", "format": "uri-reference"}});
        described["headers"] = json!({"Location": location});
    }
    if !declaration.is_empty() {
        described["content"] = json!({declaration.form().mime_type(): body(declaration, components)});
    }
    described
}

/// The media type object. Bytes have no schema (OpenAPI 3.1.0, section 4.8.14.2).
fn body(declaration: &Declaration, components: &mut Components) -> Value {
    match declaration.form() {
        Form::Blob(_) => json!({}),
        Form::Text(_) => json!({"schema": {"type": "string"}}),
        Form::Json | Form::Contents => {
            let answer = format!("{}.answer", declaration.name());
            json!({"schema": components.adopt(declaration.output().clone(), &answer)})
        }
    }
}

/// Every status that is not success, with the codes that this operation in particular can give.
fn refusals(declaration: &Declaration, path: &Template) -> BTreeMap<u16, Vec<&'static str>> {
    // Any request can be unreadable, carry bad credentials or an unknown query parameter, and meet a fault.
    let mut found: BTreeMap<u16, Vec<&'static str>> =
        [400, 401, 422, 500, 503, 504].into_iter().map(|status| (status, Vec::new())).collect();
    let is_service = declaration.kind() == OperationKind::Service;
    let one_row = declaration.cardinality() == Cardinality::Row && !declaration.allows_none();
    let has_variable = path.variables().next().is_some();
    for (can, statuses) in [
        (!declaration.permission().is_some_and(|permission| permission.is_open()), &[403][..]),
        (declaration.has_target() || has_variable || one_row, &[404]),
        (is_service, &[408, 413, 415]),
        (!declaration.is_empty(), &[413]),
        (is_service, &[409]),
    ] {
        for status in statuses.iter().filter(|_| can) {
            found.entry(*status).or_default();
        }
    }
    for (kind, code) in declaration.errors() {
        found.entry(kind.status()).or_default().push(code);
    }
    found.entry(ErrorKind::Conflict.status()).or_default().extend(declaration.requirements());
    if found.get(&409).is_some_and(|codes| codes.is_empty() && !is_service) {
        found.remove(&409);
    }
    for codes in found.values_mut() {
        let mut known = Vec::new();
        codes.retain(|code| {
            !known.contains(code) && {
                known.push(*code);
                true
            }
        });
    }
    found
}

/// Shared by all operations, unless this one has codes of its own.
fn refusal(status: u16, codes: &[&str], components: &mut Components) -> Value {
    let Some((_, name, meaning, header)) = REFUSALS.iter().find(|(known, ..)| *known == status) else {
        return problem("The operation refuses.", None, components);
    };
    if codes.is_empty() {
        let response = problem(meaning, *header, components);
        return components.response(name, response);
    }
    let codes: Vec<_> = codes.iter().map(|code| format!("`{code}`")).collect();
    problem(&format!("{meaning} Codes of this operation: {}.", codes.join(", ")), *header, components)
}

fn problem(meaning: &str, header: Option<Field>, components: &mut Components) -> Value {
    let mut described = json!({"description": meaning});
    if let Some((name, description)) = header {
        described["headers"] = json!({name: {"description": description, "schema": {"type": "string"}}});
    }
    described["content"] = json!({"application/problem+json": {"schema": components.problem()}});
    described
}
