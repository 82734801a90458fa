//! Whether the server is addressed by a name of its own, against DNS rebinding (MCP 2026-07-28, basic/transports,
//! Security Warning).

use super::{authority::Authority, local};
use crate::{refusal::Refusal, settings::HostCheck, settings::HttpSettings};
use actix_web::{
    HttpRequest,
    http::{StatusCode, header::HOST},
};

/// Lets requests for a name of the server's own through.
pub(crate) fn check(settings: &HttpSettings, request: &HttpRequest) -> Result<(), Refusal> {
    let checked = match settings.host_check {
        HostCheck::Always => true,
        HostCheck::Never => false,
        HostCheck::Auto => !settings.allowed_hosts.is_empty() || local::address(request).ip().is_loopback(),
    };
    if !checked {
        return Ok(());
    }
    let own = |host: Authority<'_>| host.is_loopback() || settings.allowed_hosts.iter().any(|allowed| host.is(allowed));
    if of(request).is_some_and(own) {
        return Ok(());
    }
    Err(Refusal::http(
        StatusCode::FORBIDDEN,
        "host",
        "the Host of the request is not a name of this server; if it is, add it to the allowed hosts",
    ))
}

/// Whether the request is for a loopback name.
pub(crate) fn is_loopback(request: &HttpRequest) -> bool {
    of(request).is_some_and(Authority::is_loopback)
}

/// The host that the request is for: that of its target when it has one (RFC 9112, section 3.2.2), otherwise `Host`.
pub(super) fn of(request: &HttpRequest) -> Option<Authority<'_>> {
    let target = request.uri().authority().map(actix_web::http::uri::Authority::as_str);
    let header = || request.headers().get(HOST)?.to_str().ok();
    target.or_else(header).map(Authority::new)
}
