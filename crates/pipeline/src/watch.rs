//! What can stop a running operation: its deadline, its caller, and its own panic. All three become an error, so that
//! whoever owns the transaction rolls it back.

use diptych_spec::{Deadline, Error, ErrorKind, Result};
use futures_util::FutureExt as _;
use std::{future::Future, panic::AssertUnwindSafe};
use tokio_util::sync::CancellationToken;

/// Runs `work` until it is done or stopped. When it is stopped, `work` is dropped where it stands.
pub(crate) async fn until<T>(
    deadline: Deadline,
    cancelled: &CancellationToken,
    work: impl Future<Output = Result<T>>,
) -> Result<T> {
    tokio::select! {
        biased;
        done = AssertUnwindSafe(work).catch_unwind() => {
            done.unwrap_or_else(|_| Err(Error::internal("the operation panicked")))
        }
        () = cancelled.cancelled() => Err(Error::new(ErrorKind::Cancelled, "cancelled", "the caller withdrew the call")),
        () = tokio::time::sleep_until(deadline.instant().into()) => {
            Err(Error::new(ErrorKind::Deadline, "deadline", "the operation took longer than its deadline; nothing was changed"))
        }
    }
}
