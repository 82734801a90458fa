//! What has changed, told to whoever listens, after it was committed.
//!
//! In this process only. A listener that is too slow is told that it missed something, and has to take it that everything
//! changed.

use crate::Outcome;
use diptych_spec::{Arguments, Call, Declaration, Error, FromCall, Result, Template, scalar_to_text};
use serde_json::value::RawValue;
use std::{borrow::Cow, collections::HashMap, fmt, sync::Arc};
use tokio::sync::broadcast;

/// How many changes a listener may be behind before it misses some.
const BACKLOG: usize = 1024;

/// One change.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Change {
    /// What can be read at this URI.
    Resource(Arc<str>),
    /// Which tools there are.
    Tools,
    /// Which resources there are.
    Resources,
    /// Which prompts there are.
    Prompts,
    /// The task of this id.
    Task(Arc<str>),
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

    /// Tells that what can be read at this URI has changed.
    pub fn resource(&self, uri: impl Into<Arc<str>>) {
        self.publish(Change::Resource(uri.into()));
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

/// What a service that declares `.changes(…)` was called with, as far as its URIs name it.
pub(crate) struct Named(Vec<(String, String)>);

impl Named {
    pub(crate) fn of(declaration: &Declaration, arguments: &Arguments<'_>) -> Self {
        let variables = declaration.changes().iter().flat_map(Template::variables);
        let given = |name: &str| Some((name.to_owned(), arguments.text(name)?.into_owned()));
        Self(variables.filter_map(given).collect())
    }

    /// Tells what was declared to change. Called after COMMIT; a dry run changes nothing. A call that is sent again tells it again: the
    /// first time may have ended before it was told.
    pub(crate) fn tell(&self, declaration: &Declaration, outcome: &Outcome, changes: &Changes) {
        if declaration.changes().is_empty() || !changes.are_heard() || outcome.is_dry_run() {
            return;
        }
        let answer: HashMap<String, &RawValue> = serde_json::from_str(outcome.json()).unwrap_or_default();
        let value = |name: &str| {
            let answered = answer.get(name).and_then(|value| scalar_to_text(value.get())).map(Cow::into_owned);
            let given = || self.0.iter().find(|(own, _)| own == name).map(|(_, text)| text.clone());
            answered.or_else(given)
        };
        for uri in declaration.changes() {
            match uri.expand(value) {
                Some(uri) => changes.resource(uri),
                None => {
                    tracing::warn!(operation = declaration.name(), %uri, "a change was not told: a value is missing")
                }
            }
        }
    }
}
