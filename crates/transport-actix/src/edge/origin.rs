//! Whether the page that sends a request may (RFC 6454): a browser adds `Origin`, nothing else has to.

use super::{authority::Authority, host};
use crate::{refusal::Refusal, settings::HttpSettings};
use actix_web::{
    HttpRequest,
    http::{StatusCode, header::ORIGIN},
};

/// Lets requests without an origin through, and those of a page of the same host, of this machine, or of an allowed
/// origin.
pub(crate) fn check(settings: &HttpSettings, request: &HttpRequest) -> Result<(), Refusal> {
    let mut origins = request.headers().get_all(ORIGIN);
    let allowed = match (origins.next(), origins.next()) {
        (None, _) => true,
        (Some(_), Some(_)) => false,
        (Some(origin), None) => origin.to_str().is_ok_and(|origin| may_send(settings, request, origin)),
    };
    if allowed {
        return Ok(());
    }
    Err(Refusal::http(
        StatusCode::FORBIDDEN,
        "origin",
        "pages of this Origin may not call this server; if they may, add it to the allowed origins",
    ))
}

fn may_send(settings: &HttpSettings, request: &HttpRequest, origin: &str) -> bool {
    if settings.allowed_origins.iter().any(|allowed| allowed.eq_ignore_ascii_case(origin)) {
        return true;
    }
    let page = origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://")).map(Authority::new);
    page.is_some_and(|page| page.is_loopback() || host::of(request).is_some_and(|own| page.same(own)))
}
