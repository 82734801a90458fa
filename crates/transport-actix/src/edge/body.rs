//! Reads a body whole, within a limit and a deadline. actix has neither for a body that comes slowly, and waits without end
//! for the rest of a chunked one that nobody reads; see [`held`].

use crate::{refusal::Refusal, settings::HttpSettings};
use actix_web::{
    HttpRequest, HttpResponse,
    body::{BodySize, BoxBody, MessageBody},
    http::{
        StatusCode,
        header::{CONTENT_ENCODING, CONTENT_LENGTH, TRANSFER_ENCODING},
    },
    web::Payload,
};
use bytes::{Bytes, BytesMut};
use diptych_spec::Error;
use futures_util::StreamExt as _;
use std::{
    pin::Pin,
    task::{Context, Poll},
};

/// Whether the request has a body (RFC 9112, section 6).
pub(crate) fn is_there(request: &HttpRequest) -> bool {
    request.headers().contains_key(TRANSFER_ENCODING) || declared(request).is_some_and(|length| length > 0)
}

/// Whether it comes as it is. Nothing is unpacked: a small body could become a large one.
pub(crate) fn is_plain(request: &HttpRequest) -> bool {
    request.headers().get_all(CONTENT_ENCODING).all(|value| value.as_bytes() == b"identity")
}

/// The body. The limit holds for what was announced and for what arrives.
pub(crate) async fn read(
    settings: &HttpSettings,
    request: &HttpRequest,
    payload: &mut Payload,
) -> Result<Bytes, Refusal> {
    read_up_to(settings.body_limit, settings, request, payload).await
}

/// The body, within a limit of its own.
pub(crate) async fn read_up_to(
    limit: usize,
    settings: &HttpSettings,
    request: &HttpRequest,
    payload: &mut Payload,
) -> Result<Bytes, Refusal> {
    if declared(request).is_some_and(|length| length > limit as u64) {
        return Err(too_large(limit));
    }
    let arrived = tokio::time::timeout(settings.body_deadline, collect(payload, limit)).await;
    arrived.unwrap_or_else(|_| {
        let detail = format!("the body did not arrive within {:?}", settings.body_deadline);
        Err(Refusal::http(StatusCode::REQUEST_TIMEOUT, "body_timeout", detail).closing())
    })
}

async fn collect(payload: &mut Payload, limit: usize) -> Result<Bytes, Refusal> {
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

/// The response, which keeps what is left of the body until it is sent. When the body was dropped before, actix (3.20 of
/// its HTTP part) would read a chunked one to its end, however long that takes, instead of closing the connection.
pub(crate) fn held(response: HttpResponse, request: &HttpRequest, payload: Payload) -> HttpResponse {
    if !is_there(request) {
        return response;
    }
    response.map_body(|_, body| holding(body, payload))
}

/// The body, which keeps something until it is sent or dropped.
pub(crate) fn holding(body: BoxBody, held: impl Unpin + 'static) -> BoxBody {
    BoxBody::new(Holding { body, _held: held })
}

struct Holding<T> {
    body: BoxBody,
    _held: T,
}

impl<T: Unpin> MessageBody for Holding<T> {
    type Error = <BoxBody as MessageBody>::Error;

    fn size(&self) -> BodySize {
        self.body.size()
    }

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Bytes, Self::Error>>> {
        Pin::new(&mut self.body).poll_next(context)
    }
}

fn declared(request: &HttpRequest) -> Option<u64> {
    request.headers().get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

fn too_large(limit: usize) -> Refusal {
    let detail = format!("the body is longer than {limit} bytes");
    Refusal::http(StatusCode::PAYLOAD_TOO_LARGE, "body_too_large", detail).closing()
}
