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
    /// What its arguments ask for beyond one call.
    more: Arc<Mutex<More>>,
}

/// The items of a call beyond the first, and what it includes.
#[derive(Default)]
struct More {
    counted: bool,
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
        let ticket = Self::of(operation);
        ticket.note_all(Vec::new());
        ticket
    }

    /// Whether it is good for a call of this operation.
    pub(crate) fn is_for(&self, operation: &Operation) -> bool {
        self.operation.as_ref().is_some_and(|own| own.declaration().name() == operation.declaration().name())
    }

    /// Whether it is good for all that the arguments ask for.
    pub(crate) fn is_for_all(&self) -> bool {
        self.lock().counted
    }

    /// All that the arguments ask for was counted, too; so does the caller stand now.
    pub(crate) fn note_all(&self, quotas: Vec<Quota>) {
        *self.lock() = More { counted: true, quotas };
    }

    /// Where the caller stood when items were counted.
    pub(crate) fn take_quotas(&self) -> Vec<Quota> {
        mem::take(&mut self.lock().quotas)
    }

    fn lock(&self) -> MutexGuard<'_, More> {
        self.more.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Ticket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Ticket").field(&self.operation.as_ref().map(|own| own.declaration().name())).finish()
    }
}
