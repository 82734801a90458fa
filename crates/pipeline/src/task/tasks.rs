//! The tasks of an engine, for whoever takes them, asks for them and answers them.

use super::{
    owner, pool,
    run::{Run, Why},
    schema,
    settings::TaskSettings,
    state::{TaskState, TaskStatus},
    store::{Fresh, Store, too_large},
};
use crate::{Caller, Change, Changes, Operation, db::Db, engine::WeakEngine};
use diptych_spec::{Capability, Error, ErrorKind, IdempotencyKey, Principal, Result};
use serde_json::{Map, Value};
use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::Notify;
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use uuid::Uuid;

/// The tasks of an engine. Whoever asks for one has to be its owner: the same issuer and subject, or nobody.
#[derive(Clone)]
pub struct Tasks(Arc<Shared>);

pub(super) struct Shared {
    pub(super) store: Store,
    pub(super) settings: TaskSettings,
    /// The names of the operations that are tasks: a JSON list.
    pub(super) operations: String,
    /// A task was created or answered here, or a place is free.
    pub(super) wake: Notify,
    /// A run said how far it is.
    pub(super) spoke: Arc<Notify>,
    pub(super) stopping: CancellationToken,
    pub(super) runs: TaskTracker,
    running: Mutex<HashMap<String, Arc<Run>>>,
    changes: Changes,
    working: AtomicBool,
}

/// A call that becomes a task.
pub struct NewTask<'a> {
    /// Who calls: whose it is, and whom the operation is run for.
    pub caller: &'a Caller,
    /// The arguments: a JSON object.
    pub arguments: &'a str,
    /// What the caller can be asked for.
    pub capabilities: &'a [Capability],
    /// What was answered already, by the keys of the questions.
    pub answers: Map<String, Value>,
}

impl Tasks {
    /// The tasks of these operations; `None` when none of them is one.
    pub(crate) fn of(operations: &[Operation], db: &Db, settings: TaskSettings, changes: Changes) -> Option<Self> {
        let tasks = operations.iter().map(Operation::declaration).filter(|declaration| declaration.task().is_some());
        let names: Vec<_> = tasks.map(|declaration| declaration.name().to_owned()).collect();
        let shared = || Shared {
            store: Store { db: db.clone() },
            settings,
            operations: Value::from_iter(names.iter().cloned()).to_string(),
            wake: Notify::new(),
            spoke: Arc::default(),
            stopping: CancellationToken::new(),
            runs: TaskTracker::new(),
            running: Mutex::default(),
            changes,
            working: AtomicBool::new(false),
        };
        (!names.is_empty()).then(|| Self(Arc::new(shared())))
    }

    /// Makes sure that there is a table of tasks.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn migrate(&self) -> Result<()> {
        schema::migrate(&self.0.store.db).await
    }

    /// Begins to work on tasks, on the runtime that this is called on; once.
    pub(crate) fn work(&self, engine: WeakEngine) {
        if self.0.settings.workers > 0 && !self.0.working.swap(true, Ordering::Relaxed) {
            self.0.runs.spawn(pool::work(engine, Arc::clone(&self.0)));
        }
    }

    /// Stores a call as a task, and lets the workers know. That the call may be made was checked before.
    pub(crate) async fn create(&self, operation: &Operation, new: NewTask<'_>) -> Result<TaskState> {
        let Some(task) = operation.declaration().task() else {
            return Err(Error::internal("the operation is no task"));
        };
        let settings = &self.0.settings;
        if new.arguments.len() > settings.max_argument_bytes {
            return Err(too_large("arguments", settings.max_argument_bytes));
        }
        let owner = owner::key(new.caller.principal.as_ref());
        let fresh = Fresh {
            id: unguessable(),
            operation: operation.declaration().name(),
            arguments: new.arguments,
            owner: &owner,
            scopes: owner::scopes(new.caller.principal.as_ref()),
            credentials: owner::credentials(new.caller.principal.as_ref(), operation.scope()),
            idempotency_key: new.caller.idempotency_key.as_ref().map_or("", IdempotencyKey::as_str),
            capabilities: owner::capabilities(new.capabilities),
            answers: Value::Object(new.answers).to_string(),
            poll: task.asked_every(),
            ttl: task.kept_for(),
        };
        let kept = owner::principal(&owner, &fresh.scopes, &fresh.credentials)?;
        let principals = new.caller.principal.as_ref().zip(kept.as_ref());
        if let (Some(scope), Some((now, later))) = (operation.scope(), principals)
            && !scope.lasts(now, later)
        {
            let why =
                "the row scope of a task reads a claim that is not kept with it; name it with `.reads_claims([…])`";
            return Err(Error::internal(why));
        }
        let Some(created) = self.0.store.insert(fresh, settings).await? else {
            let detail = "there are too many tasks, or too much is kept of them; wait until some are done or expire";
            return Err(Error::new(ErrorKind::RateLimited, "too_many_tasks", detail));
        };
        self.0.wake.notify_one();
        Ok(created)
    }

    /// The caller's task of this id, unless it has expired.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn get(&self, id: &str, principal: Option<&Principal>) -> Result<Option<TaskState>> {
        let mut found = self.0.store.find(id, &owner::key(principal)).await?;
        let running = || self.0.running().get(id).and_then(|run| run.message());
        if let Some(state) = found.as_mut().filter(|state| matches!(state.status, TaskStatus::Working))
            && let Some(message) = running()
        {
            state.message = message;
        }
        Ok(found)
    }

    /// Answers questions of the caller's task, by the keys that [`TaskStatus::InputRequired`] has; others are passed over.
    /// When none is open any more, the task is run again. Whether there is such a task.
    ///
    /// # Errors
    /// Answers that are too long, and those of the database.
    pub async fn answer(&self, id: &str, principal: Option<&Principal>, answers: Map<String, Value>) -> Result<bool> {
        let most = self.0.settings.max_argument_bytes;
        let answered = self.0.store.answer(id, &owner::key(principal), answers, most).await?;
        if answered == Some(true) {
            self.0.wake.notify_one();
            self.0.tell(id);
        }
        Ok(answered.is_some())
    }

    /// Withdraws the caller's task: what runs is rolled back, here at once, in another process when its lease is looked at.
    /// A task that is over stays as it is. Whether there is such a task.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn cancel(&self, id: &str, principal: Option<&Principal>) -> Result<bool> {
        let owner = owner::key(principal);
        if self.0.store.find(id, &owner).await?.is_none() {
            return Ok(false);
        }
        // First, because on SQLite a service has the connection that is needed next.
        let run = self.0.running().get(id).cloned();
        if let Some(run) = run {
            run.withdraw(Why::Cancelled);
        }
        if self.0.store.cancel(id, &owner).await? {
            self.0.tell(id);
        }
        Ok(true)
    }

    /// Takes no more tasks, rolls back what runs and gives it back, for other processes to work on.
    pub(crate) async fn stop(&self) {
        self.0.stopping.cancel();
        self.0.running().values().for_each(|run| run.withdraw(Why::Stopping));
        self.0.runs.close();
        self.0.runs.wait().await;
    }
}

impl Shared {
    /// Tells that a task has changed, to whoever listens in this process.
    pub(super) fn tell(&self, id: &str) {
        self.changes.publish(Change::Task(id.into()));
    }

    pub(super) fn running(&self) -> MutexGuard<'_, HashMap<String, Arc<Run>>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// 244 random bits.
fn unguessable() -> String {
    format!("{}{}", Uuid::new_v4().simple(), Uuid::new_v4().simple())
}

/// Without arguments and answers.
impl fmt::Debug for NewTask<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewTask").field("caller", &self.caller).finish_non_exhaustive()
    }
}

impl fmt::Debug for Tasks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tasks").field("operations", &self.0.operations).finish_non_exhaustive()
    }
}
