//! The socket that a request came in by.

use actix_web::HttpRequest;
use std::net::SocketAddr;

/// What a listener of our own says of itself to the requests it takes. In an application of somebody else's there is none.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Local {
    pub(crate) address: SocketAddr,
    pub(crate) is_tls: bool,
}

/// The address that the server listens on.
pub(crate) fn address(request: &HttpRequest) -> SocketAddr {
    request.app_data::<Local>().map_or_else(|| request.app_config().local_addr(), |local| local.address)
}

/// Whether the connection is encrypted here, not by something in front.
pub(crate) fn is_tls(request: &HttpRequest) -> bool {
    request.app_data::<Local>().map_or_else(|| request.app_config().secure(), |local| local.is_tls)
}
