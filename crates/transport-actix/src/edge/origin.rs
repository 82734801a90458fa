//! Whether the page that sends a request may (RFC 6454): a browser adds `Origin`, nothing else has to.

use super::{authority::Authority, host};
use crate::{refusal::Refusal, settings::HttpSettings};
use actix_web::{
    HttpRequest,
    http::{
        StatusCode,
        header::{HeaderValue, ORIGIN},
    },
};

/// Lets requests without an origin through, and those of a page of the same host, of this machine, or of an allowed
/// origin.
pub(crate) fn check(settings: &HttpSettings, request: &HttpRequest) -> Result<(), Refusal> {
    let allowed = match of(request)? {
        // A browser that left the origin out says where the page is all the same (Fetch Metadata).
        None => request.headers().get("sec-fetch-site").is_none_or(|site| site.as_bytes() != b"cross-site"),
        Some(origin) => origin.to_str().is_ok_and(|origin| may_send(settings, request, origin)),
    };
    if allowed { Ok(()) } else { Err(foreign()) }
}

/// Lets requests without an origin through, and those of a page of this machine.
#[cfg(feature = "oauth")]
pub(crate) fn loopback(request: &HttpRequest) -> Result<(), Refusal> {
    let near = of(request)?.is_none_or(|origin| origin.to_str().is_ok_and(is_loopback));
    if near { Ok(()) } else { Err(foreign()) }
}

/// The origin that a request names. One that names several is refused.
pub(super) fn of(request: &HttpRequest) -> Result<Option<&HeaderValue>, Refusal> {
    let mut origins = request.headers().get_all(ORIGIN);
    match (origins.next(), origins.next()) {
        (origin, None) => Ok(origin),
        _ => Err(foreign()),
    }
}

/// Whether it is one of the settings.
pub(super) fn is_listed(settings: &HttpSettings, origin: &str) -> bool {
    settings.allowed_origins.iter().any(|allowed| allowed.eq_ignore_ascii_case(origin))
}

/// Whether it is that of a page of this machine.
pub(super) fn is_loopback(origin: &str) -> bool {
    Authority::of_origin(origin).is_some_and(Authority::is_loopback)
}

fn foreign() -> Refusal {
    Refusal::http(
        StatusCode::FORBIDDEN,
        "origin",
        "pages of this Origin may not call this server; if they may, add it to the allowed origins",
    )
}

/// Lets a request with credentials that a browser sends by itself through when it says that it comes from a page of this host or of an
/// allowed origin (`Origin`, or `Sec-Fetch-Site` of Fetch Metadata). What says nothing is refused: an old browser is silent, too. That
/// the origin is a good one for everybody, [`check`] has seen.
pub(crate) fn check_own(settings: &HttpSettings, request: &HttpRequest) -> Result<(), Refusal> {
    let text = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok());
    let own = match text(ORIGIN.as_str()) {
        // Cookies do not know ports: another program on this machine is another site, unless this is a server for this machine.
        Some(origin) => may_send(settings, request, origin) && !is_foreign_loopback(settings, request, origin),
        None => text("sec-fetch-site") == Some("same-origin"),
    };
    if own {
        return Ok(());
    }
    Err(Refusal::http(
        StatusCode::FORBIDDEN,
        "cross_site",
        "with credentials that a browser sends by itself, this needs an Origin of the server's own or an allowed one, or Sec-Fetch-Site: same-origin",
    ))
}

/// A page of this machine that calls a server which is reached by another name.
fn is_foreign_loopback(settings: &HttpSettings, request: &HttpRequest, origin: &str) -> bool {
    is_loopback(origin) && !is_listed(settings, origin) && !host::of(request).is_some_and(Authority::is_loopback)
}

fn may_send(settings: &HttpSettings, request: &HttpRequest, origin: &str) -> bool {
    let is_own = |page: Authority<'_>| host::of(request).is_some_and(|own| page.same(own));
    is_listed(settings, origin) || is_loopback(origin) || Authority::of_origin(origin).is_some_and(is_own)
}
