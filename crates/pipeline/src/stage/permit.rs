//! Stage 5: may this caller work on *this* row? Where not, the answer is the one for a row that is not there.

use super::resolve::Resolved;
use crate::db::Tx;
use diptych_spec::{Call, Declaration, Result};

/// A call whose caller may work on the target.
pub(crate) struct Permitted<'t> {
    pub(super) call: Call,
    pub(super) is_valid: bool,
    pub(super) tx: &'t mut Tx,
}

pub(crate) fn target<'t>(declaration: &Declaration, resolved: Resolved<'t>) -> Result<Permitted<'t>> {
    declaration.permit(&resolved.call)?;
    Ok(Permitted { call: resolved.call, is_valid: resolved.is_valid, tx: resolved.tx })
}
