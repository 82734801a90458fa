//! A transaction, lent to a service as `&mut Tx`. Only its owner can end it.

use super::{Backend, Conn, backend::each, connection::Driver};
use diptych_spec::{Error, Lock, Result};
use std::ops::{Deref, DerefMut};

/// A write transaction. It is also a [`Conn`]: everything that reads runs on it too.
#[derive(Debug)]
pub struct Tx {
    conn: Conn,
    target_lock: Lock,
    /// A savepoint is open, or was dropped half-way: what is in the transaction is not known.
    torn: bool,
}

impl Tx {
    pub(crate) fn new(conn: Conn, target_lock: Lock) -> Self {
        Self { conn, target_lock, torn: false }
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
        let mut open = Torn::open(self);
        each!(&mut open.tx.conn.driver, Driver, |held| held.savepoint().await)?;
        let done = work(open.tx).await;
        each!(&mut open.tx.conn.driver, Driver, |held| held.end_savepoint(done.is_ok()).await)?;
        open.mended = true;
        drop(open);
        if done.is_err() {
            self.conn.failed = false;
        }
        done
    }

    /// Locks the rows that are read from here on, or no longer.
    pub(crate) fn lock_target(&mut self, on: bool) {
        self.conn.lock = if on { self.target_lock } else { Lock::None };
    }

    /// Keeps what was done.
    ///
    /// # Errors
    /// [`diptych_spec::ErrorKind::OutcomeUnknown`] when the connection broke meanwhile; a conflict when a deferred
    /// constraint refuses; [`diptych_spec::ErrorKind::Internal`] when a statement had failed and was ignored, so that
    /// there is nothing to keep.
    pub async fn commit(mut self) -> Result<()> {
        if !self.takes_statements().await {
            self.rollback().await;
            return Err(ignored());
        }
        each!(self.conn.driver, Driver, |held| held.commit().await)
    }

    /// What COMMIT would say, as far as that can be known without it: on PostgreSQL deferred constraints are checked. On SQLite
    /// there is no way to ask.
    pub(crate) async fn check(&mut self) -> Result<()> {
        if !self.takes_statements().await {
            return Err(ignored());
        }
        match self.backend() {
            Backend::Postgres => super::query("SET CONSTRAINTS ALL IMMEDIATE").execute(self).await.map(drop),
            Backend::Sqlite => Ok(()),
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
        #[cfg(feature = "postgres")]
        if self.conn.unseen && matches!(self.conn.driver, Driver::Postgres(_)) {
            return super::query("SELECT 1").execute(self).await.is_ok();
        }
        true
    }
}

fn ignored() -> Error {
    Error::internal(
        "a statement failed, or was not waited for, and the service went on; on PostgreSQL that undoes the whole transaction: wrap the statement in `tx.savepoint(…)`",
    )
}

/// Tears the transaction when it is dropped before the savepoint was ended.
struct Torn<'t> {
    tx: &'t mut Tx,
    mended: bool,
}

impl<'t> Torn<'t> {
    fn open(tx: &'t mut Tx) -> Self {
        Self { tx, mended: false }
    }
}

impl Drop for Torn<'_> {
    fn drop(&mut self) {
        if !self.mended {
            self.tx.torn = true;
        }
    }
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
