//! A part of a transaction that can be undone by itself.

use super::{Tx, after_commit::Count, backend::each, connection::Driver};
use crate::scope::InScope;
use diptych_spec::{Lock, Result};
use std::sync::Arc;

/// A part of a transaction, begun and not ended. Dropped half-way, it undoes the whole transaction: nobody knows what is in it.
/// However it ends, targets are locked and rows are there as before it.
pub(crate) struct Savepoint<'t> {
    tx: &'t mut Tx,
    /// What was left for after COMMIT before it began.
    hooks: Count,
    lock: Lock,
    scope: Option<Arc<InScope>>,
    ended: bool,
}

impl Tx {
    /// Begins one. The transaction is lent to it until it ends.
    pub(crate) async fn begin_savepoint(&mut self) -> Result<Savepoint<'_>> {
        let (hooks, lock, scope) = (self.hooks.count(), self.target_lock, self.conn.scope.clone());
        let savepoint = Savepoint { tx: self, hooks, lock, scope, ended: false };
        each!(&mut savepoint.tx.conn.driver, Driver, |held| held.savepoint().await)?;
        Ok(savepoint)
    }
}

impl Savepoint<'_> {
    /// The transaction.
    pub(crate) fn tx(&mut self) -> &mut Tx {
        self.tx
    }

    /// Makes what was done a part of what is around it.
    pub(crate) async fn release(mut self) -> Result<()> {
        self.end(true).await
    }

    /// Undoes what was done, and forgets what it left for after COMMIT.
    pub(crate) async fn roll_back(mut self) -> Result<()> {
        self.end(false).await?;
        self.tx.conn.failed = false;
        self.tx.hooks.truncate(self.hooks);
        Ok(())
    }

    async fn end(&mut self, keep: bool) -> Result<()> {
        each!(&mut self.tx.conn.driver, Driver, |held| held.end_savepoint(keep).await)?;
        self.ended = true;
        Ok(())
    }
}

impl Drop for Savepoint<'_> {
    fn drop(&mut self) {
        self.tx.target_lock = self.lock;
        self.tx.conn.scope = self.scope.take();
        if !self.ended {
            self.tx.torn = true;
        }
    }
}
