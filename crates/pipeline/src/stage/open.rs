//! Stage 3: a write transaction for a service, a read-only connection for a selector. The first use of the pool.

use super::check::Checked;
use crate::db::{Conn, Db, Plans, Terms, Tx};
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
    db.begin_with(Terms { plans, deadline, isolation, lock }).await
}

pub(crate) async fn connection(declaration: &Declaration, db: &Db, plans: Plans) -> Result<Conn> {
    let tested = plans == Plans::Fresh;
    if declaration.is_snapshot() { db.snapshot(plans, tested).await } else { db.acquire(plans, tested).await }
}

/// For all rows of a list.
pub(crate) async fn stream(db: &Db, place: OwnedSemaphorePermit, deadline: Deadline) -> Result<Conn> {
    db.stream(place, deadline.remaining()).await
}

impl<'t> Opened<'t> {
    pub(crate) fn new(checked: Checked, tx: &'t mut Tx) -> Self {
        Self { is_valid: checked.is_valid(), call: checked.into_call(), tx }
    }
}

impl<'t> Reading<'t> {
    pub(crate) fn new(checked: Checked, conn: &'t mut Conn) -> Self {
        Self { call: checked.into_call(), conn }
    }
}
