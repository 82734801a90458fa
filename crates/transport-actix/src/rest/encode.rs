//! From an outcome to a response. The JSON is sent as it was encoded, and read only to find the `Location`.

use actix_web::{
    HttpResponse,
    http::{StatusCode, header::LOCATION},
};
use diptych_pipeline::Outcome;
use diptych_spec::{Declaration, Template};
use serde_json::value::RawValue;
use std::collections::HashMap;

/// The response, for an operation mounted under `mount`.
pub(super) fn response(declaration: &Declaration, mount: &str, outcome: Outcome) -> HttpResponse {
    let status = StatusCode::from_u16(declaration.status()).unwrap_or(StatusCode::OK);
    let mut response = HttpResponse::build(status);
    if let Some(path) = declaration.creates().and_then(|created| location(created, outcome.json())) {
        response.insert_header((LOCATION, format!("{mount}{path}")));
    }
    if declaration.is_empty() {
        return response.finish();
    }
    response.content_type("application/json");
    response.body(outcome.into_bytes())
}

/// The path of what was created; `None` when a field that it needs is null.
fn location(created: &Template, json: &str) -> Option<String> {
    let fields: HashMap<String, &RawValue> = serde_json::from_str(json).ok()?;
    created.expand(|name| match fields.get(name)?.get() {
        "null" => None,
        text if text.starts_with('"') => serde_json::from_str(text).ok(),
        other => Some(other.to_owned()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_location_is_made_of_fields() {
        let created = Template::parse("/notes/{kind}/{id}").unwrap();
        for (json, expected) in [
            (r#"{"id": 7, "kind": "a b/c", "big": [1]}"#, Some("/notes/a%20b%2Fc/7")),
            (r#"{"id": null, "kind": "a"}"#, None),
            (r#"{"kind": "a"}"#, None),
            ("[]", None),
        ] {
            assert_eq!(location(&created, json).as_deref(), expected, "{json}");
        }
    }
}
