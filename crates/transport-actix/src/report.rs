//! What the log is told of a fault that happened outside any operation; the pipeline reports those inside.

use diptych_spec::{Error, ErrorKind};
use std::error::Error as _;

/// Logs the cause of a server's fault, once, and gives the error the id under which it was logged and traced.
pub(crate) fn error(error: Error) -> Error {
    if error.kind() != ErrorKind::Internal || error.error_id().is_some() {
        return error;
    }
    let id = diptych_pipeline::error_id();
    let cause = error.source().map(ToString::to_string).unwrap_or_default();
    tracing::error!(error_id = %id, code = error.code(), %cause, "request failed");
    error.with_error_id(id)
}
