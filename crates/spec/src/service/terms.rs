//! The terms on which a service runs.

use super::ServiceSpec;
use crate::{Isolation, Retry};

impl<H, R, V, T> ServiceSpec<H, R, V, T> {
    /// What it sees of services that run at the same time; [`Isolation::ReadCommitted`] unless said otherwise. On SQLite every
    /// service is serializable.
    pub fn isolation(mut self, isolation: Isolation) -> Self {
        self.declaration.terms.isolation = isolation;
        self
    }

    /// Runs it again when it lost against another: after a serialization failure, a deadlock, or when the database was locked.
    /// It says that the function may run more than once for one call.
    pub fn retry(mut self, retry: Retry) -> Self {
        self.declaration.terms.retry = Some(retry);
        self
    }

    /// Callers may give `dry_run`: everything runs, the answer is what it would have been, and nothing is kept.
    pub fn dry_run(mut self, offered: bool) -> Self {
        self.declaration.terms.dry_run = offered;
        self
    }
}
