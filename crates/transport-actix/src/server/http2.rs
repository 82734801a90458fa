//! HTTP/2 (RFC 9113). actix has a dispatcher of its own, which bounds neither the streams of a connection nor their headers, and
//! lets a call run on whose stream was reset; see ADR 0022.
//!
//! All streams of a connection are answered in the task of the connection: when it ends, so do they.

use super::{
    connection::{Serving, Stream},
    socket::PROGRESS,
};
use crate::refusal::Refusal;
use actix_http::{
    Payload, Request, Response,
    body::{BodySize, BoxBody, MessageBody as _},
    error::PayloadError,
};
use actix_service::Service;
use actix_web::{
    HttpResponse,
    dev::ServiceResponse,
    http::{
        Method, StatusCode, Uri, Version,
        header::{CONTENT_LENGTH, COOKIE, DATE, HOST, HeaderName, HeaderValue, HttpDate, TRANSFER_ENCODING},
    },
};
use bytes::Bytes;
use futures_util::{
    StreamExt as _,
    stream::{self, FuturesUnordered},
};
use h2::{
    Reason, RecvStream, SendStream,
    server::{Builder, SendResponse},
};
use std::{
    future::poll_fn,
    net::SocketAddr,
    pin::pin,
    time::{Duration, SystemTime},
};
use tokio::time::Instant;

/// Streams that a client may have open on a connection.
const STREAMS: u32 = 100;
/// The header fields of a request, unpacked, in bytes; and their number, which is that of HTTP/1.1.
const HEADERS: u32 = 64 * 1024;
const FIELDS: usize = 96;
/// What a client may send ahead of being read, on a stream and on a connection.
const STREAM_WINDOW: u32 = 256 * 1024;
const WINDOW: u32 = 1024 * 1024;
/// What waits to be written on a stream.
const UNSENT: usize = 64 * 1024;
/// Streams that a client reset before they were begun, and that the server reset for mistakes; with more, the connection is
/// closed (CVE-2023-44487, CVE-2025-8671).
const RESET: usize = 20;
const MISTAKES: usize = 100;
/// How long a connection that was told to end has for it.
const END: Duration = Duration::from_secs(1);

/// Serves a connection to its end.
pub(super) async fn serve<A>(serving: &Serving, stream: Stream, peer: Option<SocketAddr>, app: &A)
where
    A: Service<Request, Response = ServiceResponse, Error = HttpResponse>,
{
    let settings = &serving.settings;
    let mut builder = Builder::new();
    builder
        .max_concurrent_streams(STREAMS)
        .max_header_list_size(HEADERS)
        .initial_window_size(STREAM_WINDOW)
        .initial_connection_window_size(WINDOW)
        .max_send_buffer_size(UNSENT)
        .max_pending_accept_reset_streams(RESET)
        .max_local_error_reset_streams(Some(MISTAKES));
    let handshake = builder.handshake::<_, Bytes>(stream);
    let Ok(Ok(mut connection)) = tokio::time::timeout(settings.head_deadline, handshake).await else {
        return;
    };
    let mut streams = FuturesUnordered::new();
    let mut stopping = pin!(serving.stopping.cancelled());
    let mut ending = false;
    loop {
        let idle = streams.is_empty();
        tokio::select! {
            biased;
            () = &mut stopping, if !ending => {
                connection.graceful_shutdown();
                ending = true;
            }
            accepted = connection.accept() => match accepted {
                Some(Ok((request, respond))) => streams.push(answer(request, respond, peer, app, settings.write_deadline)),
                _ => return,
            },
            Some(()) = streams.next(), if !idle => {}
            () = tokio::time::sleep(if ending { END } else { settings.keep_alive }), if idle => {
                if ending {
                    return;
                }
                connection.graceful_shutdown();
                ending = true;
            }
        }
    }
}

/// Answers a stream. When the client resets it, the call is dropped, as at the disconnect of HTTP/1.1.
async fn answer<A>(
    request: http::Request<RecvStream>,
    mut respond: SendResponse<Bytes>,
    peer: Option<SocketAddr>,
    app: &A,
    deadline: Duration,
) where
    A: Service<Request, Response = ServiceResponse, Error = HttpResponse>,
{
    let is_head = request.method() == http::Method::HEAD;
    let response: Response<BoxBody> = match read(request, peer) {
        Ok(request) => tokio::select! {
            biased;
            _ = poll_fn(|context| respond.poll_reset(context)) => return,
            response = app.call(request) => match response {
                Ok(response) => response.into(),
                Err(response) => response.into(),
            },
        },
        Err(refusal) => refusal.response().into(),
    };
    let (head, body) = response.into_parts();
    let Some(mut written) = write(&head, body.size()) else { return };
    let is_empty = is_head || body.size().is_eof();
    if written.status() == http::StatusCode::NO_CONTENT || written.status() == http::StatusCode::NOT_MODIFIED {
        written.headers_mut().remove(http::header::CONTENT_LENGTH);
    }
    let Ok(mut stream) = respond.send_response(written, is_empty) else { return };
    if is_empty {
        return;
    }
    let mut body = pin!(body);
    loop {
        let part = tokio::select! {
            biased;
            _ = poll_fn(|context| stream.poll_reset(context)) => return,
            part = poll_fn(|context| body.as_mut().poll_next(context)) => part,
        };
        match part {
            Some(Ok(part)) => {
                if send(&mut stream, part, deadline).await.is_none() {
                    return;
                }
            }
            Some(Err(_)) => return stream.send_reset(Reason::INTERNAL_ERROR),
            None => {
                let _ = stream.send_data(Bytes::new(), true);
                return;
            }
        }
    }
}

/// Sends as the client makes room; `None` when it is gone, or has taken too little for too long.
async fn send(stream: &mut SendStream<Bytes>, mut part: Bytes, deadline: Duration) -> Option<()> {
    let (mut taken, mut end) = (0, Instant::now() + deadline);
    while !part.is_empty() {
        stream.reserve_capacity(part.len().min(PROGRESS));
        let Ok(room) = tokio::time::timeout_at(end, poll_fn(|context| stream.poll_capacity(context))).await else {
            stream.send_reset(Reason::CANCEL);
            return None;
        };
        let next = part.split_to(part.len().min(room?.ok()?));
        taken += next.len();
        if taken >= PROGRESS {
            (taken, end) = (0, Instant::now() + deadline);
        }
        stream.send_data(next, false).ok()?;
    }
    Some(())
}

/// The request as actix has it.
fn read(request: http::Request<RecvStream>, peer: Option<SocketAddr>) -> Result<Request, Refusal> {
    let wrong = |status, code, detail: &'static str| Refusal::http(status, code, detail);
    let malformed = || wrong(StatusCode::BAD_REQUEST, "bad_request", "the request is malformed");
    let (parts, body) = request.into_parts();
    if parts.method == http::Method::CONNECT {
        return Err(wrong(StatusCode::NOT_IMPLEMENTED, "not_implemented", "this server is no proxy"));
    }
    // Browsers send each cookie in a field of its own; outside HTTP/2 they are one (RFC 9113, section 8.2.3).
    let cookies: Vec<_> = parts.headers.get_all(http::header::COOKIE).iter().map(http::HeaderValue::as_bytes).collect();
    if parts.headers.len() - cookies.len().saturating_sub(1) > FIELDS {
        let status = StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE;
        return Err(wrong(status, "too_many_fields", "the request has too many header fields"));
    }
    // Two names for one server (RFC 9113, section 8.3.1), or none.
    let mut hosts = parts.headers.get_all(http::header::HOST).iter().map(http::HeaderValue::as_bytes);
    let agrees = match (parts.uri.authority(), hosts.next()) {
        (None, None) => false,
        (Some(authority), Some(host)) => host.eq_ignore_ascii_case(authority.as_str().as_bytes()),
        _ => true,
    };
    if !agrees || hosts.next().is_some() {
        return Err(malformed());
    }
    let is_whole = body.is_end_stream();
    let mut own = Request::with_payload(if is_whole { Payload::None } else { payload(body) });
    let head = own.head_mut();
    head.version = Version::HTTP_2;
    head.peer_addr = peer;
    head.method = Method::from_bytes(parts.method.as_str().as_bytes()).map_err(|_| malformed())?;
    head.uri = parts.uri.to_string().parse::<Uri>().map_err(|_| malformed())?;
    for (name, value) in &parts.headers {
        let name = HeaderName::from_bytes(name.as_str().as_bytes()).map_err(|_| malformed())?;
        head.headers.append(name, HeaderValue::from_bytes(value.as_bytes()).map_err(|_| malformed())?);
    }
    if cookies.len() > 1 {
        head.headers.insert(COOKIE, HeaderValue::from_bytes(&cookies.join(&b"; "[..])).map_err(|_| malformed())?);
    }
    if let (false, Some(authority)) = (head.headers.contains_key(HOST), parts.uri.authority()) {
        let host = HeaderValue::from_str(authority.as_str()).map_err(|_| malformed())?;
        head.headers.insert(HOST, host);
    }
    // In HTTP/2 a body needs no length. This is how the rest of the server is told that there is one; clients cannot send the
    // field themselves (section 8.2.2).
    if !is_whole && !head.headers.contains_key(CONTENT_LENGTH) {
        head.headers.insert(TRANSFER_ENCODING, HeaderValue::from_static("chunked"));
    }
    Ok(own)
}

fn payload(body: RecvStream) -> Payload {
    let parts = stream::unfold(body, |mut body| async move {
        let part = body.data().await?;
        let read = part.map_err(|_| PayloadError::Incomplete(None)).inspect(|part| {
            // What is read makes room for more.
            let _ = body.flow_control().release_capacity(part.len());
        });
        Some((read, body))
    });
    Payload::Stream { payload: Box::pin(parts) }
}

/// The head as HTTP/2 has it, without what is about connections (section 8.2.2).
fn write(head: &Response<()>, size: BodySize) -> Option<http::Response<()>> {
    let mut written = http::Response::new(());
    *written.status_mut() = http::StatusCode::from_u16(head.status().as_u16()).ok()?;
    let headers = written.headers_mut();
    for (name, value) in head.headers() {
        if matches!(name.as_str(), "connection" | "transfer-encoding" | "keep-alive" | "upgrade" | "proxy-connection") {
            continue;
        }
        let name = http::HeaderName::from_bytes(name.as_str().as_bytes()).ok()?;
        headers.append(name, http::HeaderValue::from_bytes(value.as_bytes()).ok()?);
    }
    if let BodySize::Sized(length) = size {
        headers.insert(http::header::CONTENT_LENGTH, length.into());
    }
    if !head.headers().contains_key(DATE) {
        let now = HttpDate::from(SystemTime::now()).to_string();
        headers.insert(http::header::DATE, http::HeaderValue::from_str(&now).ok()?);
    }
    Some(written)
}
