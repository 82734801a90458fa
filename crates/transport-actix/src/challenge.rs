//! The last word of a challenge: where a client reads what protects the endpoint (RFC 9728, section 5.1). It is added here for both
//! surfaces, because only what is mounted knows which endpoint it is.

use actix_web::{
    HttpResponse,
    http::{
        StatusCode,
        header::{HeaderValue, WWW_AUTHENTICATE},
    },
};
use diptych_auth::Authenticator;
use diptych_spec::metadata_challenge;

/// Adds it to the bearer challenges of a 401 or 403.
pub(crate) fn complete(authenticator: &dyn Authenticator, endpoint: &str, response: &mut HttpResponse) {
    if !matches!(response.status(), StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN)
        || !response.headers().contains_key(WWW_AUTHENTICATE)
    {
        return;
    }
    let Some(url) = authenticator.resource_metadata(endpoint) else { return };
    let completed = |value: HeaderValue| {
        let text = value.to_str().ok().and_then(|challenge| metadata_challenge(challenge, &url));
        text.and_then(|text| HeaderValue::from_str(&text).ok()).unwrap_or(value)
    };
    let headers = response.headers_mut();
    let values: Vec<_> = headers.remove(WWW_AUTHENTICATE).map(completed).collect();
    values.into_iter().for_each(|value| headers.append(WWW_AUTHENTICATE, value));
}
