//! Whether a call has been counted by its limits.

use crate::Operation;
use diptych_spec::Quota;
use std::{fmt, mem};

/// Whether a call has been counted by its limits, so that it is not counted again when it is dispatched. Only
/// [`crate::Engine::admit`] makes one that says so, for one operation.
#[derive(Clone, Default)]
pub struct Ticket {
    operation: Option<Operation>,
    /// Whether its items were counted, too.
    items: bool,
    /// Where the caller stood then.
    quotas: Vec<Quota>,
}

impl Ticket {
    /// For a call of this operation that was counted.
    pub(crate) fn of(operation: &Operation) -> Self {
        Self { operation: Some(operation.clone()), ..Self::default() }
    }

    /// The same, whose items were counted as well.
    pub(crate) fn of_all(operation: &Operation) -> Self {
        Self { items: true, ..Self::of(operation) }
    }

    /// Whether it is good for a call of this operation.
    pub(crate) fn is_for(&self, operation: &Operation) -> bool {
        self.operation.as_ref().is_some_and(|own| own.declaration().name() == operation.declaration().name())
    }

    /// Whether it is good for the items of the call.
    pub(crate) fn has_items(&self) -> bool {
        self.items
    }

    /// The items of the call were counted, too; so does the caller stand now.
    pub(crate) fn note_items(&mut self, quotas: Vec<Quota>) {
        (self.items, self.quotas) = (true, quotas);
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
