//! Reads a body whole, within a limit and a deadline. actix has neither for a body that comes slowly.

use crate::{refusal::Refusal, settings::HttpSettings};
use actix_web::{
    HttpRequest,
    http::{
        StatusCode,
        header::{CONTENT_LENGTH, TRANSFER_ENCODING},
    },
    web::Payload,
};
use bytes::{Bytes, BytesMut};
use diptych_spec::Error;
use futures_util::StreamExt as _;

/// Whether the request has a body (RFC 9112, section 6).
pub(crate) fn is_there(request: &HttpRequest) -> bool {
    request.headers().contains_key(TRANSFER_ENCODING) || declared(request).is_some_and(|length| length > 0)
}

/// The body. The limit holds for what was announced and for what arrives.
pub(crate) async fn read(
    settings: &HttpSettings,
    request: &HttpRequest,
    payload: Payload,
) -> Result<Bytes, Refusal> {
    let limit = settings.body_limit;
    if declared(request).is_some_and(|length| length > limit as u64) {
        return Err(too_large(limit));
    }
    let arrived = tokio::time::timeout(settings.body_deadline, collect(payload, limit)).await;
    arrived.unwrap_or_else(|_| {
        let detail = format!("the body did not arrive within {:?}", settings.body_deadline);
        Err(Refusal::http(StatusCode::REQUEST_TIMEOUT, "body_timeout", detail).closing())
    })
}

async fn collect(mut payload: Payload, limit: usize) -> Result<Bytes, Refusal> {
    let mut body = BytesMut::new();
    let mut only = Bytes::new();
    while let Some(chunk) = payload.next().await {
        let chunk = chunk.map_err(|_| Error::bad_request("the body ended before it was complete"))?;
        if only.len() + body.len() + chunk.len() > limit {
            return Err(too_large(limit));
        }
        if only.is_empty() && body.is_empty() {
            // Most bodies come in one piece, which is then not copied.
            only = chunk;
        } else {
            body.extend_from_slice(&std::mem::take(&mut only));
            body.extend_from_slice(&chunk);
        }
    }
    Ok(if body.is_empty() { only } else { body.freeze() })
}

fn declared(request: &HttpRequest) -> Option<u64> {
    request.headers().get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

fn too_large(limit: usize) -> Refusal {
    let detail = format!("the body is longer than {limit} bytes");
    Refusal::http(StatusCode::PAYLOAD_TOO_LARGE, "body_too_large", detail).closing()
}
