//! The one error of diptych: what the caller is told, and apart from it what the log is told.
//!
//! It knows no transport. Each surface owns one `refuse.rs` that turns an [`ErrorKind`] into its own form.

mod kind;
mod limited;
mod passed_on;

pub use kind::ErrorKind;
pub use passed_on::Step;

use crate::{Question, Quota};
use serde::Serialize;
use std::{borrow::Cow, cmp::Ordering, error::Error as StdError, fmt, time::Duration};

/// How many wrong fields the sentence for the caller names.
const MOST_NAMES: usize = 50;

/// How many wrong fields are listed beside it; of more it is said how many.
pub(crate) const MOST_FIELDS: usize = 200;

/// A result whose error is [`Error`] unless another is named.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// One wrong field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FieldError {
    /// Where, as a JSON pointer (RFC 6901) into the arguments, in the names the caller sent.
    pub pointer: String,
    /// A stable code: `required`, `unknown`, `type`, or the name of the rule that failed.
    pub code: Cow<'static, str>,
    /// What was expected. Never contains the value that was sent.
    pub detail: String,
}

impl FieldError {
    /// A field error at `pointer`.
    pub fn new(pointer: impl Into<String>, code: impl Into<Cow<'static, str>>, detail: impl Into<String>) -> Self {
        Self { pointer: pointer.into(), code: code.into(), detail: detail.into() }
    }

    /// By pointer, and element 2 before element 10.
    pub(crate) fn in_order(&self, other: &Self) -> Ordering {
        let mut pairs = self.pointer.split('/').zip(other.pointer.split('/'));
        let differing = pairs.find(|(one, other)| one != other);
        let numbers = differing.and_then(|(one, other)| Some(one.parse::<u64>().ok()?.cmp(&other.parse().ok()?)));
        numbers.filter(|order| order.is_ne()).unwrap_or_else(|| self.pointer.cmp(&other.pointer))
    }
}

/// Why an operation did not happen. One word wide.
///
/// ```
/// use diptych_spec::{Error, ErrorKind};
///
/// let error = Error::conflict("already_sent", "the invoice was sent before");
/// assert_eq!(error.kind(), ErrorKind::Conflict);
/// assert_eq!(error.to_string(), "already_sent: the invoice was sent before");
/// ```
#[derive(Debug)]
pub struct Error(Box<Inner>);

#[derive(Debug)]
struct Inner {
    kind: ErrorKind,
    code: Cow<'static, str>,
    detail: Cow<'static, str>,
    fields: Vec<FieldError>,
    scopes: Vec<Cow<'static, str>>,
    retry_after: Option<Duration>,
    quotas: Vec<Quota>,
    error_id: Option<String>,
    questions: Vec<Question>,
    source: Option<Box<dyn StdError + Send + Sync>>,
    foreign_problem: Option<String>,
    /// The operation whose arguments the fields are of, when they are not the caller's own.
    refused_by: Option<Cow<'static, str>>,
    step: Option<Step>,
}

impl Error {
    /// An error of `kind` with a stable, greppable `code` and a sentence for the caller.
    pub fn new(kind: ErrorKind, code: impl Into<Cow<'static, str>>, detail: impl Into<Cow<'static, str>>) -> Self {
        Self(Box::new(Inner {
            kind,
            code: code.into(),
            detail: detail.into(),
            fields: Vec::new(),
            scopes: Vec::new(),
            retry_after: None,
            quotas: Vec::new(),
            error_id: None,
            questions: Vec::new(),
            source: None,
            foreign_problem: None,
            refused_by: None,
            step: None,
        }))
    }

    /// The request could not be read.
    pub fn bad_request(detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorKind::BadRequest, "bad_request", detail)
    }

    /// Fields are wrong; all of them at once, ordered by pointer. Behind the first 200, one with the code `more` says how many others.
    #[must_use]
    pub fn invalid(mut fields: Vec<FieldError>) -> Self {
        fields.sort_by(|a, b| a.in_order(b).then_with(|| a.code.cmp(&b.code)));
        let detail = match fields.as_slice() {
            [] => "the input is not valid".into(),
            [one] => format!("{}: {}", display_pointer(&one.pointer), one.detail),
            many => {
                let names = many.iter().take(MOST_NAMES).map(|field| display_pointer(&field.pointer));
                let names = names.collect::<Vec<_>>().join(", ");
                let more = if many.len() > MOST_NAMES { ", …" } else { "" };
                format!("{} fields are not valid: {names}{more}", many.len())
            }
        };
        let more = match fields.len().saturating_sub(MOST_FIELDS) {
            0 => None,
            1 => Some("1 more field is not valid".to_owned()),
            more => Some(format!("{more} more fields are not valid")),
        };
        fields.truncate(MOST_FIELDS);
        fields.extend(more.map(|more| FieldError::new("", "more", more)));
        let mut error = Self::new(ErrorKind::Invalid, "invalid", detail);
        error.0.fields = fields;
        error
    }

    /// There is no such thing.
    pub fn not_found(detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorKind::NotFound, "not_found", detail)
    }

    /// There is no such row, or it is not the caller's: they are told the same.
    #[doc(hidden)]
    #[must_use]
    pub fn no_such_row() -> Self {
        Self::not_found("there is no such row")
    }

    /// The answer would be longer than may be; `detail` says what to ask for instead.
    #[doc(hidden)]
    pub fn result_too_large(detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorKind::TooLarge, "result_too_large", detail)
    }

    /// The state of the data forbids it. `code` is what a client switches on.
    pub fn conflict(code: impl Into<Cow<'static, str>>, detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorKind::Conflict, code, detail)
    }

    /// The caller may not do this.
    pub fn forbidden(detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorKind::Forbidden, "forbidden", detail)
    }

    /// The caller is known but lacks one of `scopes` (RFC 6750, section 3.1 `insufficient_scope`).
    #[must_use]
    pub fn insufficient_scope(scopes: &[Cow<'static, str>]) -> Self {
        let detail = format!("this needs the scope {}", scopes.join(" "));
        Self::new(ErrorKind::Forbidden, "insufficient_scope", detail).needing(scopes.to_vec())
    }

    /// Somebody has to be signed in.
    #[must_use]
    pub fn unauthenticated() -> Self {
        Self::new(ErrorKind::Unauthenticated, "unauthenticated", "this needs an authenticated caller")
    }

    /// The caller has to answer something first. What, is attached with [`Error::with_questions`].
    #[must_use]
    pub fn input_required() -> Self {
        let detail = "this needs an answer from the user first; call it from a client that can be asked";
        Self::new(ErrorKind::InputRequired, "input_required", detail)
    }

    /// A fault of the server. The caller reads "unexpected error"; the log reads `source`.
    pub fn internal(source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self::new(ErrorKind::Internal, "internal", "an unexpected error occurred").with_source(source)
    }

    /// Attaches what the log should know. It never reaches a caller.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.0.source = Some(source.into());
        self
    }

    /// How long the caller should wait before trying again.
    #[must_use]
    pub fn with_retry_after(mut self, wait: Duration) -> Self {
        self.0.retry_after = Some(wait);
        self
    }

    /// The scopes that a caller needs, for challenges (RFC 6750, section 3).
    #[must_use]
    pub(crate) fn needing(mut self, scopes: Vec<Cow<'static, str>>) -> Self {
        self.0.scopes = scopes;
        self
    }

    /// The id under which the log holds this error's source.
    #[must_use]
    pub fn with_error_id(mut self, id: impl Into<String>) -> Self {
        self.0.error_id = Some(id.into());
        self
    }

    /// The same error, in other words and of other fields.
    pub(crate) fn redirected(mut self, detail: String, fields: Vec<FieldError>) -> Self {
        (self.0.detail, self.0.fields) = (detail.into(), fields);
        self
    }

    /// Says in front of the sentence what it is about.
    #[must_use]
    pub(crate) fn about(mut self, what: impl fmt::Display) -> Self {
        self.0.detail = format!("{what}: {}", self.0.detail).into();
        self
    }

    pub(crate) fn with_foreign_problem(mut self, problem: String) -> Self {
        self.0.foreign_problem = Some(problem);
        self
    }

    /// What a handler that is none of ours said itself, as the JSON of a problem (RFC 9457).
    #[must_use]
    pub fn foreign_problem(&self) -> Option<&str> {
        self.0.foreign_problem.as_deref()
    }

    /// What the caller has to answer first.
    #[must_use]
    pub fn with_questions(mut self, questions: Vec<Question>) -> Self {
        self.0.questions = questions;
        self
    }

    /// What the caller has to answer first, for [`ErrorKind::InputRequired`].
    #[must_use]
    pub fn questions(&self) -> &[Question] {
        &self.0.questions
    }

    /// What went wrong, for every surface.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// The stable code a client switches on.
    #[must_use]
    pub fn code(&self) -> &str {
        &self.0.code
    }

    /// The sentence for the caller.
    #[must_use]
    pub fn detail(&self) -> &str {
        &self.0.detail
    }

    /// The wrong fields, for [`ErrorKind::Invalid`].
    #[must_use]
    pub fn fields(&self) -> &[FieldError] {
        &self.0.fields
    }

    /// The scopes that are needed, for `insufficient_scope` and for a caller without credentials.
    #[must_use]
    pub fn scopes(&self) -> &[Cow<'static, str>] {
        &self.0.scopes
    }

    /// How long to wait before trying again.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after
    }

    /// The id under which the log holds this error's source.
    #[must_use]
    pub fn error_id(&self) -> Option<&str> {
        self.0.error_id.as_deref()
    }

    /// The problem (RFC 9457) that REST sends as the body and MCP as the text of a failed tool call.
    #[must_use]
    pub fn problem(&self) -> Problem<'_> {
        let inner = &*self.0;
        Problem {
            kind: "about:blank",
            title: inner.kind.title(),
            status: inner.kind.status(),
            code: &inner.code,
            detail: &inner.detail,
            errors: &inner.fields,
            error_id: inner.error_id.as_deref(),
            retry_after: self.retry_after_seconds(),
            questions: &inner.questions,
            step: inner.step.as_ref(),
        }
    }
}

/// A problem details object (RFC 9457) with the extension members `code`, `errors`, `error_id`, `retry_after`, `questions` and
/// `step`.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Problem<'a> {
    /// `about:blank`: the kind is told by `code`.
    #[serde(rename = "type")]
    pub kind: &'a str,
    /// The phrase of the status.
    pub title: &'a str,
    /// The HTTP status.
    pub status: u16,
    /// The stable code a client switches on.
    pub code: &'a str,
    /// The sentence for this occurrence.
    pub detail: &'a str,
    /// The wrong fields.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    pub errors: &'a [FieldError],
    /// The id under which the log holds the cause.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error_id: Option<&'a str>,
    /// How long to wait before trying again, in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_after: Option<u64>,
    /// What the caller has to answer first.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    pub questions: &'a [Question],
    /// The step of a chain that failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub step: Option<&'a Step>,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.0.code, self.0.detail)
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source.as_deref().map(|source| source as _)
    }
}

/// `/lines/0/amount` → `lines/0/amount`; the root is "the input".
fn display_pointer(pointer: &str) -> &str {
    match pointer.strip_prefix('/') {
        Some(path) => path,
        None => "the input",
    }
}

/// An error type of a service, selector or prompt: [`Error`] itself, or an enum with `#[derive(ServiceError)]`.
///
/// By hand it is two lines: `impl From<MyError> for Error { … }` and `impl ServiceError for MyError {}`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the error of a service, selector or prompt",
    label = "not an error that diptych can answer with",
    note = "use `diptych::Error`, or put `#[derive(ServiceError)]` on `{Self}` and `#[problem(…)]` on each variant"
)]
pub trait ServiceError: Into<Error> + Send + 'static {
    /// The kinds and codes this error can become; they are listed in the OpenAPI document.
    #[must_use]
    fn declared() -> &'static [(ErrorKind, &'static str)] {
        &[]
    }
}

impl ServiceError for Error {}
