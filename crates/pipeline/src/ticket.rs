//! Whether a call has been counted by its limits.

use crate::Operation;
use diptych_spec::Quota;
use std::{fmt, mem};

/// Whether a call has been counted by its limits, so that it is not counted again when it is dispatched. Only
/// [`crate::Engine::admit`] makes one that says so, for one operation.
#[derive(Clone, Default)]
pub struct Ticket {
    operation: Option<Operation>,
    /// Whether what its arguments ask for beyond one call was counted, too.
    all: bool,
    /// Where the caller stood then.
    quotas: Vec<Quota>,
}

impl Ticket {
    /// For a call of this operation that was counted.
    pub(crate) fn of(operation: &Operation) -> Self {
        Self { operation: Some(operation.clone()), ..Self::default() }
    }

    /// The same, with all that its arguments ask for.
    pub(crate) fn of_all(operation: &Operation) -> Self {
        Self { all: true, ..Self::of(operation) }
    }

    /// Whether it is good for a call of this operation.
    pub(crate) fn is_for(&self, operation: &Operation) -> bool {
        self.operation.as_ref().is_some_and(|own| own.declaration().name() == operation.declaration().name())
    }

    /// Whether it is good for all that the arguments ask for.
    pub(crate) fn is_for_all(&self) -> bool {
        self.all
    }

    /// All that the arguments ask for was counted, too; so does the caller stand now.
    pub(crate) fn note_all(&mut self, quotas: Vec<Quota>) {
        (self.all, self.quotas) = (true, quotas);
    }

    /// Where the caller stood when items were counted.
    pub(crate) fn take_quotas(&mut self) -> Vec<Quota> {
        mem::take(&mut self.quotas)
    }
}

impl fmt::Debug for Ticket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Ticket").field(&self.operation.as_ref().map(|own| own.declaration().name())).finish()
    }
}
