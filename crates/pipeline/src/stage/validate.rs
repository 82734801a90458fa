//! Stage 6: the rules of the input, every broken one at once. Behind the target, so that nobody learns from a broken rule
//! that a row is there. (Without a target, stage 2 has done it, unless the
//! call has an idempotency key.)

use super::current::Current;
use crate::db::Tx;
use diptych_spec::{Call, Declaration, Result};

/// A call whose input keeps the rules.
pub(crate) struct Valid<'t> {
    pub(super) call: Call,
    pub(super) tx: &'t mut Tx,
}

pub(crate) fn input<'t>(declaration: &Declaration, current: Current<'t>) -> Result<Valid<'t>> {
    if !current.is_valid {
        declaration.arguments().validate(&current.call)?;
    }
    Ok(Valid { call: current.call, tx: current.tx })
}
