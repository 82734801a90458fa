//! Stage 7: the preconditions on the target, in the transaction that holds its lock.

use super::validate::Valid;
use crate::db::Tx;
use diptych_spec::{Call, Declaration, Result};

/// A call whose preconditions hold.
pub(crate) struct Ready<'t> {
    pub(super) call: Call,
    pub(super) tx: &'t mut Tx,
}

pub(crate) fn conditions<'t>(declaration: &Declaration, valid: Valid<'t>) -> Result<Ready<'t>> {
    declaration.require(&valid.call)?;
    Ok(Ready { call: valid.call, tx: valid.tx })
}
