//! Which pages may read answers (WHATWG Fetch, section 3.2, the CORS protocol).
//!
//! One list says it: a page that may send from another origin, because it is in [`HttpSettings::allowed_origins`], may also read.
//! Loopback origins may send, and read only from a server that authenticates for development: another program's page on the
//! same machine is not the user's consent. Origins are never answered with `*`, and `null` never.

use super::{host, origin};
use crate::{refusal::Refusal, settings::HttpSettings, shared::Shared};
use actix_web::{
    HttpRequest, HttpResponse,
    http::{
        Method, StatusCode,
        header::{
            ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
            ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE,
            ACCESS_CONTROL_REQUEST_HEADERS, ACCESS_CONTROL_REQUEST_METHOD, HeaderMap, HeaderValue, ORIGIN, VARY,
        },
    },
};

/// Header fields that pages may send; and [`PARAMETERS`], and those of the settings.
const SENT: &[&str] = &[
    "accept",
    "accept-language",
    "authorization",
    "baggage",
    "content-language",
    "content-type",
    "idempotency-key",
    "if-match",
    "if-none-match",
    "last-event-id",
    "mcp-method",
    "mcp-name",
    "mcp-protocol-version",
    "mcp-session-id",
    "traceparent",
    "tracestate",
    "x-api-key",
];

/// How the fields begin that repeat arguments of tools (MCP 2026-07-28, basic/transports/streamable-http).
const PARAMETERS: &str = "mcp-param-";

/// Header fields of answers that pages may read.
const READ: &str = "Content-Disposition, Dry-Run, ETag, Idempotent-Replayed, Link, Location, MCP-Protocol-Version, Mcp-Session-Id, \
                    RateLimit, RateLimit-Limit, RateLimit-Policy, RateLimit-Remaining, RateLimit-Reset, Retry-After, traceparent, \
                    WWW-Authenticate";

/// The answer to a preflight; `None` for any other request. Nothing is run for it, and nobody is asked who they are.
///
/// `served` gives the methods at the path, or the refusal of a path where there is nothing.
pub(crate) fn preflight(
    shared: &Shared,
    request: &HttpRequest,
    served: impl FnOnce() -> Result<String, Refusal>,
) -> Option<Result<HttpResponse, Refusal>> {
    let asks = |name| request.headers().contains_key(name);
    if *request.method() != Method::OPTIONS || !asks(ORIGIN) || !asks(ACCESS_CONTROL_REQUEST_METHOD) {
        return None;
    }
    Some(host::check(&shared.settings, request).and_then(|()| {
        if reader(shared, request).is_none() {
            return Err(Refusal::http(
                StatusCode::FORBIDDEN,
                "origin",
                "pages of this Origin may not read answers of this server; if they may, add it to the allowed origins",
            ));
        }
        let mut response = HttpResponse::build(StatusCode::NO_CONTENT);
        response.insert_header((ACCESS_CONTROL_ALLOW_METHODS, served()?));
        let fields = allowed_fields(&shared.settings, request.headers());
        if !fields.is_empty() {
            response.insert_header((ACCESS_CONTROL_ALLOW_HEADERS, fields));
        }
        response.insert_header((ACCESS_CONTROL_MAX_AGE, shared.settings.preflight_age.as_secs()));
        response.append_header((VARY, "Access-Control-Request-Method, Access-Control-Request-Headers"));
        Ok(response.finish())
    }))
}

/// Adds what a browser asks before it hands an answer to a page. Every answer varies by origin, also those without one: a cache
/// must not give what was meant for one to another.
pub(super) fn expose(shared: &Shared, request: &HttpRequest, headers: &mut HeaderMap) {
    headers.append(VARY, HeaderValue::from_static("Origin"));
    let Some(Reader { origin, is_listed }) = reader(shared, request) else {
        headers.remove(ACCESS_CONTROL_EXPOSE_HEADERS);
        return;
    };
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
    // Beside the fields of the answer's own.
    headers.append(ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static(READ));
    if is_listed && shared.settings.cors_credentials {
        headers.insert(ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
    }
}

/// A page of another origin that may read.
struct Reader<'r> {
    origin: &'r HeaderValue,
    is_listed: bool,
}

fn reader<'r>(shared: &Shared, request: &'r HttpRequest) -> Option<Reader<'r>> {
    let origin = origin::of(request).ok()??;
    let text = origin.to_str().ok()?;
    let is_listed = origin::is_listed(&shared.settings, text);
    let may = is_listed || shared.authenticator.is_for_development() && origin::is_loopback(text);
    may.then_some(Reader { origin, is_listed })
}

/// Those of the fields that a page wants to send which it may. None is repeated that is not on a list.
fn allowed_fields(settings: &HttpSettings, headers: &HeaderMap) -> String {
    let wanted = headers.get_all(ACCESS_CONTROL_REQUEST_HEADERS).filter_map(|value| value.to_str().ok());
    let wanted = wanted.flat_map(|value| value.split(',')).map(|name| name.trim().to_ascii_lowercase());
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    let may = |name: &String| {
        let own = || settings.cors_headers.iter().any(|own| own.eq_ignore_ascii_case(name));
        let parameter = || name.starts_with(PARAMETERS) && name.bytes().all(is_name);
        SENT.contains(&name.as_str()) || parameter() || own()
    };
    wanted.filter(may).take(64).collect::<Vec<_>>().join(", ")
}
