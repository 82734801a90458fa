//! An access token: whom it can name, what it can be for, and what it says.

use super::{
    grants::Grant,
    key::{self, Key},
};
use crate::{development::is_name, oauth::is_loopback};
use serde_json::json;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use url::Url;

pub(super) const NO_USER: &str = "a user is 1 to 100 letters, digits, `-`, `.`, `_` and `@`";

/// Whether somebody can be called that.
pub(super) fn is_user(name: &str) -> bool {
    name.len() <= 100 && is_name(name)
}

/// Whether a token may be made out to this: only to what is on this machine, so that no token of a development issuer can be meant
/// for anything else (RFC 8707, section 2: absolute, no fragment).
pub(super) fn is_resource(text: &str) -> bool {
    let Ok(url) = Url::parse(text) else { return false };
    url.scheme() == "http" && is_loopback(&url) && url.fragment().is_none() && url.username().is_empty()
}

/// The token (RFC 9068, section 2.2) of the issuer `url` for a grant.
pub(super) fn signed(key: &Key, url: &str, grant: &Grant, lifetime: Duration) -> Result<String, &'static str> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_err(|_| "the clock is before 1970")?.as_secs();
    key.sign(&json!({
        "iss": url,
        "sub": grant.user,
        "aud": grant.resource,
        "iat": now,
        "exp": now + lifetime.as_secs().max(1),
        "jti": key::random()?,
        "client_id": grant.client,
        "scope": grant.scopes.join(" "),
    }))
}
