//! From an HTTP request to what the protocol reads of it.

use actix_web::HttpRequest;
use diptych_mcp::Head;

/// The header fields.
pub(super) fn head(request: &HttpRequest) -> Head<'_> {
    Head::new(request.headers().iter().map(|(name, value)| (name.as_str(), value.as_bytes())))
}
