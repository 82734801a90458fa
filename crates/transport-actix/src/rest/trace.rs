//! The span of a REST request, with the fields of OpenTelemetry's semantic conventions for HTTP servers.
//!
//! A path with variables has arguments in it, and is not told; its route is. Neither is the query, nor what is the client's
//! own to choose: its host, its user agent, a method that nobody serves.

use super::route::Found;
use crate::edge::local;
use actix_web::{HttpRequest, HttpResponse};
use diptych_pipeline::{Operation, TRACE_TARGET, TraceContext};
use diptych_spec::Method;
use std::borrow::Cow;
use tracing::{Span, debug_span, field::Empty};

/// The span of a request, in the trace that its headers name.
pub(super) fn request(request: &HttpRequest) -> Span {
    let method = method(request);
    let span = debug_span!(
        target: TRACE_TARGET,
        "request",
        otel.name = method.unwrap_or("HTTP"),
        otel.kind = "server",
        http.request.method = method.unwrap_or("_OTHER"),
        http.route = Empty,
        http.response.status_code = Empty,
        url.scheme = if local::is_tls(request) { "https" } else { "http" },
        url.path = Empty,
        network.protocol.name = "http",
        network.protocol.version = version(request),
        error.type = Empty,
        otel.status_code = Empty,
        diptych.operation = Empty,
        diptych.error.code = Empty,
    );
    if !span.is_disabled() {
        diptych_pipeline::adopt(&span, TraceContext::read(|name| joined(request, name)).as_ref());
    }
    span
}

/// Says which route the current request took.
pub(super) fn routed(request: &HttpRequest, prefix: &str, found: &Found<'_>, operation: &Operation) {
    let span = Span::current();
    if span.is_disabled() {
        return;
    }
    let route = format!("{prefix}{}", found.template);
    diptych_pipeline::rename(&span, format!("{} {route}", method(request).unwrap_or("HTTP")));
    span.record("http.route", &*route);
    span.record("diptych.operation", operation.declaration().name());
    if found.variables.is_empty() {
        span.record("url.path", &*route);
    }
}

/// Says what the request was answered with. Only a fault of the server is an error to it.
pub(super) fn answered(span: &Span, response: &HttpResponse) {
    if span.is_disabled() {
        return;
    }
    let status = response.status();
    span.record("http.response.status_code", i64::from(status.as_u16()));
    if status.is_server_error() {
        span.record("error.type", status.as_str()).record("otel.status_code", "ERROR");
    }
}

/// The method, if it is one that can be served.
fn method(request: &HttpRequest) -> Option<&'static str> {
    let name = request.method().as_str();
    let served = [Method::Get, Method::Post, Method::Put, Method::Patch, Method::Delete].map(Method::as_str);
    served.into_iter().chain(["HEAD", "OPTIONS"]).find(|served| *served == name)
}

fn version(request: &HttpRequest) -> &'static str {
    use actix_web::http::Version;
    match request.version() {
        Version::HTTP_10 => "1.0",
        Version::HTTP_2 => "2",
        _ => "1.1",
    }
}

/// The values of a header field that is a list (RFC 9110, section 5.3).
fn joined<'r>(request: &'r HttpRequest, name: &'static str) -> Option<Cow<'r, str>> {
    let values: Vec<&str> = request.headers().get_all(name).map(|value| value.to_str().ok()).collect::<Option<_>>()?;
    match values[..] {
        [] => None,
        [value] => Some(value.trim().into()),
        _ => Some(values.join(",").into()),
    }
}
