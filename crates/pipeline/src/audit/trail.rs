//! The trail of an engine: which operations are recorded, and the way into the queue.

use super::{
    redact::Rules,
    row::Row,
    schema,
    settings::Audit,
    writer::{self, Writer},
};
use crate::{Operation, db::Db};
use diptych_spec::{Arguments, Declaration, Mistake, Result};
use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};
use tokio::sync::mpsc;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// Cheap to clone.
#[derive(Clone)]
pub(crate) struct Trail(Arc<Inner>);

struct Inner {
    db: Db,
    audit: Audit,
    /// By the names of the operations that are recorded.
    rules: HashMap<String, Rules>,
    queue: mpsc::Sender<Row>,
    /// Until somebody writes what is in the queue.
    waiting: Mutex<Option<mpsc::Receiver<Row>>>,
    dropped: Arc<AtomicU64>,
    stopping: CancellationToken,
    writers: TaskTracker,
}

impl Trail {
    pub(crate) fn new(audit: Audit, operations: &[Operation], db: &Db) -> Self {
        let is_recorded = |operation: &&Operation| {
            operation.is_service() || audit.reads.iter().any(|name| name == operation.declaration().name())
        };
        let rules = operations.iter().filter(is_recorded).map(Operation::declaration);
        let rules = rules.map(|declaration| (declaration.name().to_owned(), Rules::of(&audit, declaration))).collect();
        let (queue, waiting) = mpsc::channel(audit.queue);
        Self(Arc::new(Inner {
            db: db.clone(),
            audit,
            rules,
            queue,
            waiting: Mutex::new(Some(waiting)),
            dropped: Arc::default(),
            stopping: CancellationToken::new(),
            writers: TaskTracker::new(),
        }))
    }

    /// What is wrong with the settings: operations that are not there.
    pub(crate) fn mistakes(audit: &Audit, operations: &[Operation]) -> Vec<Mistake> {
        let is_there = |name: &str| operations.iter().any(|operation| operation.declaration().name() == name);
        let named = audit.reads.iter().chain(audit.arguments_of.iter().map(|(name, _)| name));
        let missing = named.filter(|name| !is_there(name));
        missing.map(|name| Mistake::new("the audit trail", format!("names `{name}`, which is no operation"))).collect()
    }

    /// Whether calls of this operation are recorded.
    pub(super) fn records(&self, declaration: &Declaration) -> bool {
        self.0.rules.contains_key(declaration.name())
    }

    pub(super) fn arguments(&self, declaration: &Declaration, arguments: &Arguments<'_>) -> String {
        let rules = self.0.rules.get(declaration.name());
        rules.map_or_else(String::new, |rules| rules.record(&self.0.audit, declaration, arguments))
    }

    pub(super) fn records_unauthenticated(&self) -> bool {
        self.0.audit.unauthenticated
    }

    /// Writes a row at once.
    pub(super) async fn write(&self, row: Row) -> Result<()> {
        Row::write(&self.0.db, &[row]).await
    }

    /// Leaves a row to be written. One that finds no place is counted.
    pub(super) fn queue(&self, row: Row) {
        if self.0.queue.try_send(row).is_err() {
            self.0.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Makes sure that there is a table.
    pub(super) async fn migrate(&self) -> Result<()> {
        schema::migrate(&self.0.db).await
    }

    /// Begins to write what is in the queue, on the runtime that this is called on; once.
    pub(super) fn start(&self) {
        let waiting = self.0.waiting.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(rows) = waiting {
            let writer = Writer {
                db: self.0.db.clone(),
                dropped: Arc::clone(&self.0.dropped),
                keep: self.0.audit.keep,
                stopping: self.0.stopping.clone(),
            };
            self.0.writers.spawn(writer::run(writer, rows));
        }
    }

    /// Writes what is in the queue, and no more.
    pub(super) async fn stop(&self) {
        self.0.stopping.cancel();
        self.0.writers.close();
        self.0.writers.wait().await;
    }
}
