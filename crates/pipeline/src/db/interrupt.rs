//! Ends the statement that is under way on a connection, in the database itself.
//!
//! Whoever waited for it is gone: the deadline has passed, or the caller withdrew the call. Dropping the future of a statement
//! stops the waiting and nothing else; the database would work on, hold its locks, and answer nobody (ADR 0027).

use diptych_spec::Result;
use sqlx::Database;
use std::future::Future;

/// A database whose statements can be ended from outside their connection.
pub(crate) trait Interrupt: Database {
    /// What that takes besides the connection.
    type Means: Send + Sync + 'static;

    /// How the statements of one connection are reached.
    type Reach: Send + Sync + 'static;

    /// Sets the connection up, and finds out how. Called once, when it was opened; a database that does not tell has statements
    /// that end by themselves.
    ///
    /// # Errors
    /// It cannot be set up, and is of no use.
    fn reach(
        connection: &mut Self::Connection,
        means: &Self::Means,
    ) -> impl Future<Output = sqlx::Result<Option<Self::Reach>>> + Send;

    /// Ends the statement that is under way, if one is. Returns when no later statement can be meant any more.
    ///
    /// # Errors
    /// It is not known whether a later one is meant: the connection has to be closed.
    fn end(means: &Self::Means, reach: &Self::Reach) -> impl Future<Output = Result<()>> + Send;

    /// Waits for the statement that was ended, and lets the connection run others.
    fn resume(connection: &mut Self::Connection, reach: &Self::Reach) -> impl Future<Output = sqlx::Result<()>> + Send;
}
