//! The engine: the operations of an application, their database and their state. What every surface calls.

mod mistakes;

use crate::audit::{Audit, Trail};
use crate::{
    Activity, Caller, Catalogue, Changes, Operation, Operations, Outbox, Outcome, Seal, TaskSettings, Tasks,
    db::Db,
    dispatch::dispatch,
    idempotency::Keys,
    limit::{Limits, LimitsBuilder},
    outbox::Messages,
    stream::Streams,
};
use diptych_spec::{
    Arguments, Audience, Declaration, Hidden, Mistake, Mistakes, Principal, Result, ScopeHierarchy, StateMap, Task,
};
use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, OnceLock, Weak},
    time::Duration,
};
use tokio_util::task::TaskTracker;

/// Limits that hold for every operation that declares none of its own.
#[derive(Debug, Clone)]
pub struct Settings {
    /// How long an operation may take; 30 seconds.
    pub deadline: Duration,
    /// The longest answer, in bytes; 5 MiB.
    pub max_result_bytes: usize,
    /// How many keys a rate limit keeps count of; 100,000, at 33 bytes each. With more than that at a time, those that have used least
    /// of it are forgotten.
    pub limit_keys: usize,
    /// How long the answer to a call with an idempotency key is kept, and the key with it; 24 hours.
    pub keep_idempotency_keys: Duration,
    /// How tasks are worked on.
    pub tasks: TaskSettings,
    /// How often it is asked whether the caller of an open stream, a running call of MCP or a running task may still act; every 30
    /// seconds.
    pub standing_interval: Duration,
    /// How many lists may be streamed at a time; 8. Each has a database connection of its own, besides those of
    /// [`crate::DbOptions::max_connections`]. One more is answered with 503. One caller has at most half of them, and at least one; one
    /// more of theirs is answered with 429.
    pub max_streams: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            deadline: Duration::from_secs(30),
            max_result_bytes: 5 * 1024 * 1024,
            limit_keys: 100_000,
            keep_idempotency_keys: Duration::from_secs(24 * 3600),
            tasks: TaskSettings::default(),
            standing_interval: Duration::from_secs(30),
            max_streams: 8,
        }
    }
}

/// Everything an operation needs to run. Cheap to clone; one per application.
#[derive(Clone)]
pub struct Engine(Arc<Inner>);

struct Inner {
    operations: Arc<[Operation]>,
    index: HashMap<String, usize>,
    db: Db,
    changes: Changes,
    state: Arc<StateMap>,
    settings: Settings,
    scopes: ScopeHierarchy,
    limits: Limits,
    /// The services that run for callers.
    running: TaskTracker,
    tasks: Option<Tasks>,
    audit: Option<Trail>,
    messages: Option<Messages>,
    keys: Keys,
    seal: Seal,
    standing: OnceLock<Arc<dyn Activity>>,
    streams: Streams,
}

/// An engine, as long as somebody else has it.
pub(crate) struct WeakEngine(Weak<Inner>);

impl WeakEngine {
    pub(crate) fn upgrade(&self) -> Option<Engine> {
        self.0.upgrade().map(Engine)
    }

    pub(crate) fn is_gone(&self) -> bool {
        self.0.strong_count() == 0
    }
}

/// Puts an [`Engine`] together.
#[derive(Debug)]
#[must_use]
pub struct EngineBuilder {
    db: Db,
    operations: Operations,
    state: StateMap,
    settings: Settings,
    scopes: ScopeHierarchy,
    pub(crate) limits: LimitsBuilder,
    audit: Option<Audit>,
    outbox: Option<Outbox>,
    seal: Option<Seal>,
    mistakes: Vec<Mistake>,
}

impl EngineBuilder {
    /// Adds operations.
    pub fn operations(mut self, operations: Operations) -> Self {
        self.operations = self.operations.merge(operations);
        self
    }

    /// Adds a value that handlers take as `State<T>`.
    pub fn state<T: Send + Sync + 'static>(mut self, value: T) -> Self {
        self.state.insert(value);
        self
    }

    /// Replaces all values.
    pub fn state_map(mut self, state: StateMap) -> Self {
        self.state = state;
        self
    }

    /// Sets the limits.
    pub fn settings(mut self, settings: Settings) -> Self {
        self.settings = settings;
        self
    }

    /// Says which scopes contain others.
    pub fn scopes(mut self, scopes: ScopeHierarchy) -> Self {
        self.mistakes.extend(scopes.mistakes());
        self.scopes = scopes;
        self
    }

    /// Records calls.
    pub fn audit(mut self, audit: Audit) -> Self {
        self.audit = Some(audit);
        self
    }

    /// Keeps and handles messages.
    pub fn outbox(mut self, outbox: Outbox) -> Self {
        self.outbox = Some(outbox);
        self
    }

    /// The key that seals what callers keep for the server: cursors of lists, and states of MCP. The same for all processes that
    /// stand for one server; without, each process draws one of its own.
    pub fn seal_key(mut self, key: [u8; 32]) -> Self {
        self.seal = Some(Seal::new(Some(key)));
        self
    }

    /// Adds what is wrong besides the operations, so that it is told together with their mistakes.
    pub fn mistakes(mut self, mistakes: impl IntoIterator<Item = Mistake>) -> Self {
        self.mistakes.extend(mistakes);
        self
    }

    /// Checks every declaration.
    ///
    /// # Errors
    /// Every wiring mistake, by operation.
    pub fn build(mut self) -> Result<Engine, Mistakes> {
        let operations: Arc<[Operation]> = self.operations.as_slice().into();
        let changes = Changes::new();
        self.state.insert(self.db.clone());
        self.state.insert(changes.clone());
        self.state.insert(Catalogue::new(Arc::clone(&operations), changes.clone()));
        if let Some(audit) = &self.audit {
            self.state.insert(audit.clone());
            self.mistakes.extend(Trail::mistakes(audit, &operations));
        }
        let seal = self.seal.unwrap_or_else(|| Seal::new(None));
        self.state.insert(seal.clone());
        let messages = self.outbox.map(|outbox| Messages::new(outbox, &self.db));
        if let Some(messages) = &messages {
            self.state.insert(messages.outgoing());
            self.state.insert(messages.dead_letters());
            self.mistakes.extend(messages.mistakes(&self.state));
        }
        self.mistakes.extend(mistakes::mistakes(&operations, &self.state, &self.db));
        self.mistakes.extend(self.limits.mistakes(&operations));
        self.mistakes.extend(Keys::mistake(self.settings.keep_idempotency_keys));
        Mistakes::check(self.mistakes)?;
        let named = |name: &str| operations.iter().find(|operation| operation.declaration().name() == name).cloned();
        operations.iter().for_each(|operation| operation.link(&named));
        let declared = operations.iter().filter_map(longest_statement);
        let tasks = Tasks::of(&operations, &self.db, self.settings.tasks.clone(), changes.clone());
        self.db.allow_statements_of(declared.fold(self.settings.deadline, Duration::max));
        let audit = self.audit.map(|audit| Trail::new(audit, &operations, &self.db));
        let keys = Keys::new(&operations, &self.db, self.settings.keep_idempotency_keys);
        let name = |(at, operation): (usize, &Operation)| (operation.declaration().name().to_owned(), at);
        let index = operations.iter().enumerate().map(name).collect();
        Ok(Engine(Arc::new(Inner {
            limits: self.limits.build(&operations, self.settings.limit_keys),
            operations,
            index,
            db: self.db,
            streams: Streams::new(self.settings.max_streams),
            changes,
            state: Arc::new(self.state),
            settings: self.settings,
            scopes: self.scopes,
            running: TaskTracker::new(),
            tasks,
            audit,
            messages,
            keys,
            seal,
            standing: OnceLock::new(),
        })))
    }
}

impl Engine {
    /// An engine on this database.
    pub fn builder(db: Db) -> EngineBuilder {
        EngineBuilder {
            db,
            operations: Operations::new(),
            state: StateMap::default(),
            settings: Settings::default(),
            scopes: ScopeHierarchy::default(),
            limits: LimitsBuilder::default(),
            audit: None,
            outbox: None,
            seal: None,
            mistakes: Vec::new(),
        }
    }

    /// The operations, in order of declaration.
    #[must_use]
    pub fn operations(&self) -> &[Operation] {
        &self.0.operations
    }

    /// The operation of this name.
    #[must_use]
    pub fn operation(&self, name: &str) -> Option<&Operation> {
        self.0.index.get(name).map(|&at| &self.0.operations[at])
    }

    /// Whether this caller may use an operation, which is all that lists and look-ups ask; a call asks it again.
    ///
    /// # Errors
    /// Why not: see [`Declaration::authorize`].
    pub fn authorize(&self, declaration: &Declaration, principal: Option<&Principal>) -> Result<()> {
        declaration.authorize(principal).or_else(|refused| {
            let more = principal.and_then(|principal| self.0.scopes.expand(principal));
            more.map_or(Err(refused), |principal| declaration.authorize(Some(&principal)))
        })
    }

    /// What a caller is not shown of the answers of an operation.
    #[must_use]
    pub fn hidden(&self, declaration: &Declaration, principal: Option<&Principal>, audience: Audience) -> Hidden {
        if !declaration.hides_fields() {
            return Hidden::NOTHING;
        }
        declaration.hidden_from(self.granted(principal.cloned()).as_ref(), Some(audience))
    }

    /// The principal with every scope that its own contain.
    pub(crate) fn granted(&self, principal: Option<Principal>) -> Option<Principal> {
        principal.map(|principal| self.0.scopes.expand(&principal).unwrap_or(principal))
    }

    /// Runs an operation, through every stage.
    ///
    /// # Errors
    /// What went wrong; nothing was changed, except that [`diptych_spec::ErrorKind::OutcomeUnknown`] leaves it open.
    pub async fn dispatch(&self, operation: &Operation, arguments: Arguments<'_>, caller: Caller) -> Result<Outcome> {
        dispatch(self, &self.0.running, operation, arguments, caller).await
    }

    /// The tasks, when an operation is one.
    #[must_use]
    pub fn tasks(&self) -> Option<&Tasks> {
        self.0.tasks.as_ref()
    }

    /// This engine, as long as somebody else has it.
    pub(crate) fn downgrade(&self) -> WeakEngine {
        WeakEngine(Arc::downgrade(&self.0))
    }

    /// Where calls are recorded, if they are.
    pub(crate) fn audit(&self) -> Option<&Trail> {
        self.0.audit.as_ref()
    }

    /// The outbox, if there is one.
    pub(crate) fn messages(&self) -> Option<&Messages> {
        self.0.messages.as_ref()
    }

    /// The idempotency keys.
    pub(crate) fn keys(&self) -> &Keys {
        &self.0.keys
    }

    /// What seals texts for callers to keep.
    #[must_use]
    pub fn seal(&self) -> &Seal {
        &self.0.seal
    }

    /// The database.
    #[must_use]
    pub fn db(&self) -> &Db {
        &self.0.db
    }

    /// Where changes are told.
    #[must_use]
    pub fn changes(&self) -> &Changes {
        &self.0.changes
    }

    /// The limits.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.0.settings
    }

    /// Waits for every running service to commit or roll back, and for what was left to be done after COMMIT. What is dispatched
    /// meanwhile is waited for as well; what workers run for tasks and messages is not, see [`Engine::stop_tasks`] and
    /// [`Engine::stop_outbox`].
    pub async fn drain(&self) {
        loop {
            self.0.running.close();
            self.0.running.wait().await;
            self.0.running.reopen();
            let left = self.0.db.after_commits();
            if left.is_empty() {
                return;
            }
            // It can call services, which are waited for as well.
            left.ended().await;
        }
    }

    pub(crate) fn streams(&self) -> &Streams {
        &self.0.streams
    }

    /// What runs for callers.
    pub(crate) fn running(&self) -> &TaskTracker {
        &self.0.running
    }

    pub(crate) fn limits(&self) -> &Limits {
        &self.0.limits
    }

    /// Who is asked whether callers may still act, said once; without, they may until their credentials expire.
    pub(crate) fn standing(&self) -> &OnceLock<Arc<dyn Activity>> {
        &self.0.standing
    }

    pub(crate) fn state(&self) -> Arc<StateMap> {
        Arc::clone(&self.0.state)
    }
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Engine")
            .field("operations", &self.0.operations.len())
            .field("db", &self.0.db)
            .finish_non_exhaustive()
    }
}

/// How long a statement of this operation may run, when it says so itself. A service that is a task says it in its own
/// transaction.
fn longest_statement(operation: &Operation) -> Option<Duration> {
    let declaration = operation.declaration();
    let run = declaration.task().filter(|_| !operation.is_service()).map(Task::longest_run);
    declaration.deadline().max(run)
}
