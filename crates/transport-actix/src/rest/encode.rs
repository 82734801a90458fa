//! From an outcome to a response. JSON is sent as it was encoded, and read only to find the `Location`. Text and bytes of a media
//! type of their own are read out of it.

use actix_web::{
    HttpResponse,
    http::{
        StatusCode,
        header::{LOCATION, X_CONTENT_TYPE_OPTIONS},
    },
};
use diptych_pipeline::Outcome;
use diptych_spec::{Blob, Declaration, Form};
use std::borrow::Cow;

/// The response, for an operation mounted under `mount`.
pub(super) fn response(declaration: &Declaration, mount: &str, outcome: Outcome) -> HttpResponse {
    let status = StatusCode::from_u16(declaration.status()).unwrap_or(StatusCode::OK);
    let mut response = HttpResponse::build(status);
    if let Some(path) = declaration.creates().and_then(|created| created.fill(outcome.json())) {
        response.insert_header((LOCATION, format!("{mount}{path}")));
    }
    if declaration.is_empty() {
        return response.finish();
    }
    let form = declaration.form();
    response.content_type(&*content_type(form));
    if matches!(form, Form::Text(_) | Form::Blob(_)) {
        // A browser that is shown it takes it for what it is declared as, whatever is in it (WHATWG Fetch).
        response.insert_header((X_CONTENT_TYPE_OPTIONS, "nosniff"));
    }
    match form {
        Form::Json | Form::Contents => response.body(outcome.into_bytes()),
        // Both are what the pipeline encoded, so they are read.
        Form::Text(_) => response.body(serde_json::from_str::<String>(outcome.json()).unwrap_or_default()),
        Form::Blob(_) => response.body(serde_json::from_str::<Blob>(outcome.json()).unwrap_or_default().into_bytes()),
    }
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
