//! What an operation declares of its answer over REST beside the answer: other statuses, header fields, cookies.

use super::{Declaration, OperationKind};
use crate::{arguments::is_token, cookie};
use std::borrow::Cow;

/// A name or status, and what it says.
type Said<T> = Vec<(T, Cow<'static, str>)>;

/// What can be in the head of a response.
#[derive(Debug, Clone, Default)]
pub(crate) struct Responding {
    pub(crate) statuses: Said<u16>,
    pub(crate) headers: Said<Cow<'static, str>>,
    pub(crate) cookies: Said<Cow<'static, str>>,
}

/// Header fields that are the server's: those of the connection and of the message (RFC 9110, sections 7.6.1 and 8), of what it says by
/// other means, and of what it promises browsers.
const RESERVED: &[&str] = &[
    "allow",
    "connection",
    "content-encoding",
    "content-length",
    "content-range",
    "content-security-policy",
    "content-type",
    "cross-origin-embedder-policy",
    "cross-origin-opener-policy",
    "cross-origin-resource-policy",
    "date",
    "dry-run",
    "etag",
    "idempotent-replayed",
    "keep-alive",
    "link",
    "location",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "ratelimit",
    "ratelimit-policy",
    "referrer-policy",
    "retry-after",
    "server",
    "strict-transport-security",
    "te",
    "trailer",
    "traceparent",
    "tracestate",
    "transfer-encoding",
    "upgrade",
    "vary",
    "www-authenticate",
    "x-content-type-options",
];

/// How the names of others begin that are the server's.
const RESERVED_PREFIXES: &[&str] = &["access-control-", "mcp-", "sec-", "set-cookie"];

impl Declaration {
    /// The statuses of success beside the usual one, each with what it says.
    pub fn other_statuses(&self) -> impl Iterator<Item = (u16, &str)> {
        self.responding.statuses.iter().map(|(status, says)| (*status, &**says))
    }

    /// The header fields that an answer can have, each with what it says.
    pub fn response_headers(&self) -> impl Iterator<Item = (&str, &str)> {
        self.responding.headers.iter().map(|(name, says)| (&**name, &**says))
    }

    /// The cookies that an answer can set, each with what it is for.
    pub fn response_cookies(&self) -> impl Iterator<Item = (&str, &str)> {
        self.responding.cookies.iter().map(|(name, says)| (&**name, &**says))
    }

    pub(super) fn check_responding(&self, found: &mut Vec<String>) {
        let Responding { statuses, headers, cookies } = &*self.responding;
        let declares = !(statuses.is_empty() && headers.is_empty() && cookies.is_empty());
        match (self.kind, self.signature.responds) {
            (OperationKind::Prompt, true) => {
                found.push("takes a `ResponseHead`, but is a prompt, which has no route; leave it out".to_owned());
            }
            (_, true) if !declares => found.push(
                "takes a `ResponseHead`, but declares nothing that could be said with it; add `.or_status(…)`, `.response_header(…)` or `.response_cookie(…)`"
                    .to_owned(),
            ),
            (_, false) if declares => found.push(
                "declares what its response can say, but nothing says it; take a `ResponseHead` as an argument, or leave out `.or_status(…)`, `.response_header(…)` and `.response_cookie(…)`"
                    .to_owned(),
            ),
            _ => {}
        }
        for (at, (status, _)) in statuses.iter().enumerate() {
            let status = *status;
            if !(200..300).contains(&status) || status == 206 {
                found.push(format!("`.or_status({status}, …)` is no status of success; write 200 to 299, but not 206"));
            } else if status == self.status() || statuses[..at].iter().any(|(known, _)| *known == status) {
                found.push(format!("the status {status} is declared twice; leave one out"));
            } else if self.is_empty() && !matches!(status, 202 | 204 | 205) {
                found.push(format!("answers nothing, which goes under 204, not {status}"));
            } else if !self.is_empty() && matches!(status, 204 | 205) {
                found.push(format!("answers a value, which cannot go under {status}"));
            }
        }
        for (at, (name, _)) in headers.iter().enumerate() {
            let lower = name.to_ascii_lowercase();
            if !is_token(name) {
                found.push(format!("`{name}` cannot be the name of a header; write letters, digits and `-`"));
            } else if lower.starts_with("set-cookie") {
                found.push("sets `Set-Cookie` as a header; declare the cookie with `.response_cookie(…)`".to_owned());
            } else if RESERVED.contains(&&*lower) || RESERVED_PREFIXES.iter().any(|prefix| lower.starts_with(prefix)) {
                found.push(format!(
                    "the header `{name}` is written by the server; leave out `.response_header(\"{name}\", …)`"
                ));
            } else if headers[..at].iter().any(|(known, _)| known.eq_ignore_ascii_case(name)) {
                found.push(format!("the header `{name}` is declared twice; leave one out"));
            }
        }
        for (at, (name, _)) in cookies.iter().enumerate() {
            if let Some(mistake) = cookie::name_mistake(name) {
                found.push(mistake);
            } else if cookies[..at].iter().any(|(known, _)| known == name) {
                found.push(format!("the cookie `{name}` is declared twice; leave one out"));
            }
        }
    }
}
