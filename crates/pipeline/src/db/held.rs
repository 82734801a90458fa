//! A connection taken from its slot, and the transaction on it, held so that a half-open one can never go back.
//!
//! A BEGIN that is cancelled in flight leaves the server inside a transaction that sqlx 0.9 does not know of; the next
//! borrower's committed work would vanish with it (ADR 0002). So a connection whose state is not known for certain is
//! closed when it is dropped.
//!
//! What is done seldom is boxed: a call's future has all of it inside, and a program that calls deep would not compile.

use super::{
    fault::{db_error, is_lost},
    interrupt::Interrupt,
    slots::Lease,
};
use diptych_spec::{Error, ErrorKind, Result};
use futures_util::FutureExt as _;
use sqlx::{AssertSqlSafe, Connection, SqlSafeStr};
use sqlx_core::transaction::TransactionManager;
use std::{borrow::Cow, fmt, time::Duration};

/// How long a rollback may take before the connection is closed instead.
const ROLLBACK_LIMIT: Duration = Duration::from_secs(5);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// No transaction, no statement under way: may go back to its slot.
    Idle,
    /// Something is under way, or a transaction is open.
    Busy,
}

/// A connection that closes itself unless it is known to be idle.
pub(crate) struct Held<D: Interrupt> {
    connection: Option<Lease<D>>,
    state: State,
    transaction: bool,
    /// A statement was sent and not answered yet, as far as we know.
    under_way: bool,
}

impl<D: Interrupt> Held<D> {
    pub(super) fn idle(connection: Lease<D>) -> Self {
        Self { connection: Some(connection), state: State::Idle, transaction: false, under_way: false }
    }

    /// Opens a transaction with this statement.
    pub(crate) async fn begin(mut self, sql: Cow<'static, str>) -> Result<Self> {
        self.sending();
        let begun = D::TransactionManager::begin(self.raw(), Some(AssertSqlSafe(sql).into_sql_str())).await;
        self.under_way = false;
        begun.map_err(db_error)?;
        self.transaction = true;
        Ok(self)
    }

    /// The connection itself.
    ///
    /// The connection is only ever missing after `commit`, `rollback` or `drop`, which all take `self`.
    #[expect(clippy::expect_used, reason = "see above")]
    pub(crate) fn raw(&mut self) -> &mut D::Connection {
        self.connection.as_mut().expect("the connection is there until the transaction ends").raw()
    }

    /// A statement is about to be sent.
    pub(crate) fn sending(&mut self) {
        self.state = State::Busy;
        self.under_way = true;
    }

    /// Whether a transaction was opened.
    pub(crate) fn is_in_transaction(&self) -> bool {
        self.transaction
    }

    /// Whether a statement was sent that was not answered, as far as we know.
    pub(crate) fn is_under_way(&self) -> bool {
        self.under_way
    }

    /// The statement was answered, whichever way; one that found the connection lost was not.
    pub(crate) fn replied<T>(&mut self, reply: &sqlx::Result<T>) {
        self.under_way = false;
        if !reply.as_ref().is_err_and(is_lost) {
            self.answered();
        }
    }

    /// Nothing is under way any more.
    pub(crate) fn answered(&mut self) {
        self.under_way = false;
        if !self.transaction {
            self.state = State::Idle;
        }
    }

    /// The connection is of no more use, and nothing is under way on it.
    pub(crate) fn spoil(&mut self) {
        (self.state, self.under_way) = (State::Busy, false);
    }

    /// Whether the connection answers.
    pub(crate) async fn is_alive(&mut self) -> bool {
        self.raw().ping().boxed().await.is_ok()
    }

    /// Forgets every plan. sqlx would go on using a cached one even for a statement that is not to be cached.
    pub(crate) async fn forget_plans(&mut self) -> Result<()>
    where
        D: sqlx::database::HasStatementCache,
    {
        self.raw().clear_cached_statements().boxed().await.map_err(db_error)
    }

    /// Opens a savepoint inside the transaction.
    pub(crate) async fn savepoint(&mut self) -> Result<()> {
        self.sending();
        let begun = D::TransactionManager::begin(self.raw(), None).await;
        self.under_way = false;
        begun.map_err(db_error)
    }

    /// Ends the innermost savepoint, keeping or undoing what was done in it.
    pub(crate) async fn end_savepoint(&mut self, keep: bool) -> Result<()> {
        self.sending();
        let ended = if keep {
            D::TransactionManager::commit(self.raw()).await
        } else {
            D::TransactionManager::rollback(self.raw()).await
        };
        self.under_way = false;
        ended.map_err(db_error)
    }

    /// Sends COMMIT and waits for its answer. When that is lost, nobody knows whether it happened.
    pub(crate) async fn commit(mut self) -> Result<()> {
        match D::TransactionManager::commit(self.raw()).await {
            Ok(()) => {
                self.state = State::Idle;
                Ok(())
            }
            // A deferred constraint: the database answered, and what it answered is "rolled back".
            Err(error @ sqlx::Error::Database(_)) if !is_lost(&error) => Err(db_error(error)),
            Err(error) => Err(Error::new(
                ErrorKind::OutcomeUnknown,
                "outcome_unknown",
                "the connection broke while the change was being committed; read before you try again",
            )
            .with_source(db_error(error))),
        }
    }

    /// Undoes the transaction. A statement that is under way is ended before. A connection that does not answer in time is closed,
    /// which undoes it as well.
    pub(crate) async fn rollback(mut self) {
        let under_way = self.under_way;
        let undone = async {
            if let Some(lease) = self.connection.as_mut().filter(|_| under_way) {
                lease.end_statement().boxed().await?;
            }
            while self.raw().is_in_transaction() {
                D::TransactionManager::rollback(self.raw()).await.map_err(db_error)?;
            }
            Ok::<_, Error>(())
        };
        if let Ok(Ok(())) = tokio::time::timeout(ROLLBACK_LIMIT, undone).await {
            (self.state, self.under_way) = (State::Idle, false);
        }
    }
}

impl<D: Interrupt> Held<D> {
    /// Undoes the transaction, and closes the connection: one that is needed seldom is not kept.
    pub(crate) async fn rollback_and_close(mut self) {
        let _ = tokio::time::timeout(ROLLBACK_LIMIT, D::TransactionManager::rollback(self.raw())).await;
        self.spoil();
    }
}

impl<D: Interrupt> Drop for Held<D> {
    fn drop(&mut self) {
        let Some(lease) = self.connection.take() else { return };
        match self.state {
            State::Idle => lease.give_back(),
            State::Busy if self.under_way => lease.abandon(),
            State::Busy => drop(lease),
        }
    }
}

impl<D: Interrupt> fmt::Debug for Held<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Held")
            .field("state", &self.state)
            .field("transaction", &self.transaction)
            .finish_non_exhaustive()
    }
}
