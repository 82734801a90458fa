//! Whether a call has been counted by its limits.

use crate::Operation;
use diptych_spec::Quota;
use std::{
    fmt, mem,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// Whether a call has been counted by its limits, so that it is not counted again when it is dispatched. Only
/// [`crate::Engine::admit`] makes one that says so, for one operation. Its clones are of the same call, which is run again.
#[derive(Clone, Default)]
pub struct Ticket {
    operation: Option<Operation>,
    items: Arc<Mutex<Items>>,
}

/// The items of a call beyond the first.
#[derive(Default)]
struct Items {
    counted: bool,
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
        let ticket = Self::of(operation);
        ticket.note_items(Vec::new());
        ticket
    }

    /// Whether it is good for a call of this operation.
    pub(crate) fn is_for(&self, operation: &Operation) -> bool {
        self.operation.as_ref().is_some_and(|own| own.declaration().name() == operation.declaration().name())
    }

    /// Whether it is good for the items of the call.
    pub(crate) fn has_items(&self) -> bool {
        self.lock().counted
    }

    /// The items of the call were counted, too; so does the caller stand now.
    pub(crate) fn note_items(&self, quotas: Vec<Quota>) {
        *self.lock() = Items { counted: true, quotas };
    }

    /// Where the caller stood when items were counted.
    pub(crate) fn take_quotas(&self) -> Vec<Quota> {
        mem::take(&mut self.lock().quotas)
    }

    fn lock(&self) -> MutexGuard<'_, Items> {
        self.items.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Ticket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Ticket").field(&self.operation.as_ref().map(|own| own.declaration().name())).finish()
    }
}
