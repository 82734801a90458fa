//! What is refused before the protocol sees it.

use crate::refusal::Refusal;
use actix_web::http::StatusCode;

/// What the endpoint takes.
pub(super) const METHODS: &str = "POST, GET, DELETE";

/// The endpoint takes messages, opens streams, and ends sessions.
pub(super) fn method() -> Refusal {
    Refusal::method(METHODS)
}

pub(super) fn compressed() -> Refusal {
    let detail = "the body may not be compressed";
    Refusal::http(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", detail).closing()
}
