//! From the response of a handler to the answer of a tool: JSON as it is, text as a JSON string, everything that is no
//! success as an error that shows its status and, where the handler gave one, its problem (RFC 9457).

use actix_web::{
    body::{self, BoxBody},
    dev::ServiceResponse,
    http::{StatusCode, header},
};
use diptych_spec::{Error, Result};
use serde_json::{Value, json, value::RawValue};

pub(super) async fn answer(response: ServiceResponse<BoxBody>, max_bytes: usize) -> Result<Vec<u8>> {
    let status = response.status();
    let media_type = response.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let media_type = media_type.and_then(|value| value.split(';').next()).unwrap_or_default();
    let media_type = media_type.trim().to_ascii_lowercase();
    let body = body::to_bytes_limited(response.into_body(), max_bytes).await;
    if !status.is_success() {
        let body = body.ok().and_then(Result::ok).unwrap_or_default();
        return Err(refusal(status, &media_type, &body));
    }
    let Ok(body) = body else {
        let detail = format!("the answer is longer than {max_bytes} bytes; ask for less");
        return Err(Error::result_too_large(detail));
    };
    let body = body.map_err(|error| Error::internal(format!("the response broke off: {error}")))?;
    if body.is_empty() {
        return Ok(b"null".to_vec());
    }
    let not_text = |_| Error::internal(format!("the handler answered {media_type}, which is neither JSON nor text"));
    let text = std::str::from_utf8(&body).map_err(not_text)?;
    if media_type == "application/json" || media_type.ends_with("+json") {
        let wrong = |error| Error::internal(format!("the handler said that it answers JSON: {error}"));
        let json: &RawValue = serde_json::from_str(text).map_err(wrong)?;
        return Ok(json.get().into());
    }
    serde_json::to_vec(text).map_err(Error::internal)
}

fn refusal(status: StatusCode, media_type: &str, body: &[u8]) -> Error {
    let said =
        || (media_type == "application/problem+json").then(|| serde_json::from_slice::<Value>(body).ok()).flatten();
    let problem = said().filter(Value::is_object).unwrap_or_else(|| {
        let detail = format!("the handler answered with status {}", status.as_u16());
        let title = status.canonical_reason().unwrap_or("Error");
        json!({"type": "about:blank", "title": title, "status": status.as_u16(), "code": "handler_refused", "detail": detail})
    });
    Error::answered(status.as_u16(), problem.to_string())
}
