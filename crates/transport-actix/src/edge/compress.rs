//! Answers as gzip (RFC 1952), where the settings and the client want it.
//!
//! Streams of events are never touched: only bodies that are whole are. Neither is the answer to a request with credentials that
//! a browser adds by itself, cookies or `Basic`: a page elsewhere could have it sent again and again with text of its own
//! choosing, and read secrets out of the lengths (BREACH). A bearer token is in no request that a page does not have it for.

use super::tag;
use crate::settings::HttpSettings;
use actix_web::{
    HttpRequest, HttpResponse,
    body::{BodySize, BoxBody, MessageBody},
    http::{
        StatusCode,
        header::{
            ACCEPT_ENCODING, AUTHORIZATION, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, COOKIE, ETAG, HeaderMap,
            HeaderValue, VARY,
        },
    },
};
use bytes::Bytes;
use flate2::{Compression, write::GzEncoder};
use std::{
    convert::Infallible,
    io::Write as _,
    pin::Pin,
    task::{Context, Poll},
};

/// Shorter bodies are sent as they are.
const WORTH_IT: u64 = 1024;
/// How much is compressed before the worker turns to its other connections: half a millisecond's work.
const PART: usize = 32 * 1024;

/// The answer, compressed if it is to be.
pub(crate) fn encoded(settings: &HttpSettings, request: &HttpRequest, mut response: HttpResponse) -> HttpResponse {
    if settings.compression && response.status() == StatusCode::NOT_MODIFIED {
        // What the client has may have been compressed.
        response.headers_mut().append(VARY, HeaderValue::from_static("Accept-Encoding"));
        return response;
    }
    if !settings.compression || !is_text(response.headers()) {
        return response;
    }
    let is_whole = matches!(response.body().size(), BodySize::Sized(length) if length >= WORTH_IT);
    let may_be = is_whole
        && response.status() != StatusCode::PARTIAL_CONTENT
        && !response.headers().contains_key(CONTENT_ENCODING)
        && !has(response.headers(), CACHE_CONTROL.as_str(), "no-transform");
    if !may_be {
        return response;
    }
    response.headers_mut().append(VARY, HeaderValue::from_static("Accept-Encoding"));
    if has_ambient_credentials(request.headers()) || !takes_gzip(request.headers()) {
        return response;
    }
    response.map_body(|head, body| match body.try_into_bytes() {
        Ok(rest) => {
            head.headers_mut().insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
            rename(head.headers_mut());
            // Level 1: most of the gain, and a third of the time of the usual level.
            BoxBody::new(Gzip { rest, encoder: Some(GzEncoder::new(Vec::new(), Compression::fast())) })
        }
        Err(body) => body,
    })
}

/// A strong entity tag names these very bytes (RFC 9110, section 8.8.1), and compressed they are others.
fn rename(headers: &mut HeaderMap) {
    let tag = headers.get(ETAG).and_then(|tag| tag.to_str().ok()).and_then(tag::compressed);
    if let Some(Ok(tag)) = tag.map(|tag| HeaderValue::from_str(&tag)) {
        headers.insert(ETAG, tag);
    }
}

fn is_text(headers: &HeaderMap) -> bool {
    let Some(kind) = headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()) else {
        return false;
    };
    let essence = kind.split(';').next().unwrap_or_default().trim_ascii();
    essence != "text/event-stream"
        && (essence.starts_with("text/") || essence == "application/json" || essence.ends_with("+json"))
}

fn has_ambient_credentials(headers: &HeaderMap) -> bool {
    let is_bearer = |value: &HeaderValue| {
        let scheme = value.as_bytes().split(|byte| *byte == b' ').next().unwrap_or_default();
        scheme.eq_ignore_ascii_case(b"bearer") || scheme.eq_ignore_ascii_case(b"dpop")
    };
    headers.contains_key(COOKIE) || !headers.get_all(AUTHORIZATION).all(is_bearer)
}

/// Whether `Accept-Encoding` names gzip, or anything, with a weight above zero (RFC 9110, section 12.5.3).
fn takes_gzip(headers: &HeaderMap) -> bool {
    let values = headers.get_all(ACCEPT_ENCODING).filter_map(|value| value.to_str().ok());
    let mut named = None;
    let mut any = None;
    for coding in values.flat_map(|value| value.split(',')) {
        let (name, weight) = coding.split_once(';').unwrap_or((coding, ""));
        let weight = weight.trim_ascii().strip_prefix(['q', 'Q']).and_then(|weight| weight.strip_prefix('='));
        let weight = weight.map_or(Some(1.0), |weight| weight.parse::<f32>().ok());
        let is_wanted = weight.is_some_and(|weight| weight > 0.0);
        match name.trim_ascii() {
            name if name.eq_ignore_ascii_case("gzip") || name.eq_ignore_ascii_case("x-gzip") => named = Some(is_wanted),
            "*" => any = Some(is_wanted),
            _ => {}
        }
    }
    named.or(any).unwrap_or(false)
}

fn has(headers: &HeaderMap, name: &str, directive: &str) -> bool {
    headers.get_all(name).any(|value| value.to_str().is_ok_and(|value| value.contains(directive)))
}

/// A body that is compressed part by part, as it is sent.
struct Gzip {
    rest: Bytes,
    encoder: Option<GzEncoder<Vec<u8>>>,
}

impl MessageBody for Gzip {
    type Error = Infallible;

    fn size(&self) -> BodySize {
        BodySize::Stream
    }

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Bytes, Infallible>>> {
        while let Some(mut encoder) = self.encoder.take() {
            let part = self.rest.len().min(PART);
            let part = self.rest.split_to(part);
            // A Vec takes every byte.
            let _ = encoder.write_all(&part);
            let out = if self.rest.is_empty() {
                encoder.finish().unwrap_or_default()
            } else {
                let out = std::mem::take(encoder.get_mut());
                self.encoder = Some(encoder);
                out
            };
            // The encoder may have kept everything so far.
            if !out.is_empty() {
                return Poll::Ready(Some(Ok(out.into())));
            }
        }
        Poll::Ready(None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gzip_is_taken_or_not() {
        for (accepted, taken) in [
            (&["gzip"] as &[&'static str], true),
            (&["br, GZIP;q=0.5"], true),
            (&["br", "x-gzip"], true),
            (&["*"], true),
            (&["*;q=0"], false),
            (&["gzip;q=0, *"], false),
            (&["gzip;q=0.0"], false),
            (&["gzip;q=x"], false),
            (&["br, deflate"], false),
            (&["identity"], false),
            (&[""], false),
            (&[], false),
        ] {
            let mut headers = HeaderMap::new();
            for value in accepted {
                headers.append(ACCEPT_ENCODING, HeaderValue::from_static(value));
            }
            assert_eq!(takes_gzip(&headers), taken, "{accepted:?}");
        }
    }
}
