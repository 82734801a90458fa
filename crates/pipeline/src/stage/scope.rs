//! Stage 3, in between: which rows there are for this caller. Before anything else is read, an idempotency key included.

use super::check::Checked;
use crate::{
    db::Conn,
    scope::{self, Scope},
};
use diptych_spec::{Call, Result};

/// A call whose connection knows its row scope, if it has one.
pub(crate) struct Entered {
    pub(super) call: Call,
    pub(super) is_valid: bool,
}

pub(crate) async fn rows(scope: Option<&Scope>, checked: Checked, conn: &mut Conn) -> Result<Entered> {
    let is_valid = checked.is_valid();
    let mut call = checked.into_call();
    scope::enter(scope, &mut call, conn).await?;
    Ok(Entered { call, is_valid })
}
