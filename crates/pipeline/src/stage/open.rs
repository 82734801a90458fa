//! Stage 3: a write transaction for a service, a read-only connection for a selector. The first use of the pool.

use super::scope::Entered;
use crate::{
    db::{Conn, Db, Plans, Terms, Tx},
    scope::Scope,
};
use diptych_spec::{Call, Deadline, Declaration, Result};
use std::time::Duration;
use tokio::sync::OwnedSemaphorePermit;

/// A service's call, and the transaction that its owner lends it.
pub(crate) struct Opened<'t> {
    pub(super) call: Call,
    pub(super) is_valid: bool,
    pub(super) tx: &'t mut Tx,
}

/// A selector's call, and its connection.
pub(crate) struct Reading<'t> {
    pub(super) call: Call,
    pub(super) conn: &'t mut Conn,
}

/// `deadline` is one that the database enforces, too.
pub(crate) async fn transaction(
    declaration: &Declaration,
    db: &Db,
    deadline: Option<Duration>,
    plans: Plans,
) -> Result<Tx> {
    let (isolation, lock) = (declaration.isolation(), declaration.lock());
    db.begin_with(Terms { plans, deadline, isolation, lock, own: false }).await
}

pub(crate) async fn connection(
    declaration: &Declaration,
    scope: Option<&Scope>,
    db: &Db,
    plans: Plans,
) -> Result<Conn> {
    let tested = plans == Plans::Fresh;
    if declaration.is_snapshot() {
        db.snapshot(plans, tested).await
    } else if scope.is_some_and(|scope| scope.setting().is_some()) {
        db.bracket(plans, tested).await
    } else {
        db.acquire(plans, tested).await
    }
}

/// For all rows of a list.
pub(crate) async fn stream(db: &Db, place: OwnedSemaphorePermit, deadline: Deadline) -> Result<Conn> {
    db.stream(place, deadline.remaining()).await
}

impl<'t> Opened<'t> {
    pub(crate) fn new(entered: Entered, tx: &'t mut Tx) -> Self {
        Self { call: entered.call, is_valid: entered.is_valid, tx }
    }
}

impl<'t> Opened<'t> {
    /// One item of a call, in the transaction of the call. Its rules were checked with those of all items, or are with what is its own.
    pub(crate) fn item(call: Call, is_valid: bool, tx: &'t mut Tx) -> Self {
        Self { call, is_valid, tx }
    }
}

impl<'t> Reading<'t> {
    pub(crate) fn new(entered: Entered, conn: &'t mut Conn) -> Self {
        Self { call: entered.call, conn }
    }
}
