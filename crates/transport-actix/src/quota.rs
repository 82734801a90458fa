//! Where a caller stands with limits, as header fields (draft-ietf-httpapi-ratelimit-headers-10).

use actix_web::http::header::{HeaderName, HeaderValue};
use diptych_spec::Quota;

/// `RateLimit-Policy` and `RateLimit`; none when no limit was asked.
pub(crate) fn fields(quotas: &[Quota]) -> impl Iterator<Item = (HeaderName, HeaderValue)> {
    let fields = (!quotas.is_empty())
        .then(|| [("ratelimit-policy", Quota::policies(quotas)), ("ratelimit", Quota::standings(quotas))]);
    fields.into_iter().flatten().filter_map(|(name, value)| {
        // Names of limits are visible ASCII.
        Some((HeaderName::from_static(name), HeaderValue::from_str(&value).ok()?))
    })
}
