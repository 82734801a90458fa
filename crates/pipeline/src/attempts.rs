//! Whether a call that failed is run again from the top, and when.
//!
//! Only where nothing of it is in the database: the transaction was rolled back, by us or by the database itself. A COMMIT whose
//! outcome is not known ends the call. What the caller was told meanwhile (progress, log messages) is not taken back.

use crate::{
    Operation,
    db::{Plans, is_retryable, lost_a_race},
    trace::stage,
    watch::until,
};
use diptych_spec::{Deadline, Error, Result};
use tokio_util::sync::CancellationToken;

/// How often a call was run, and how it runs next.
pub(crate) struct Attempts<'c> {
    operation: &'c Operation,
    deadline: Deadline,
    plans: Plans,
    /// How often it was run again because it lost against another call.
    retried: u32,
}

impl<'c> Attempts<'c> {
    pub(crate) fn of(operation: &'c Operation, deadline: Deadline) -> Self {
        Self { operation, deadline, plans: Plans::Cached, retried: 0 }
    }

    /// Whether the next one may use cached plans.
    pub(crate) fn plans(&self) -> Plans {
        self.plans
    }

    /// Returns when it is time to run the call again.
    ///
    /// # Errors
    /// What the call failed with, if it is not run again; that it was withdrawn, if that happened meanwhile.
    pub(crate) async fn again(&mut self, error: Error, withdrawn: &CancellationToken) -> Result<()> {
        if self.plans == Plans::Cached && self.is_out_of_date(&error) {
            self.plans = Plans::Fresh;
            return Ok(());
        }
        let declaration = self.operation.declaration();
        let retry = declaration.retry().filter(|_| lost_a_race(&error));
        let pause = retry.and_then(|retry| retry.pause_after(self.retried, random()));
        let Some(pause) = pause.filter(|pause| *pause < self.deadline.remaining()) else {
            return Err(error);
        };
        let waiting = async {
            tokio::time::sleep(pause).await;
            Ok(())
        };
        stage("retry", until(self.deadline, withdrawn, waiting)).await?;
        self.retried += 1;
        declaration.note_retry();
        tracing::debug!(
            operation = declaration.name(),
            retry = self.retried,
            "a call lost against another and is run again"
        );
        Ok(())
    }

    /// A plan that DDL made stale, or, for a read, a connection that was dead.
    fn is_out_of_date(&self, error: &Error) -> bool {
        is_retryable(error) && (error.code() == "stale_plan" || !self.operation.is_service())
    }
}

/// Calls that lost against each other must not meet again: each waits for a time of its own.
fn random() -> u32 {
    uuid::Uuid::new_v4().as_fields().0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Operations, Tx};
    use diptych_spec::{Anyone, ErrorKind, Retry, ServiceSpec};
    use std::time::Duration;

    fn service(retry: Retry) -> Operations {
        let nothing = async |_: &mut Tx| -> Result<()> { Ok(()) };
        Operations::new().add(ServiceSpec::from_fn("nothing", nothing).allow(Anyone).retry(retry))
    }

    fn lost() -> Error {
        Error::new(ErrorKind::Unavailable, "serialization", "another call was changing the same rows")
    }

    #[tokio::test]
    async fn as_often_as_was_said() {
        let operations = service(Retry::times(2).pause(Duration::ZERO));
        let operation = &operations.as_slice()[0];
        let mut attempts = Attempts::of(operation, Deadline::after(Duration::from_secs(60)));
        let withdrawn = CancellationToken::new();
        assert!(attempts.again(Error::conflict("own", "its own"), &withdrawn).await.is_err());
        for _ in 0..2 {
            attempts.again(lost(), &withdrawn).await.unwrap();
        }
        assert_eq!(attempts.again(lost(), &withdrawn).await.unwrap_err().code(), "serialization");
        assert_eq!(operation.declaration().retried(), 2);
    }

    #[tokio::test]
    async fn neither_after_the_deadline_nor_after_the_call_was_withdrawn() {
        let operations = service(Retry::times(10));
        let operation = &operations.as_slice()[0];
        let withdrawn = CancellationToken::new();
        let mut late = Attempts::of(operation, Deadline::after(Duration::ZERO));
        assert_eq!(late.again(lost(), &withdrawn).await.unwrap_err().code(), "serialization");
        let mut attempts = Attempts::of(operation, Deadline::after(Duration::from_secs(60)));
        withdrawn.cancel();
        assert_eq!(attempts.again(lost(), &withdrawn).await.unwrap_err().code(), "cancelled");
        assert_eq!(operation.declaration().retried(), 0);
    }
}
