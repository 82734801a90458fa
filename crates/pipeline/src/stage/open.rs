//! Stage 3: a write transaction for a service, a read-only connection for a selector. The first use of the pool.

use super::check::Checked;
use crate::db::{Conn, Db, Plans, Tx};
use diptych_spec::{Call, Declaration, Result};
use std::time::Duration;

/// A service's call, and the transaction that its owner lends it.
pub(crate) struct Opened<'t> {
    pub(super) call: Call,
    pub(super) tx: &'t mut Tx,
}

/// A selector's call, and its connection.
pub(crate) struct Reading<'t> {
    pub(super) call: Call,
    pub(super) conn: &'t mut Conn,
}

/// `longest` is the deadline that the database enforces, too.
pub(crate) async fn transaction(
    declaration: &Declaration,
    db: &Db,
    longest: Option<Duration>,
    plans: Plans,
) -> Result<Tx> {
    db.begin_with(plans, longest, declaration.lock()).await
}

pub(crate) async fn connection(db: &Db, plans: Plans) -> Result<Conn> {
    db.acquire(plans, plans == Plans::Fresh).await
}

impl<'t> Opened<'t> {
    pub(crate) fn new(checked: Checked, tx: &'t mut Tx) -> Self {
        Self { call: checked.into_call(), tx }
    }
}

impl<'t> Reading<'t> {
    pub(crate) fn new(checked: Checked, conn: &'t mut Conn) -> Self {
        Self { call: checked.into_call(), conn }
    }
}
