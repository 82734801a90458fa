//! The kinds of errors, and what each is called.

/// What went wrong, in terms every surface can express.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The request could not be read at all (malformed JSON, wrong media type).
    BadRequest,
    /// The request was read and its fields are wrong; see [`crate::Error::fields`].
    Invalid,
    /// Nobody is signed in, and somebody has to be.
    Unauthenticated,
    /// The caller may not do this.
    Forbidden,
    /// There is no such thing, or the caller may not know of it.
    NotFound,
    /// The caller has to answer something first; see [`crate::Error::questions`].
    InputRequired,
    /// The state of the data forbids it (a unique key, a precondition).
    Conflict,
    /// The row is not the version that the caller knows.
    PreconditionFailed,
    /// The caller has to say which version of the row they know, and did not.
    PreconditionRequired,
    /// Too many calls; [`crate::Error::retry_after`] says how long to wait.
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
    /// Every kind.
    pub const ALL: [Self; 16] = [
        Self::BadRequest,
        Self::Invalid,
        Self::Unauthenticated,
        Self::Forbidden,
        Self::NotFound,
        Self::InputRequired,
        Self::Conflict,
        Self::PreconditionFailed,
        Self::PreconditionRequired,
        Self::RateLimited,
        Self::TooLarge,
        Self::Deadline,
        Self::Cancelled,
        Self::Unavailable,
        Self::OutcomeUnknown,
        Self::Internal,
    ];

    /// Whether it is about the call as a whole, whichever part of it met the error: the transaction is lost, the time is over, the server
    /// is at fault, or somebody has to be asked first.
    #[must_use]
    pub const fn is_of_the_call(self) -> bool {
        matches!(
            self,
            Self::InputRequired
                | Self::Deadline
                | Self::Cancelled
                | Self::Unavailable
                | Self::OutcomeUnknown
                | Self::Internal
        )
    }

    /// Its name, as it is stored: of a task that failed, in the audit trail.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::BadRequest => "bad_request",
            Self::Invalid => "invalid",
            Self::Unauthenticated => "unauthenticated",
            Self::Forbidden => "forbidden",
            Self::NotFound => "not_found",
            Self::InputRequired => "input_required",
            Self::Conflict => "conflict",
            Self::PreconditionFailed => "precondition_failed",
            Self::PreconditionRequired => "precondition_required",
            Self::RateLimited => "rate_limited",
            Self::TooLarge => "too_large",
            Self::Deadline => "deadline",
            Self::Cancelled => "cancelled",
            Self::Unavailable => "unavailable",
            Self::OutcomeUnknown => "outcome_unknown",
            Self::Internal => "internal",
        }
    }

    /// The `title` of RFC 9457: as the type is `about:blank`, the phrase of the status (RFC 9457, section 4.2.1).
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::BadRequest => "Bad Request",
            Self::Invalid => "Unprocessable Content",
            Self::Unauthenticated => "Unauthorized",
            Self::Forbidden => "Forbidden",
            Self::NotFound => "Not Found",
            Self::Conflict | Self::InputRequired => "Conflict",
            Self::PreconditionFailed => "Precondition Failed",
            Self::PreconditionRequired => "Precondition Required",
            Self::RateLimited => "Too Many Requests",
            Self::TooLarge => "Content Too Large",
            Self::Deadline => "Gateway Timeout",
            Self::Cancelled | Self::Unavailable | Self::OutcomeUnknown => "Service Unavailable",
            Self::Internal => "Internal Server Error",
        }
    }

    /// The HTTP status of this kind (RFC 9110, section 15; RFC 6585), also the `status` member of the problem.
    #[must_use]
    pub const fn status(self) -> u16 {
        match self {
            Self::BadRequest => 400,
            Self::Invalid => 422,
            Self::Unauthenticated => 401,
            Self::Forbidden => 403,
            Self::NotFound => 404,
            Self::Conflict | Self::InputRequired => 409,
            Self::PreconditionFailed => 412,
            Self::PreconditionRequired => 428,
            Self::RateLimited => 429,
            Self::TooLarge => 413,
            Self::Deadline => 504,
            Self::Cancelled | Self::Unavailable | Self::OutcomeUnknown => 503,
            Self::Internal => 500,
        }
    }
}
