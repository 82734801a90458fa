//! What the log is told of an error that the caller is not told.

use crate::trace;
use diptych_spec::{Declaration, Error, ErrorKind};
use std::error::Error as StdError;

/// Logs the cause of a server's fault and gives the error the id under which it was logged and traced.
pub(crate) fn error(declaration: &Declaration, error: Error) -> Error {
    trace::ended(&error);
    match error.kind() {
        ErrorKind::Internal | ErrorKind::OutcomeUnknown => {
            let id = trace::error_id();
            tracing::error!(operation = declaration.name(), error_id = %id, code = error.code(), cause = %Causes(&error), "operation failed");
            error.with_error_id(id)
        }
        ErrorKind::Unavailable | ErrorKind::Deadline => {
            tracing::warn!(operation = declaration.name(), code = error.code(), cause = %Causes(&error), "operation not done");
            error
        }
        _ => error,
    }
}

/// The chain of sources, outermost first.
pub(crate) struct Causes<'e>(pub(crate) &'e Error);

impl std::fmt::Display for Causes<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut source = StdError::source(self.0);
        let mut first = true;
        while let Some(cause) = source {
            write!(f, "{}{cause}", if first { "" } else { ": " })?;
            first = false;
            source = cause.source();
        }
        Ok(())
    }
}
