//! The outbox of an engine, for those who send, those who handle and those who look after what failed.

use super::{
    dead::DeadLetters,
    handler::{Registered, Way},
    outgoing::Outgoing,
    schema,
    settings::Outbox,
    store::Store,
    worker,
};
use crate::{db::Db, engine::WeakEngine};
use diptych_spec::{Mistake, Result, StateMap};
use serde_json::Value;
use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use tokio::{sync::Notify, time::Instant};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// How much longer than its handler may take a worker keeps a message.
const GRACE: Duration = Duration::from_secs(30);

/// Cheap to clone.
#[derive(Clone)]
pub(crate) struct Messages(Arc<Shared>);

pub(super) struct Shared {
    pub(super) store: Store,
    pub(super) outbox: Outbox,
    /// The topics that are handled here: a JSON list.
    pub(super) topics: String,
    /// A message was committed here, or a place is free.
    pub(super) wake: Arc<Notify>,
    pub(super) stopping: CancellationToken,
    pub(super) runs: TaskTracker,
    /// When the first of those that failed here is to be tried again.
    next: Mutex<Option<Instant>>,
    working: AtomicBool,
}

impl Messages {
    pub(crate) fn new(outbox: Outbox, db: &Db) -> Self {
        let topics = outbox.handlers.iter().map(|handler| Value::from(handler.topic()));
        Self(Arc::new(Shared {
            store: Store { db: db.clone() },
            topics: Value::from_iter(topics).to_string(),
            outbox,
            wake: Arc::default(),
            stopping: CancellationToken::new(),
            runs: TaskTracker::new(),
            next: Mutex::default(),
            working: AtomicBool::new(false),
        }))
    }

    pub(crate) fn outgoing(&self) -> Outgoing {
        Outgoing(Arc::clone(&self.0))
    }

    pub(crate) fn dead_letters(&self) -> DeadLetters {
        DeadLetters(Arc::clone(&self.0))
    }

    /// What is wrong with it, given the state of the application.
    pub(crate) fn mistakes(&self, state: &StateMap) -> Vec<Mistake> {
        self.0.outbox.mistakes(state)
    }

    pub(super) fn handlers(&self) -> &[Registered] {
        &self.0.outbox.handlers
    }

    /// Makes sure that there is a table.
    pub(super) async fn migrate(&self) -> Result<()> {
        schema::migrate(&self.0.store.db).await
    }

    /// Begins to handle messages, and to remove old ones, on the runtime that this is called on; once.
    pub(super) fn work(&self, engine: WeakEngine) {
        if !self.0.working.swap(true, Ordering::Relaxed) {
            self.0.runs.spawn(worker::work(engine, Arc::clone(&self.0)));
        }
    }

    /// Takes no more messages, and waits for those that are being handled.
    pub(super) async fn stop(&self) {
        self.0.stopping.cancel();
        self.0.runs.close();
        self.0.runs.wait().await;
    }
}

impl Shared {
    pub(super) fn handler(&self, topic: &str) -> Option<&Registered> {
        self.outbox.handlers.iter().find(|handler| handler.topic() == topic)
    }

    /// How many messages are handled at a time. Those whose handler is lent a transaction need a connection each.
    pub(super) fn places(&self) -> usize {
        let handlers = &self.outbox.handlers;
        let most = match handlers.iter().any(|handler| matches!(handler.way, Way::Inside(_))) {
            true => self.store.db.places(),
            false => usize::MAX,
        };
        if handlers.is_empty() { 0 } else { self.outbox.workers.min(most) }
    }

    /// For how long a message is claimed: its handler has ended by then.
    pub(super) fn lease(&self) -> Duration {
        self.outbox.deadline.saturating_add(GRACE)
    }

    /// Something is to be tried again after this pause.
    pub(super) fn wait_for(&self, pause: Duration) {
        let Some(at) = Instant::now().checked_add(pause) else { return };
        let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        *next = Some(next.map_or(at, |known| known.min(at)));
    }

    /// When something is to be tried again.
    pub(super) fn next(&self) -> Option<Instant> {
        *self.next.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn forget_what_has_come(&self) {
        let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        *next = next.filter(|at| *at > Instant::now());
    }
}
