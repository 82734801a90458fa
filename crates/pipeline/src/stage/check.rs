//! Stage 2: the arguments are JSON of the declared types, nothing unknown among them, nothing missing; each is decoded into
//! the value of its owner. Without a target the rules are checked here too, so that a refusal opens no transaction.

use super::authorize::Authorized;
use diptych_spec::{Arguments, Call, Declaration, Result};

/// A call whose arguments are what was declared.
pub(crate) struct Checked {
    call: Call,
}

pub(crate) fn arguments(
    declaration: &Declaration,
    authorized: Authorized,
    arguments: &Arguments<'_>,
) -> Result<Checked> {
    let mut call = authorized.into_call();
    declaration.arguments().parse(arguments, &mut call)?;
    if !declaration.has_target() {
        declaration.arguments().validate(&call)?;
    }
    Ok(Checked { call })
}

impl Checked {
    /// The rules of the input, also where a target would be resolved before them.
    pub(crate) fn validate(&self, declaration: &Declaration) -> Result<()> {
        declaration.arguments().validate(&self.call)
    }

    pub(super) fn into_call(self) -> Call {
        self.call
    }
}
