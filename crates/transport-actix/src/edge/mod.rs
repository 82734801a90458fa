//! What is refused before anybody is asked who they are: foreign pages, foreign names, requests and bodies that are too long or
//! too slow. And what every answer says to browsers, caches and pages of other origins.

pub(crate) mod address;
mod authority;
pub(crate) mod body;
#[cfg(feature = "compression")]
pub(crate) mod compress;
pub(crate) mod cors;
pub(crate) mod forwarded;
pub(crate) mod headers;
pub(crate) mod host;
pub(crate) mod local;
pub(crate) mod origin;
pub(crate) mod tag;
pub(crate) mod target;

use crate::{refusal::Refusal, settings::HttpSettings};
use actix_web::HttpRequest;

/// Lets requests through that are for this server and not too long.
pub(crate) fn admit(settings: &HttpSettings, request: &HttpRequest) -> Result<(), Refusal> {
    host::check(settings, request)?;
    target::check(settings, request)
}
