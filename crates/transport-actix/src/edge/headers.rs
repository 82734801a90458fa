//! What every answer says to browsers and caches, whatever is in it.

use super::{cors, local};
use crate::shared::Shared;
use actix_web::{
    HttpRequest,
    http::header::{
        CACHE_CONTROL, CONTENT_SECURITY_POLICY, HeaderMap, HeaderName, HeaderValue, REFERRER_POLICY,
        STRICT_TRANSPORT_SECURITY, X_CONTENT_TYPE_OPTIONS,
    },
};

/// Answers are data: nothing in one runs, loads, is framed or submits, also when a browser is shown it as a page (CSP 3).
const POLICY: &str = "default-src 'none'; frame-ancestors 'none'; form-action 'none'; base-uri 'none'";

/// Two years (RFC 6797, section 6.1.1). Only what serves TLS itself can promise it.
const ONLY_TLS: &str = "max-age=63072000";

/// Adds them to an answer that is about to be sent.
pub(crate) fn dress(shared: &Shared, request: &HttpRequest, headers: &mut HeaderMap) {
    let mut unless_said = |name: HeaderName, value: &'static str| {
        if !headers.contains_key(&name) {
            headers.insert(name, HeaderValue::from_static(value));
        }
    };
    unless_said(X_CONTENT_TYPE_OPTIONS, "nosniff");
    unless_said(CONTENT_SECURITY_POLICY, POLICY);
    unless_said(REFERRER_POLICY, "no-referrer");
    if local::is_tls(request) {
        unless_said(STRICT_TRANSPORT_SECURITY, ONLY_TLS);
    }
    // Which header fields are credentials is for the authenticator to know, so no answer is stored (RFC 9111, section 5.2.2.5)
    // unless it says that it may be. The same with an entity tag: the program that has the answer keeps both, no cache does.
    unless_said(CACHE_CONTROL, "no-store");
    cors::expose(shared, request, headers);
}
