//! Whether a call has been counted by its limits.

use crate::Operation;
use std::fmt;

/// Whether a call has been counted by its limits, so that it is not counted again when it is dispatched. Only
/// [`crate::Engine::admit`] makes one that says so, for one operation.
#[derive(Clone, Default)]
pub struct Ticket(Option<Operation>);

impl Ticket {
    /// For a call of this operation that was counted.
    pub(crate) fn of(operation: &Operation) -> Self {
        Self(Some(operation.clone()))
    }

    /// Whether it is good for a call of this operation.
    pub(crate) fn is_for(&self, operation: &Operation) -> bool {
        self.0.as_ref().is_some_and(|own| own.declaration().name() == operation.declaration().name())
    }
}

impl fmt::Debug for Ticket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Ticket").field(&self.0.as_ref().map(|own| own.declaration().name())).finish()
    }
}
