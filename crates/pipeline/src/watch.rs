//! What can stop a running operation: its deadline, its caller, and its own panic. All three become an error, so that
//! whoever owns the transaction rolls it back.

use diptych_spec::{Deadline, Error, ErrorKind, Result};
use futures_util::FutureExt as _;
use std::{future::Future, panic::AssertUnwindSafe};
use tokio_util::sync::CancellationToken;

/// Runs `work` until it is done or stopped. When it is stopped, `work` is dropped where it stands.
///
/// Whether the call was withdrawn is asked first: a database in the same process may have answered by the time it is
/// looked at, and then work that is asked first goes through without ever being seen to wait.
pub(crate) async fn until<T>(
    deadline: Deadline,
    cancelled: &CancellationToken,
    work: impl Future<Output = Result<T>>,
) -> Result<T> {
    tokio::select! {
        biased;
        () = cancelled.cancelled() => Err(Error::new(ErrorKind::Cancelled, "cancelled", "the caller withdrew the call")),
        done = AssertUnwindSafe(work).catch_unwind() => {
            done.unwrap_or_else(|_| Err(Error::internal("the operation panicked")))
        }
        () = tokio::time::sleep_until(deadline.instant().into()) => {
            Err(Error::new(ErrorKind::Deadline, "deadline", "the operation took longer than its deadline; nothing was changed"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[tokio::test]
    async fn a_withdrawn_call_does_not_begin() {
        let (deadline, cancelled) = (Deadline::after(Duration::from_secs(9)), CancellationToken::new());
        assert!(until(deadline, &cancelled, async { Ok(()) }).await.is_ok());
        cancelled.cancel();
        let mut begun = false;
        let work = async {
            begun = true;
            Ok(())
        };
        let stopped = until(deadline, &cancelled, work).await;
        assert_eq!((stopped.map_err(|error| error.kind()), begun), (Err(ErrorKind::Cancelled), false));
    }
}
