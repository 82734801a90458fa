//! From an outcome to a response. JSON is sent as it was encoded, and read only to find the `Location` and the ends
//! of a page. Text and bytes of a media
//! type of their own are read out of it.

use super::{head, idempotency, link, version};
use crate::{quota, shared::Shared};
use actix_web::{
    HttpRequest, HttpResponse,
    http::{
        StatusCode,
        header::{ETAG, LINK, LOCATION, VARY},
    },
};
use diptych_pipeline::Outcome;
use diptych_spec::{Blob, Declaration, Form, OperationKind, Quota};
use std::borrow::Cow;

/// Says that nothing of the call was kept.
const DRY_RUN: &str = "Dry-Run";

/// The response, for an operation mounted under `mount`.
pub(super) fn response(
    shared: &Shared,
    declaration: &Declaration,
    mount: &str,
    request: &HttpRequest,
    outcome: Outcome,
    quotas: &[Quota],
) -> HttpResponse {
    let dry_run = outcome.is_dry_run();
    let tag = version::tag(declaration, outcome.json()).filter(|_| !dry_run);
    let is_read = declaration.kind() == OperationKind::Selector;
    if let Some(known) = tag.as_deref().filter(|_| is_read).and_then(|tag| version::known(request, tag)) {
        return unchanged(known, quotas);
    }
    let status = head::status(declaration, &outcome);
    let mut response = HttpResponse::build(StatusCode::from_u16(status).unwrap_or(StatusCode::OK));
    for field in quota::fields(quotas) {
        response.insert_header(field);
    }
    head::write(shared, request, &outcome, &mut response);
    if let Some(tag) = tag {
        response.insert_header((ETAG, format!("\"{tag}\"")));
    }
    if outcome.is_replay() {
        response.insert_header((idempotency::REPLAYED, "true"));
    }
    if dry_run {
        response.insert_header((DRY_RUN, "true"));
    } else if head::has_location(declaration, status)
        && let Some(path) = declaration.creates().and_then(|created| created.fill(outcome.json()))
    {
        response.insert_header((LOCATION, format!("{mount}{path}")));
    }
    if let Some(link) = link::link(declaration, request.query_string(), outcome.json()) {
        response.insert_header((LINK, link));
    }
    if declaration.streaming().is_some() {
        response.append_header((VARY, "Accept"));
    }
    if declaration.is_empty() {
        return response.finish();
    }
    let form = declaration.form();
    response.content_type(&*content_type(form));
    match form {
        Form::Json | Form::Contents => response.body(outcome.into_bytes()),
        // Both are what the pipeline encoded, so they are read.
        Form::Text(_) => response.body(serde_json::from_str::<String>(outcome.json()).unwrap_or_default()),
        Form::Blob(_) => response.body(serde_json::from_str::<Blob>(outcome.json()).unwrap_or_default().into_bytes()),
    }
}

/// What was read is what the client has (RFC 9110, section 15.4.5).
fn unchanged(known: String, quotas: &[Quota]) -> HttpResponse {
    let mut response = HttpResponse::NotModified();
    for field in quota::fields(quotas) {
        response.insert_header(field);
    }
    response.insert_header((ETAG, known)).finish()
}

/// Text is UTF-8, and says so where the declaration does not.
fn content_type(form: Form<'_>) -> Cow<'_, str> {
    match form {
        Form::Text(mime_type) if mime_type.starts_with("text/") && !mime_type.contains("charset") => {
            format!("{mime_type}; charset=utf-8").into()
        }
        form => form.mime_type().into(),
    }
}
