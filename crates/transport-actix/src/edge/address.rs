//! The network address that a request comes from.

use super::forwarded::Proxies;
use actix_web::HttpRequest;
use std::net::IpAddr;

/// The address of whoever opened the connection; when that is a proxy that is believed, the address that it forwards for. An IPv4
/// address that is written as an IPv6 address is an IPv4 address.
pub(crate) fn of(proxies: &Proxies, request: &HttpRequest) -> Option<IpAddr> {
    let peer = request.peer_addr()?.ip().to_canonical();
    if !proxies.has(peer) {
        return Some(peer);
    }
    let lines = request.headers().get_all(proxies.field()).map(|value| value.as_bytes());
    Some(proxies.client(peer, lines))
}
