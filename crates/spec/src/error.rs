//! The one error of diptych: what the caller is told, and apart from it what the log is told.
//!
//! It knows no transport. Each surface owns one `refuse.rs` that turns an [`ErrorKind`] into its own form.

use crate::Question;
use serde::Serialize;
use std::{borrow::Cow, error::Error as StdError, fmt, time::Duration};

/// A result whose error is [`Error`] unless another is named.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What went wrong, in terms every surface can express.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The request could not be read at all (malformed JSON, wrong media type).
    BadRequest,
    /// The request was read and its fields are wrong; see [`Error::fields`].
    Invalid,
    /// Nobody is signed in, and somebody has to be.
    Unauthenticated,
    /// The caller may not do this.
    Forbidden,
    /// There is no such thing, or the caller may not know of it.
    NotFound,
    /// The caller has to answer something first; see [`Error::questions`].
    InputRequired,
    /// The state of the data forbids it (a unique key, a precondition).
    Conflict,
    /// Too many calls; [`Error::retry_after`] says how long to wait.
    RateLimited,
    /// The request or the answer is larger than the ceiling.
    TooLarge,
    /// The operation took longer than its deadline and was rolled back.
    Deadline,
    /// The caller withdrew the call; it was rolled back.
    Cancelled,
    /// The database could not be reached; nothing was done.
    Unavailable,
    /// COMMIT was sent and its acknowledgement was lost.
    OutcomeUnknown,
    /// A fault of the server. The caller gets no detail.
    Internal,
}

impl ErrorKind {
    /// The `title` of RFC 9457: as the type is `about:blank`, the phrase of the status (RFC 9457, section 4.2.1).
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::BadRequest => "Bad Request",
            Self::Invalid | Self::InputRequired => "Unprocessable Content",
            Self::Unauthenticated => "Unauthorized",
            Self::Forbidden => "Forbidden",
            Self::NotFound => "Not Found",
            Self::Conflict => "Conflict",
            Self::RateLimited => "Too Many Requests",
            Self::TooLarge => "Content Too Large",
            Self::Deadline => "Gateway Timeout",
            Self::Cancelled | Self::Unavailable | Self::OutcomeUnknown => "Service Unavailable",
            Self::Internal => "Internal Server Error",
        }
    }

    /// The HTTP status of this kind (RFC 9110, section 15), also the `status` member of the problem.
    #[must_use]
    pub const fn status(self) -> u16 {
        match self {
            Self::BadRequest => 400,
            Self::Invalid | Self::InputRequired => 422,
            Self::Unauthenticated => 401,
            Self::Forbidden => 403,
            Self::NotFound => 404,
            Self::Conflict => 409,
            Self::RateLimited => 429,
            Self::TooLarge => 413,
            Self::Deadline => 504,
            Self::Cancelled | Self::Unavailable | Self::OutcomeUnknown => 503,
            Self::Internal => 500,
        }
    }
}

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
    error_id: Option<String>,
    questions: Vec<Question>,
    source: Option<Box<dyn StdError + Send + Sync>>,
    foreign_problem: Option<String>,
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
            error_id: None,
            questions: Vec::new(),
            source: None,
            foreign_problem: None,
        }))
    }

    /// The request could not be read.
    pub fn bad_request(detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorKind::BadRequest, "bad_request", detail)
    }

    /// Fields are wrong; all of them at once, ordered by pointer.
    #[must_use]
    pub fn invalid(mut fields: Vec<FieldError>) -> Self {
        fields.sort_by(|a, b| a.pointer.cmp(&b.pointer).then_with(|| a.code.cmp(&b.code)));
        let detail = match fields.as_slice() {
            [] => "the input is not valid".into(),
            [one] => format!("{}: {}", display_pointer(&one.pointer), one.detail),
            many => {
                let names: Vec<_> = many.iter().map(|field| display_pointer(&field.pointer)).collect();
                format!("{} fields are not valid: {}", many.len(), names.join(", "))
            }
        };
        let mut error = Self::new(ErrorKind::Invalid, "invalid", detail);
        error.0.fields = fields;
        error
    }

    /// There is no such thing.
    pub fn not_found(detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorKind::NotFound, "not_found", detail)
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
        let mut error = Self::new(ErrorKind::Forbidden, "insufficient_scope", detail);
        error.0.scopes = scopes.to_vec();
        error
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

    /// The id under which the log holds this error's source.
    #[must_use]
    pub fn with_error_id(mut self, id: impl Into<String>) -> Self {
        self.0.error_id = Some(id.into());
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

    /// The scopes that were needed, for `insufficient_scope`.
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
            questions: &inner.questions,
        }
    }
}

/// A problem details object (RFC 9457) with the extension members `code`, `errors`, `error_id` and `questions`.
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
    /// What the caller has to answer first.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    pub questions: &'a [Question],
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
