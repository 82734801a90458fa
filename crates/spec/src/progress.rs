//! How far a running operation is, told to whoever waits for it.

use crate::{Call, FromCall, Peer, Result, Signature};
use std::{fmt, sync::Arc, time::Duration};

/// Reports progress to the caller, as an argument of a handler.
///
/// Callers who did not ask for it, and surfaces without a line to the caller (REST, in process), hear nothing. What a
/// service reports is not yet committed.
///
/// ```
/// # use diptych_spec::{Progress, Result};
/// async fn import(progress: Progress) -> Result<()> {
///     for row in 0..100 {
///         // …
///         progress.report(f64::from(row), 100.0);
///     }
///     Ok(())
/// }
/// ```
#[derive(Clone)]
pub struct Progress(Option<Arc<dyn Peer>>);

impl Progress {
    /// `done` of `total`, in units of the operation's own; without a total when it is not known. A report that does not go
    /// beyond the one before is not sent.
    pub fn report(&self, done: f64, total: impl Into<Option<f64>>) {
        self.tell(done, total.into(), None);
    }

    /// The same, with a few words for people.
    pub fn report_with(&self, done: f64, total: impl Into<Option<f64>>, message: &str) {
        self.tell(done, total.into(), Some(message));
    }

    /// Gives the connection up while the work goes on. A caller who can come back for the answer (MCP 2025-11-25 over HTTP)
    /// does so after `retry`; for every other, nothing changes.
    pub fn release(&self, retry: Duration) {
        if let Some(peer) = &self.0 {
            peer.release(retry);
        }
    }

    fn tell(&self, done: f64, total: Option<f64>, message: Option<&str>) {
        if let Some(peer) = &self.0
            && done.is_finite()
        {
            peer.progress(done, total.filter(|total| total.is_finite()), message);
        }
    }
}

impl FromCall for Progress {
    fn describe(signature: &mut Signature) {
        signature.converses();
    }
    async fn from_call(call: &mut Call) -> Result<Self> {
        Ok(Self(call.peer().cloned()))
    }
}

impl fmt::Debug for Progress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Progress").field(&self.0.is_some()).finish()
    }
}
