//! The right to finish a task, and that it is finished together with the effect.

use super::store::Store;
use crate::{BeforeCommit, db::Tx};
use diptych_spec::{Error, ErrorKind, Result};
use futures_util::future::BoxFuture;

/// A claim on a task. Another worker can have it once it was not renewed in time, or the task is withdrawn.
#[derive(Debug, Clone)]
pub(super) struct Lease {
    pub(super) task: String,
    pub(super) id: String,
}

impl BeforeCommit for Lease {
    /// Marks the task as finished, if it is still ours: the row is then locked until COMMIT.
    fn before_commit<'a>(&'a self, tx: &'a mut Tx, answer: &'a str) -> BoxFuture<'a, Result<()>> {
        Box::pin(
            async move { if Store::finish_in(tx, &self.task, &self.id, answer).await? { Ok(()) } else { Err(lost()) } },
        )
    }
}

/// Somebody else has the task, or nobody may finish it any more.
fn lost() -> Error {
    Error::new(ErrorKind::Cancelled, "lease_lost", "the task was withdrawn, or another worker took it over")
}
