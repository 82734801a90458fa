//! What a declaration says of the scope of its rows.

use super::Declaration;
use crate::Needed;

impl Declaration {
    /// Why it works on the rows of every scope, where it says so.
    #[must_use]
    pub fn unscoped(&self) -> Option<&str> {
        self.unscoped.as_deref()
    }

    /// The type of the scope that its functions ask for.
    #[must_use]
    pub fn asked_scope(&self) -> Option<Needed> {
        self.signature.scoped
    }

    /// Whether its functions read on connections of their own.
    #[must_use]
    pub fn reads_apart(&self) -> bool {
        self.signature.reads_apart
    }

    /// The row that it works on is found by a selector; whose rows those are is for the operation to say.
    pub(crate) fn check_scope_of_target(&mut self, selector: &Self) {
        if selector.unscoped.is_some() {
            let mistake = "has a target that says `.unscoped(…)`, which is for the service to say: move it there";
            self.mistakes.push(mistake.to_owned());
        }
    }
}
