//! The error of a task that failed, as it is stored: what the caller is told, never what the log is told.

use diptych_spec::{Error, ErrorKind, FieldError};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

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
    let field = |field: &'e FieldError| Field {
        pointer: Cow::from(&*field.pointer),
        code: Cow::from(&*field.code),
        detail: Cow::from(&*field.detail),
    };
    let failure = Failure {
        kind: error.kind().name().into(),
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
    let kind = ErrorKind::ALL.into_iter().find(|kind| kind.name() == failure.kind).unwrap_or(ErrorKind::Internal);
    let field = |field: Field<'_>| FieldError::new(field.pointer, field.code.into_owned(), field.detail);
    let mut error = if kind == ErrorKind::Invalid {
        Error::invalid(failure.fields.into_iter().map(field).collect())
    } else if kind == ErrorKind::Forbidden && !failure.scopes.is_empty() {
        let scopes: Vec<Cow<'static, str>> =
            failure.scopes.into_iter().map(|scope| scope.into_owned().into()).collect();
        Error::insufficient_scope(&scopes)
    } else {
        Error::new(kind, failure.code.into_owned(), failure.detail.into_owned())
    };
    if let Some(id) = failure.error_id {
        error = error.with_error_id(id);
    }
    error
}

#[cfg(test)]
mod tests {
    use super::*;
    use diptych_spec::{ExposedSpec, Scope};

    #[test]
    fn an_error_is_read_as_it_was_told() {
        let told = |error: &Error| (error.kind(), serde_json::to_value(error.problem()).unwrap());
        let fields = vec![FieldError::new("/a", "odd", "must be even"), FieldError::new("/b", "type", "a number")];
        // Nobody is signed in, and the scopes to ask for are known.
        let scoped = ExposedSpec::new("notes.add", "").allow(Scope("notes:write"));
        for error in [
            Error::invalid(fields),
            Error::conflict("sent", "it was sent"),
            Error::insufficient_scope(&["notes:write".into()]),
            scoped.into_declaration().authorize(None).unwrap_err(),
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
