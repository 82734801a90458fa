//! Stage 5, second half: is the row still the version that the caller knows? Behind the permission, so that nobody learns of a row that is
//! not theirs; on the row that is locked, so that of two calls that know the same version one wins.

use super::permit::Permitted;
use crate::db::Tx;
use diptych_spec::{Call, Declaration, Result};

/// A call whose target is what the caller takes it for.
pub(crate) struct Current<'t> {
    pub(super) call: Call,
    pub(super) is_valid: bool,
    pub(super) tx: &'t mut Tx,
}

pub(crate) fn version<'t>(declaration: &Declaration, permitted: Permitted<'t>) -> Result<Current<'t>> {
    declaration.check_version(&permitted.call)?;
    Ok(Current { call: permitted.call, is_valid: permitted.is_valid, tx: permitted.tx })
}
