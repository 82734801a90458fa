//! Stage 2: the arguments are JSON of the declared types, nothing unknown among them, nothing missing; each is decoded into
//! the value of its owner. Without a target the rules are checked here too, so that a refusal opens no transaction; but not where
//! the call may have been made before, for rules can depend on the time.

use super::limit::Admitted;
use diptych_spec::{Arguments, Audience, Call, Deadline, Declaration, Included, Result};

/// A call whose arguments are what was declared.
pub(crate) struct Checked {
    call: Call,
    /// Whether the rules of the input were checked.
    is_valid: bool,
}

pub(crate) fn arguments(
    declaration: &Declaration,
    admitted: Admitted,
    arguments: &Arguments<'_>,
    may_be_replay: bool,
    audience: Option<Audience>,
) -> Result<Checked> {
    let mut call = admitted.into_call();
    declaration.arguments().parse(arguments, &mut call)?;
    declaration.check_includes(&call)?;
    declaration.check_asked(&call, audience)?;
    if !may_be_replay {
        declaration.check_expected(&call)?;
    }
    let is_valid = !declaration.has_target() && !may_be_replay;
    if is_valid {
        declaration.arguments().validate(&call)?;
    }
    Ok(Checked { call, is_valid })
}

impl Checked {
    /// The rules of the input, also where a target would be resolved before them.
    pub(crate) fn validate(&self, declaration: &Declaration) -> Result<()> {
        if self.is_valid { Ok(()) } else { declaration.arguments().validate(&self.call) }
    }

    /// How many items the call has, where it has a list of them.
    pub(super) fn items(&self) -> Option<usize> {
        self.call.items()
    }

    /// The lists that are shown with its rows.
    pub(super) fn included<'d>(&self, declaration: &'d Declaration) -> impl Iterator<Item = &'d Declaration> {
        declaration.asked_includes(&self.call).map(Included::related)
    }

    pub(super) fn deadline(&self) -> Deadline {
        self.call.deadline()
    }

    pub(super) fn is_valid(&self) -> bool {
        self.is_valid
    }

    /// Whether nothing of the call is to be kept.
    pub(crate) fn is_dry_run(&self) -> bool {
        self.call.is_dry_run()
    }

    pub(super) fn into_call(self) -> Call {
        self.call
    }
}
