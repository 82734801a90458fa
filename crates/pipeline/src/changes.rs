//! What has changed, told to whoever listens, after it was committed.
//!
//! In this process only. A listener that is too slow is told that it missed something, and has to take it that everything
//! changed.

mod named;

pub(crate) use named::Named;

use crate::scope::Whose;
use diptych_spec::{Call, Error, FromCall, Result};
use std::{fmt, sync::Arc};
use tokio::sync::broadcast;

/// How many changes a listener may be behind before it misses some.
const BACKLOG: usize = 1024;

/// One change.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Change {
    /// What can be read at this URI.
    Resource(Arc<str>),
    /// The same, of a change to rows of one row scope only.
    ResourceOf(Arc<str>, Whose),
    /// Which tools there are.
    Tools,
    /// Which resources there are.
    Resources,
    /// Which prompts there are.
    Prompts,
    /// The task of this id.
    Task(Arc<str>),
}

impl Change {
    /// Whether it is one of what this reader reads at this URI: what changed in another value of the same row scope is none.
    #[must_use]
    pub fn concerns(&self, uri: &str, reader: Option<&Whose>) -> bool {
        match self {
            Self::Resource(changed) => **changed == *uri,
            Self::ResourceOf(changed, whose) => {
                **changed == *uri && reader.is_none_or(|reader| !reader.is_apart_from(whose))
            }
            _ => false,
        }
    }
}

/// Where changes are told. Services do it with `.changes("invoices://{id}")`; for what changes otherwise (a job, another
/// program) a handler takes it as an argument, and the rest of an application gets it from the engine.
///
/// ```
/// # use diptych_pipeline::Changes;
/// fn imported(changes: &Changes) {
///     changes.resource("rates://today");
/// }
/// ```
#[derive(Clone)]
pub struct Changes(broadcast::Sender<Change>);

impl Changes {
    pub(crate) fn new() -> Self {
        Self(broadcast::Sender::new(BACKLOG))
    }

    /// Tells that what can be read at this URI has changed, whoever reads it.
    pub fn resource(&self, uri: impl Into<Arc<str>>) {
        self.publish(Change::Resource(uri.into()));
    }

    /// Tells it to those whose rows have changed.
    pub(crate) fn resource_of(&self, uri: String, whose: Option<&Whose>) {
        match whose {
            Some(whose) => self.publish(Change::ResourceOf(uri.into(), whose.clone())),
            None => self.resource(uri),
        }
    }

    /// Every change from now on.
    #[must_use]
    pub fn listen(&self) -> broadcast::Receiver<Change> {
        self.0.subscribe()
    }

    pub(crate) fn publish(&self, change: Change) {
        // Nobody listens, no matter.
        let _ = self.0.send(change);
    }

    fn are_heard(&self) -> bool {
        self.0.receiver_count() > 0
    }
}

impl FromCall for Changes {
    async fn from_call(call: &mut Call) -> Result<Self> {
        call.state::<Self>().map(|changes| (*changes).clone()).ok_or_else(|| Error::internal("nothing tells changes"))
    }
}

impl fmt::Debug for Changes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Changes").field("listeners", &self.0.receiver_count()).finish()
    }
}
