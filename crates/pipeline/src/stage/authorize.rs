//! Stage 1: may this caller use this operation at all? Nothing has been read yet, neither arguments nor rows, so a refused
//! caller learns nothing of them.

use crate::Operation;
use diptych_spec::{Call, Result};

/// A call whose caller may use the operation.
pub(crate) struct Authorized {
    call: Call,
}

pub(crate) fn caller(operation: &Operation, mut call: Call) -> Result<Authorized> {
    operation.declaration().authorize(call.principal())?;
    if let Some(scope) = operation.scope() {
        scope.of_caller(&mut call)?;
    }
    Ok(Authorized { call })
}

impl Authorized {
    pub(super) fn into_call(self) -> Call {
        self.call
    }
}
