//! What is sent to the issuer and what it replies, without an HTTP server.

use serde_json::{Value, json};
use std::borrow::Cow;
use url::form_urlencoded;

/// A request to the issuer, of which everything was read.
#[derive(Debug, Clone, Copy)]
pub struct IssuerRequest<'a> {
    /// The method, such as `POST`.
    pub method: &'a str,
    /// The whole path, one of [`crate::LocalIssuer::PATHS`].
    pub path: &'a str,
    /// What follows the `?`; empty when there is nothing.
    pub query: &'a str,
    /// The value of `Content-Type`.
    pub content_type: Option<&'a str>,
    /// The value of `Authorization`.
    pub authorization: Option<&'a str>,
    /// The body.
    pub body: &'a [u8],
}

impl IssuerRequest<'_> {
    /// Whether the body is said to be of this media type.
    pub(super) fn is_of(&self, kind: &str) -> bool {
        let said = self.content_type.and_then(|said| said.split(';').next()).unwrap_or_default();
        said.trim().eq_ignore_ascii_case(kind)
    }
}

/// What the issuer replies.
#[derive(Debug, Clone)]
pub struct IssuerReply {
    /// The status.
    pub status: u16,
    /// The header fields, `Content-Type` among them.
    pub headers: Vec<(&'static str, String)>,
    /// The body; may be empty.
    pub body: String,
}

impl IssuerReply {
    pub(super) fn json(status: u16, body: &Value) -> Self {
        Self { status, headers: vec![("content-type", "application/json".to_owned())], body: body.to_string() }
    }

    pub(super) fn redirect(status: u16, url: String) -> Self {
        Self { status, headers: vec![("location", url)], body: String::new() }.not_stored()
    }

    pub(super) fn method(allowed: &str) -> Self {
        let refused = Refused::new("invalid_request", "this endpoint does not take the method").with_status(405);
        refused.reply().with("allow", allowed)
    }

    pub(super) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// Codes and tokens stay in no cache (RFC 6749, section 5.1).
    pub(super) fn not_stored(self) -> Self {
        self.with("cache-control", "no-store")
    }
}

/// An error of OAuth (RFC 6749, sections 4.1.2.1 and 5.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Refused {
    pub(super) status: u16,
    pub(super) code: &'static str,
    pub(super) why: &'static str,
}

impl Refused {
    pub(super) const fn new(code: &'static str, why: &'static str) -> Self {
        Self { status: 400, code, why }
    }

    pub(super) const fn with_status(self, status: u16) -> Self {
        Self { status, ..self }
    }

    pub(super) fn reply(self) -> IssuerReply {
        IssuerReply::json(self.status, &json!({"error": self.code, "error_description": self.why})).not_stored()
    }
}

/// The parameters of a query or a form.
#[derive(Debug)]
pub(super) struct Parameters<'a>(Vec<(Cow<'a, str>, Cow<'a, str>)>);

impl<'a> Parameters<'a> {
    pub(super) fn read(text: &'a [u8]) -> Self {
        Self(form_urlencoded::parse(text).collect())
    }

    /// Those of a form that was sent.
    pub(super) fn form(request: &IssuerRequest<'a>) -> Result<Self, Refused> {
        if !request.is_of("application/x-www-form-urlencoded") {
            return Err(Refused::new("invalid_request", "the body has to be application/x-www-form-urlencoded"));
        }
        Ok(Self::read(request.body))
    }

    /// One that is sent once at most; an empty one is none (RFC 6749, section 3.1).
    pub(super) fn one(&self, name: &str) -> Result<Option<&str>, Refused> {
        let mut values = self.0.iter().filter(|(own, _)| own == name).map(|(_, value)| &**value);
        match (values.next(), values.next()) {
            (_, Some(_)) => Err(Refused::new("invalid_request", "a parameter is sent more than once")),
            (value, None) => Ok(value.filter(|value| !value.is_empty())),
        }
    }

    /// The same, when it has to be there.
    pub(super) fn needed(&self, name: &str) -> Result<&str, Refused> {
        self.one(name)?.ok_or(Refused::new("invalid_request", "a parameter that is needed is missing"))
    }

    /// Every value of one that is sent as often as it has values.
    pub(super) fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        self.0.iter().filter(move |(own, _)| own == name).map(|(_, value)| &**value)
    }
}
