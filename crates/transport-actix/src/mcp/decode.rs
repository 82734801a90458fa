//! From an HTTP request to what the protocol reads of it.

use actix_web::HttpRequest;
use diptych_mcp::Head;
use std::net::IpAddr;

/// The header fields, and where they come from.
pub(super) fn head(request: &HttpRequest, address: Option<IpAddr>) -> Head<'_> {
    Head::new(request.headers().iter().map(|(name, value)| (name.as_str(), value.as_bytes()))).from_address(address)
}
