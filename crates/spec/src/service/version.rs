//! A service whose callers say which version of its target they know.

use super::{ServiceSpec, Target};
use crate::{Call, Handler, Instance, Version, Versioned};

/// A service whose target has a version.
#[diagnostic::on_unimplemented(
    message = "the service has no target with a version",
    label = "there is no row whose version callers could know",
    note = "say first which row it is: `.target(selector::spec())`, with a selector that returns `Result<Option<Row>>`; a set of rows has no version"
)]
pub trait VersionedTarget {
    /// The version of the target, which is in the call.
    #[doc(hidden)]
    fn version(call: &Call) -> Option<Version>;
}

impl<L: Handler, Row: Versioned + Send + 'static> VersionedTarget for Target<L, Row> {
    fn version(call: &Call) -> Option<Version> {
        call.get::<Instance<Row>>().map(|Instance(row)| row.version())
    }
}

impl<H, R, V, T> ServiceSpec<H, R, V, T> {
    /// Callers may say which version of the target they know, with `If-Match` over REST, and with the argument `expected_version` of the
    /// tool. Where the row, which is locked, has another one by now, nothing is done: 412.
    pub fn expects_version(mut self) -> Self
    where
        T: VersionedTarget,
    {
        self.declaration.versioning.expect(false, T::version);
        self
    }

    /// The same, and callers have to say it: 428 without.
    pub fn requires_version(mut self) -> Self
    where
        T: VersionedTarget,
    {
        self.declaration.versioning.expect(true, T::version);
        self
    }
}
