//! Stage 1: may this caller use this operation at all? Nothing has been read yet, neither arguments nor rows, so a refused
//! caller learns nothing of them.

use diptych_spec::{Call, Declaration, Result};

/// A call whose caller may use the operation.
pub(crate) struct Authorized {
    call: Call,
}

pub(crate) fn caller(declaration: &Declaration, call: Call) -> Result<Authorized> {
    declaration.authorize(call.principal())?;
    Ok(Authorized { call })
}

impl Authorized {
    pub(super) fn into_call(self) -> Call {
        self.call
    }
}
