//! The error of a task that failed, as it is stored: what the caller is told, never what the log is told.

use diptych_spec::{Error, ErrorKind, FieldError};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

const KINDS: [(ErrorKind, &str); 14] = [
    (ErrorKind::BadRequest, "bad_request"),
    (ErrorKind::Invalid, "invalid"),
    (ErrorKind::Unauthenticated, "unauthenticated"),
    (ErrorKind::Forbidden, "forbidden"),
    (ErrorKind::NotFound, "not_found"),
    (ErrorKind::InputRequired, "input_required"),
    (ErrorKind::Conflict, "conflict"),
    (ErrorKind::RateLimited, "rate_limited"),
    (ErrorKind::TooLarge, "too_large"),
    (ErrorKind::Deadline, "deadline"),
    (ErrorKind::Cancelled, "cancelled"),
    (ErrorKind::Unavailable, "unavailable"),
    (ErrorKind::OutcomeUnknown, "outcome_unknown"),
    (ErrorKind::Internal, "internal"),
];

#[derive(Serialize, Deserialize)]
struct Failure<'a> {
    kind: Cow<'a, str>,
    code: Cow<'a, str>,
    detail: Cow<'a, str>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    fields: Vec<Field<'a>>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    scopes: Vec<Cow<'a, str>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    error_id: Option<Cow<'a, str>>,
}

#[derive(Serialize, Deserialize)]
struct Field<'a> {
    pointer: Cow<'a, str>,
    code: Cow<'a, str>,
    detail: Cow<'a, str>,
}

pub(super) fn write<'e>(error: &'e Error) -> String {
    let kind = KINDS.iter().find(|(kind, _)| *kind == error.kind()).map_or("internal", |(_, name)| name);
    let field = |field: &'e FieldError| Field {
        pointer: Cow::from(&*field.pointer),
        code: Cow::from(&*field.code),
        detail: Cow::from(&*field.detail),
    };
    let failure = Failure {
        kind: kind.into(),
        code: error.code().into(),
        detail: error.detail().into(),
        fields: error.fields().iter().map(field).collect(),
        scopes: error.scopes().iter().map(|scope| Cow::from(&**scope)).collect(),
        error_id: error.error_id().map(Cow::from),
    };
    serde_json::to_value(failure).unwrap_or_default().to_string()
}

pub(super) fn read(json: &str) -> Error {
    let Ok(failure) = serde_json::from_str::<Failure<'_>>(json) else {
        return Error::internal("the stored error of a task cannot be read");
    };
    let kind = KINDS.iter().find(|(_, name)| *name == failure.kind).map_or(ErrorKind::Internal, |(kind, _)| *kind);
    let field = |field: Field<'_>| FieldError::new(field.pointer, field.code.into_owned(), field.detail);
    let mut error = if kind == ErrorKind::Invalid {
        Error::invalid(failure.fields.into_iter().map(field).collect())
    } else if failure.scopes.is_empty() {
        Error::new(kind, failure.code.into_owned(), failure.detail.into_owned())
    } else {
        let scopes: Vec<Cow<'static, str>> =
            failure.scopes.into_iter().map(|scope| scope.into_owned().into()).collect();
        Error::insufficient_scope(&scopes)
    };
    if let Some(id) = failure.error_id {
        error = error.with_error_id(id);
    }
    error
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_is_read_as_it_was_told() {
        let told = |error: &Error| (error.kind(), serde_json::to_value(error.problem()).unwrap());
        let fields = vec![FieldError::new("/a", "odd", "must be even"), FieldError::new("/b", "type", "a number")];
        for error in [
            Error::invalid(fields),
            Error::conflict("sent", "it was sent"),
            Error::insufficient_scope(&["notes:write".into()]),
            Error::internal("the password is hunter2").with_error_id("17"),
            Error::new(ErrorKind::Deadline, "deadline", "too long"),
        ] {
            let written = write(&error);
            assert!(!written.contains("hunter2"));
            assert_eq!(told(&read(&written)), told(&error));
        }
        assert_eq!(read("?").kind(), ErrorKind::Internal);
    }
}
