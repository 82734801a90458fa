//! A request that is not answered with a result: an [`Error`] of the pipeline, or a refusal that only HTTP knows (405, 415,
//! 408). Both are sent as a problem (RFC 9457).

use crate::quota;
use actix_web::{
    HttpResponse,
    http::{
        StatusCode,
        header::{HeaderName, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE},
    },
};
use diptych_spec::{Error, Problem};
use std::borrow::Cow;

/// Why a request is refused.
#[derive(Debug)]
pub(crate) enum Refusal {
    Error(Error),
    Http(HttpProblem),
}

/// A refusal for which operations have no kind of error.
#[derive(Debug)]
pub(crate) struct HttpProblem {
    status: StatusCode,
    code: &'static str,
    detail: Cow<'static, str>,
    header: Option<(HeaderName, String)>,
    /// The rest of the request is not read, so that the connection is of no more use.
    closes: bool,
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        Self::Error(error)
    }
}

impl Refusal {
    pub(crate) fn http(status: StatusCode, code: &'static str, detail: impl Into<Cow<'static, str>>) -> Self {
        Self::Http(HttpProblem { status, code, detail: detail.into(), header: None, closes: false })
    }

    /// The method is not one of `allowed` (RFC 9110, section 15.5.6).
    pub(crate) fn method(allowed: &str) -> Self {
        let detail = format!("this takes {allowed}");
        let mut refusal = Self::http(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", detail);
        if let Self::Http(problem) = &mut refusal {
            problem.header = Some((actix_web::http::header::ALLOW, allowed.to_owned()));
        }
        refusal
    }

    pub(crate) fn closing(mut self) -> Self {
        if let Self::Http(problem) = &mut self {
            problem.closes = true;
        }
        self
    }

    pub(crate) fn response(&self) -> HttpResponse {
        let (problem, header, quotas, closes) = match self {
            Self::Error(error) => (error.problem(), header_of(error), error.quotas(), false),
            Self::Http(http) => (http.problem(), http.header.clone(), &[][..], http.closes),
        };
        let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = HttpResponse::build(status);
        if let Some((name, value)) = header
            && let Ok(value) = HeaderValue::from_str(&value)
        {
            response.insert_header((name, value));
        }
        for field in quota::fields(quotas) {
            response.insert_header(field);
        }
        if closes {
            response.force_close();
        }
        response.content_type("application/problem+json");
        response.body(serde_json::to_vec(&problem).unwrap_or_default())
    }
}

impl HttpProblem {
    fn problem(&self) -> Problem<'_> {
        Problem {
            kind: "about:blank",
            title: title(self.status),
            status: self.status.as_u16(),
            code: self.code,
            detail: &self.detail,
            errors: &[],
            error_id: None,
            retry_after: None,
            questions: &[],
            step: None,
        }
    }
}

/// The phrase of RFC 9110, section 15, where the library's is of an older RFC.
fn title(status: StatusCode) -> &'static str {
    match status {
        StatusCode::PAYLOAD_TOO_LARGE => "Content Too Large",
        status => status.canonical_reason().unwrap_or("Error"),
    }
}

/// The header field that goes with an error: a challenge, or how long to wait (RFC 9110, sections 11.6.1 and 10.2.3).
fn header_of(error: &Error) -> Option<(HeaderName, String)> {
    let wait = error.retry_after_seconds().map(|wait| (RETRY_AFTER, wait.to_string()));
    error.challenge().map(|challenge| (WWW_AUTHENTICATE, challenge)).or(wait)
}

#[cfg(test)]
mod tests {
    use super::*;
    use diptych_spec::ErrorKind;
    use std::time::Duration;

    #[test]
    fn an_error_carries_its_header() {
        let limited = |wait| Error::new(ErrorKind::RateLimited, "slow_down", "wait").with_retry_after(wait);
        for (error, status, name, value) in [
            (Error::unauthenticated(), 401, "www-authenticate", "Bearer"),
            (
                Error::insufficient_scope(&["a:b".into(), "c".into()]),
                403,
                "www-authenticate",
                r#"Bearer error="insufficient_scope", scope="a:b c", error_description="this needs the scope a:b c""#,
            ),
            (limited(Duration::from_millis(1001)), 429, "retry-after", "2"),
            (limited(Duration::ZERO), 429, "retry-after", "1"),
        ] {
            let response = Refusal::from(error).response();
            assert_eq!(response.status(), status);
            assert_eq!(response.headers().get(name).unwrap(), value);
        }
    }
}
