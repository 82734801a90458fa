//! A transaction, lent to a service as `&mut Tx`. Only its owner can end it.

use super::{AfterCommits, Backend, Conn, after_commit::Hooks, backend::each, connection::Driver};
use diptych_spec::{Error, Lock, Result};
use std::{
    future::Future,
    ops::{Deref, DerefMut},
    sync::Arc,
};
use tokio::sync::Notify;

/// A write transaction. It is also a [`Conn`]: everything that reads runs on it too.
#[derive(Debug)]
pub struct Tx {
    pub(super) conn: Conn,
    pub(super) target_lock: Lock,
    /// A savepoint is open, or was dropped half-way: what is in the transaction is not known.
    pub(super) torn: bool,
    pub(super) hooks: Hooks,
    after: AfterCommits,
}

impl Tx {
    pub(super) fn new(conn: Conn, target_lock: Lock, after: AfterCommits) -> Self {
        Self { conn, target_lock, torn: false, hooks: Hooks::default(), after }
    }

    /// Leaves something to be done once COMMIT was acknowledged: a request to another system, a cache that is to be forgotten.
    ///
    /// It is dropped without having begun when the transaction is rolled back, for whatever reason, when the savepoint that it was
    /// left in is, after a dry run, and when the outcome of COMMIT is not known. Otherwise it runs in a task of its own: the caller
    /// gets the answer without waiting for it, and a server that stops waits for it. Several run one after the other. One that panics
    /// or takes longer than [`super::DbOptions::after_commit_deadline`] is logged, and changes nothing for the others.
    ///
    /// It is done **at most once**, and not at all when the process dies first. What has to happen is sent through the outbox, with
    /// [`crate::Outgoing`].
    ///
    /// ```
    /// # use diptych_pipeline::{Tx, query};
    /// # async fn forget(_: i64) {}
    /// # async fn example(tx: &mut Tx, id: i64) -> diptych_spec::Result<()> {
    /// query("UPDATE notes SET seen = TRUE WHERE id = $1").bind(id).execute(tx).await?;
    /// tx.after_commit(async move { forget(id).await });
    /// # Ok(()) }
    /// ```
    pub fn after_commit(&mut self, work: impl Future<Output = ()> + Send + 'static) {
        self.hooks.add(work);
    }

    /// Tells somebody, as soon as COMMIT was acknowledged.
    pub(crate) fn wake_after_commit(&mut self, somebody: &Arc<Notify>) {
        self.hooks.wake(somebody);
    }

    /// Tells something, as soon as COMMIT was acknowledged.
    pub(crate) fn tell_after_commit(&mut self, telling: impl FnOnce() + Send + 'static) {
        self.hooks.tell(telling);
    }

    /// Runs `work` so that its failure undoes only what it did, and the transaction goes on.
    ///
    /// On PostgreSQL this is the only way to survive a failing statement: without it everything after is refused until
    /// the rollback. Dropping the future half-way undoes the whole transaction.
    ///
    /// ```ignore
    /// let added = tx.savepoint(async |tx| query("INSERT …").execute(tx).await).await;
    /// ```
    ///
    /// # Errors
    /// Those of `work`.
    pub async fn savepoint<T, E, F>(&mut self, work: F) -> Result<T, E>
    where
        E: From<Error>,
        F: AsyncFnOnce(&mut Self) -> Result<T, E>,
    {
        let mut savepoint = self.begin_savepoint().await?;
        let done = work(savepoint.tx()).await;
        match done {
            Ok(_) => savepoint.release().await?,
            // What cannot be undone by itself is undone with the whole transaction; why it failed is what is to be known.
            Err(_) => drop(savepoint.roll_back().await),
        }
        done
    }

    /// Locks the rows that are read from here on, or no longer.
    pub(crate) fn lock_target(&mut self, on: bool) {
        self.conn.lock = if on { self.target_lock } else { Lock::None };
    }

    /// Locks targets this way, up to the end of the savepoint that is open.
    pub(crate) fn lock_targets(&mut self, lock: Lock) {
        self.target_lock = lock;
    }

    /// Keeps what was done.
    ///
    /// # Errors
    /// [`diptych_spec::ErrorKind::OutcomeUnknown`] when the connection broke meanwhile; a conflict when a deferred
    /// constraint refuses; [`diptych_spec::ErrorKind::Internal`] when a statement had failed and was ignored, so that
    /// there is nothing to keep.
    pub async fn commit(self) -> Result<()> {
        self.commit_of("").await
    }

    /// The same, for an operation that the log is told of.
    pub(crate) async fn commit_of(mut self, operation: &str) -> Result<()> {
        if !self.takes_statements().await {
            self.rollback().await;
            return Err(ignored());
        }
        let Self { conn, hooks, after, .. } = self;
        each!(conn.driver, Driver, |held| held.commit().await)?;
        hooks.run(&after, operation);
        Ok(())
    }

    /// What COMMIT would say, as far as that can be known without it: on PostgreSQL deferred constraints are checked. On SQLite
    /// there is no way to ask, and on MySQL nothing is deferred.
    pub(crate) async fn check(&mut self) -> Result<()> {
        let takes_statements = match &mut self.conn.driver {
            // What asks at COMMIT would end the savepoints.
            #[cfg(feature = "mysql")]
            Driver::MySql(held) => !self.torn && !self.conn.failed && super::mysql::is_in_one(held).await,
            #[allow(unreachable_patterns, reason = "the only driver that is compiled in")]
            _ => self.takes_statements().await,
        };
        if !takes_statements {
            return Err(ignored());
        }
        match self.backend() {
            Backend::Postgres => super::query("SET CONSTRAINTS ALL IMMEDIATE").execute(self).await.map(drop),
            Backend::Sqlite | Backend::MySql => Ok(()),
        }
    }

    /// Undoes what was done.
    pub async fn rollback(self) {
        each!(self.conn.driver, Driver, |held| held.rollback().await);
    }

    /// Whether there is something to keep. COMMIT of a transaction that takes no more statements is answered with success.
    async fn takes_statements(&mut self) -> bool {
        // COMMIT would wait for a statement that nobody waits for, and no deadline holds there.
        let left = !self.conn.unseen && each!(&self.conn.driver, Driver, |held| held.is_under_way());
        if self.torn || self.conn.failed || left {
            return false;
        }
        match &mut self.conn.driver {
            #[cfg(feature = "postgres")]
            Driver::Postgres(_) if self.conn.unseen => super::query("SELECT 1").execute(self).await.is_ok(),
            #[cfg(feature = "mysql")]
            Driver::MySql(held) if self.conn.unseen => super::mysql::is_open(held).await,
            #[allow(unreachable_patterns, reason = "the only driver that is compiled in")]
            _ => true,
        }
    }
}

fn ignored() -> Error {
    Error::internal(
        "a statement failed, or was not waited for, and the service went on; on PostgreSQL that undoes the whole transaction, on MySQL a deadlock does: wrap the statement in `tx.savepoint(…)`",
    )
}

impl Deref for Tx {
    type Target = Conn;
    fn deref(&self) -> &Conn {
        &self.conn
    }
}

impl DerefMut for Tx {
    fn deref_mut(&mut self) -> &mut Conn {
        &mut self.conn
    }
}
