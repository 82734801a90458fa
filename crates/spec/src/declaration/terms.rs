//! The terms on which a service runs: what it sees of others, whether it may run again, and whether it can be tried.

use super::Declaration;
use crate::{Arguments, DryRun, Isolation, OperationKind, Retry};
use std::sync::atomic::{AtomicU64, Ordering};

/// What a spec says of this.
#[derive(Debug, Default)]
pub(crate) struct Terms {
    pub(crate) isolation: Isolation,
    pub(crate) retry: Option<Retry>,
    pub(crate) dry_run: bool,
    /// How often calls were run again.
    retried: AtomicU64,
}

impl Declaration {
    /// What it sees of services that run at the same time.
    #[must_use]
    pub fn isolation(&self) -> Isolation {
        self.terms.isolation
    }

    /// Whether it calls other operations.
    #[must_use]
    pub fn calls_others(&self) -> bool {
        self.signature.calls
    }

    /// How often it is run again after it lost against another.
    #[must_use]
    pub fn retry(&self) -> Option<&Retry> {
        self.terms.retry.as_ref()
    }

    /// Whether a call can ask that nothing of it is kept.
    #[must_use]
    pub fn offers_dry_run(&self) -> bool {
        self.terms.dry_run
    }

    /// Whether these arguments ask that nothing is kept, whatever else is wrong with them.
    #[must_use]
    pub fn is_dry_run(&self, arguments: &Arguments<'_>) -> bool {
        self.offers_dry_run() && arguments.text(DryRun::ARGUMENT).is_some_and(|given| given == "true")
    }

    /// The HTTP status of a dry run that would have succeeded: nothing was created or begun.
    #[must_use]
    pub fn dry_run_status(&self) -> u16 {
        match self.is_empty() {
            true => 204,
            // Of each item the answer says what it would be.
            false if self.is_per_item() => 207,
            false => 200,
        }
    }

    /// How often calls were run again after they lost against others, since the process started.
    #[must_use]
    pub fn retried(&self) -> u64 {
        self.terms.retried.load(Ordering::Relaxed)
    }

    /// Counts a call that is run again.
    pub fn note_retry(&self) {
        self.terms.retried.fetch_add(1, Ordering::Relaxed);
    }

    /// Adds the argument of a dry run, once all others are known.
    pub(crate) fn finish_terms(&mut self) {
        if self.terms.dry_run && self.kind == OperationKind::Service {
            self.signature.arguments(Ok(DryRun::argument()));
        }
    }

    pub(super) fn check_terms(&self, found: &mut Vec<String>) {
        self.terms.retry.iter().for_each(|retry| retry.mistakes(found));
    }
}
