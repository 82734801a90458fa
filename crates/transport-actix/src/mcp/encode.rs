//! From a reply of the protocol to a response.

use actix_web::{HttpResponse, http::StatusCode};
use diptych_mcp::Reply;

/// The response. A body is always JSON; without one there is no content type either.
pub(super) fn response(reply: Reply) -> HttpResponse {
    let status = StatusCode::from_u16(reply.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = HttpResponse::build(status);
    for (name, value) in reply.headers {
        response.insert_header((name, value));
    }
    if reply.body.is_empty() {
        return response.finish();
    }
    response.content_type("application/json");
    response.body(reply.body)
}
