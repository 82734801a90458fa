//! Statements that belong to a service's transaction but not to the service.

use crate::db::Tx;
use diptych_spec::Result;
use futures_util::future::BoxFuture;

/// What a caller has kept in the same transaction as the effect of a service: either both are there afterwards, or
/// neither (ADR 0014).
pub trait BeforeCommit: Send + Sync + 'static {
    /// Runs once the answer (JSON) is known, right before COMMIT; within the deadline of the call.
    ///
    /// # Errors
    /// Whatever keeps the service from being committed: everything is rolled back, and the caller gets the error.
    fn before_commit<'a>(&'a self, tx: &'a mut Tx, answer: &'a str) -> BoxFuture<'a, Result<()>>;
}
