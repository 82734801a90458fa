//! What an operation can answer: its success, and every refusal it can give.

use super::components::Components;
use crate::rest::{accept, head};
use diptych_spec::{Audience, Cardinality, Declaration, ErrorKind, Form, Hidden, OperationKind, Permission, Template};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// A header field of a response: its name and what it says.
type Field = (&'static str, &'static str);

/// The refusals: status, name in `components`, what it means, and the header fields that go with it.
const REFUSALS: &[(u16, &str, &str, &[Field])] = &[
    (400, "BadRequest", "The request cannot be read.", &[]),
    (401, "Unauthenticated", "The credentials are missing or not valid.", CHALLENGE),
    (403, "Forbidden", "The caller may not do this.", CHALLENGE),
    (404, "NotFound", "There is no such thing, or the caller may not know of it.", &[]),
    (408, "BodyTimeout", "The body did not arrive in time.", &[]),
    (
        409,
        "Conflict",
        "The state of the data forbids it, `code` tells why; or, with the code `in_progress`, the same request is on its way.",
        WAIT,
    ),
    (
        412,
        "PreconditionFailed",
        "The row is not the version that `If-Match` names: it was changed since it was read, and nothing was done.",
        &[],
    ),
    (413, "TooLarge", "The request or the answer is larger than the ceiling.", &[]),
    (414, "TargetTooLong", "The path is longer than the ceiling.", &[]),
    (415, "UnsupportedMediaType", "The body is not `application/json`.", &[]),
    (
        422,
        "Invalid",
        "Fields are missing, unknown or wrong, `errors` names each; or, with the code `idempotency_key_reused`, the key is that of another request.",
        &[],
    ),
    (
        428,
        "PreconditionRequired",
        "The request has to say with `If-Match` which version of the row it is meant for.",
        &[],
    ),
    (429, "RateLimited", "Too many calls, requests or failed logins; `retry_after` says how long to wait.", LIMITED),
    (500, "Internal", "A fault of the server, logged under `error_id`.", &[]),
    (
        503,
        "Unavailable",
        "Nothing was done; or, with the code `outcome_unknown`, it is not known whether it was.",
        WAIT,
    ),
    (504, "Deadline", "It took longer than its deadline and was undone.", &[]),
];

/// The entity tag of an answer.
const TAG: Field = (
    "ETag",
    "The version of the row and a digest of the answer (RFC 9110, section 8.8.3); for `If-Match` and `If-None-Match`.",
);
const CHALLENGE: &[Field] = &[("WWW-Authenticate", "The credentials to bring (RFC 6750).")];
const WAIT: &[Field] = &[("Retry-After", "Seconds to wait.")];
const LIMITED: &[Field] = &[WAIT[0], POLICY, STANDING];
const POLICY: Field = (
    "RateLimit-Policy",
    "The limits: for each its name, `q` calls in `w` seconds (draft-ietf-httpapi-ratelimit-headers).",
);
const STANDING: Field =
    ("RateLimit", "For each limit its name, `r` calls that are left, and `t` seconds until there are more.");

/// The responses object.
pub(super) fn describe(declaration: &Declaration, path: &Template, components: &mut Components) -> Value {
    let mut responses = Map::new();
    let status = declaration.status().to_string();
    let dry_run = declaration.offers_dry_run().then(|| declaration.dry_run_status().to_string());
    if let Some(tried) = dry_run.as_ref().filter(|tried| **tried != status) {
        responses.insert(tried.clone(), would_be(declaration, components));
    }
    responses.insert(status, success(declaration, declaration.status(), None, components));
    for (other, means) in declaration.other_statuses() {
        let described = success(declaration, other, Some(means), components);
        responses.insert(other.to_string(), described);
    }
    if let Some(tried) = dry_run {
        responses[&tried]["headers"]["Dry-Run"] = json!({
            "description": "`true` when it was a dry run, of which nothing was kept.",
            "schema": {"type": "string", "const": "true"},
        });
    }
    if declaration.kind() == OperationKind::Selector && declaration.answers_version() {
        let mut unchanged = json!({"description": "The header `If-None-Match` names the `ETag` of what would be answered: the client has it already."});
        tagged(&mut unchanged);
        responses.insert("304".to_owned(), unchanged);
    }
    for (status, codes) in refusals(declaration, path) {
        responses.insert(status.to_string(), refusal(status, &codes, components));
    }
    responses.into()
}

/// An answer under this status; `means` is what the declaration says of it.
fn success(declaration: &Declaration, status: u16, means: Option<&str>, components: &mut Components) -> Value {
    let usual = match (status, declaration.cardinality()) {
        (201, _) => "Created.",
        (207, _) if declaration.is_per_item() => {
            "What became of each item: `status` and `value` of one that was done, `status` and `problem` of one that was not."
        }
        _ if declaration.is_empty() => "Done; there is nothing to answer.",
        (_, Cardinality::Row) if declaration.allows_none() => "The row, or null.",
        (_, Cardinality::Row) => "The row.",
        (_, Cardinality::List) => "The rows.",
        (_, Cardinality::Value) => "Done.",
    };
    let mut described = json!({"description": means.unwrap_or(usual)});
    if declaration.creates().is_some() && head::has_location(declaration, status) {
        let location = json!({"description": "The path of what was created.", "schema": {"type": "string", "format": "uri-reference"}});
        described["headers"] = json!({"Location": location});
    }
    if declaration.declares_idempotency() {
        let replayed = json!({"description": "`true` where an earlier request with the same header `Idempotency-Key` (1 to 255 visible ASCII characters, new for each new request) got this answer: it was not done again.", "schema": {"type": "boolean"}});
        described["headers"]["Idempotent-Replayed"] = replayed;
    }
    if declaration.answers_version() {
        tagged(&mut described);
    }
    if declaration.list().keyset().is_some() {
        let link = "The pages beside this one, as `next` and `prev` (RFC 8288).";
        described["headers"]["Link"] = json!({"description": link, "schema": {"type": "string"}});
    }
    if !declaration.limits().is_empty() {
        for (name, description) in [POLICY, STANDING] {
            described["headers"][name] = json!({"description": description, "schema": {"type": "string"}});
        }
    }
    for (name, says) in declaration.response_headers() {
        described["headers"][name] = json!({"description": says, "schema": {"type": "string"}});
    }
    let cookies: Vec<_> = declaration.response_cookies().map(|(name, is_for)| format!("`{name}`: {is_for}")).collect();
    if !cookies.is_empty() {
        described["headers"]["Set-Cookie"] = json!({"description": cookies.join("\n\n"), "schema": {"type": "string"}});
    }
    if !declaration.is_empty() {
        described["content"] = json!({declaration.form().mime_type(): body(declaration, components)});
    }
    if let Some(rows) =
        declaration.streaming().and_then(|_| declaration.rows_schema(&declaration.output_for(Audience::People)))
    {
        streamed(&mut described, declaration, rows, components);
    }
    described
}

/// The list whole, in the forms that `Accept` can ask for. Lines of JSON are described as the array of what is on them (as OpenAPI 3.2
/// does, section 4.14.3).
fn streamed(described: &mut Value, declaration: &Declaration, rows: Value, components: &mut Components) {
    let rows = components.adopt(rows, &format!("{}.rows", declaration.name()));
    for name in [accept::NDJSON, accept::JSON_LINES] {
        described["content"][name] = json!({"schema": rows});
    }
    if declaration.csv_columns(Hidden::NOTHING).is_some() {
        described["content"][accept::CSV] = json!({"schema": {"type": "string"}});
        let attachment = "With `text/csv`: the name under which a browser saves it.";
        described["headers"]["Content-Disposition"] = json!({"description": attachment, "schema": {"type": "string"}});
    }
}

fn tagged(response: &mut Value) {
    let (name, description) = TAG;
    response["headers"][name] = json!({"description": description, "schema": {"type": "string"}});
}

/// The answer to `dry_run=true`, where the status of success would say too much.
fn would_be(declaration: &Declaration, components: &mut Components) -> Value {
    let mut described = json!({"description": "A dry run: what would have been answered."});
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
            json!({"schema": components.adopt(declaration.output_for(Audience::People).into_owned(), &answer)})
        }
    }
}

/// Whether everybody may call it, whatever they ask for.
fn is_open(declaration: &Declaration) -> bool {
    declaration.permission().is_some() && declaration.permissions().all(Permission::is_open)
}

/// Every status that is not success, with the codes that this operation in particular can give.
fn refusals(declaration: &Declaration, path: &Template) -> BTreeMap<u16, Vec<&'static str>> {
    // Any request can be unreadable or too long, carry bad credentials or an unknown query parameter, come too often, and meet
    // a fault.
    let mut found: BTreeMap<u16, Vec<&'static str>> =
        [400, 401, 414, 422, 429, 500, 503, 504].into_iter().map(|status| (status, Vec::new())).collect();
    let is_service = declaration.kind() == OperationKind::Service;
    let one_row = declaration.cardinality() == Cardinality::Row && !declaration.allows_none();
    // What refuses one item refuses all of them, unless each is answered for itself.
    let bulk = declaration.bulk().filter(|bulk| !bulk.is_per_item());
    let each = bulk.and_then(|bulk| bulk.item()).map(|item| &**item);
    let has_variable = path.variables().next().is_some();
    for (can, statuses) in [
        // Pages of other origins may not change anything, whoever may call.
        (is_service || declaration.hides_fields() || !is_open(declaration), &[403][..]),
        (declaration.has_target() || each.is_some_and(Declaration::has_target) || has_variable || one_row, &[404]),
        (is_service, &[408, 413, 415]),
        (!declaration.is_empty(), &[413]),
        (is_service, &[409]),
        (declaration.expects_version() || each.is_some_and(Declaration::expects_version), &[412]),
        (declaration.requires_version() || each.is_some_and(Declaration::requires_version), &[428]),
    ] {
        for status in statuses.iter().filter(|_| can) {
            found.entry(*status).or_default();
        }
    }
    for (kind, code) in declaration.errors() {
        found.entry(kind.status()).or_default().push(code);
    }
    if declaration.list().keyset().is_some() {
        found.entry(ErrorKind::BadRequest.status()).or_default().push("cursor");
    }
    if declaration.asks() {
        // Nobody can be asked over REST.
        found.entry(ErrorKind::InputRequired.status()).or_default().push("input_required");
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
        return problem("The operation refuses.", &[], components);
    };
    if codes.is_empty() {
        let response = problem(meaning, header, components);
        return components.response(name, response);
    }
    let codes: Vec<_> = codes.iter().map(|code| format!("`{code}`")).collect();
    problem(&format!("{meaning} Codes of this operation: {}.", codes.join(", ")), header, components)
}

fn problem(meaning: &str, header: &[Field], components: &mut Components) -> Value {
    let mut described = json!({"description": meaning});
    for (name, description) in header {
        described["headers"][name] = json!({"description": description, "schema": {"type": "string"}});
    }
    described["content"] = json!({"application/problem+json": {"schema": components.problem()}});
    described
}
