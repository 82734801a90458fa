//! The engine: the operations of an application, their database and their state. What every surface calls.

use crate::{BeforeCommit, Catalogue, Changes, Operation, Operations, TaskSettings, Tasks, db::Db, dispatch::dispatch};
use bytes::Bytes;
use diptych_spec::{Arguments, Declaration, Mistake, Mistakes, Peer, Principal, Result, StateMap, Task};
use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, Weak},
    time::Duration,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// Who calls, how they are reached, and what becomes of the call when they go away.
#[derive(Clone)]
pub struct Caller {
    /// The authenticated caller, if there is one.
    pub principal: Option<Principal>,
    /// What a disconnect means.
    pub on_disconnect: OnDisconnect,
    /// The line to the caller while the operation runs.
    pub peer: Option<Arc<dyn Peer>>,
    /// Cancelled when the caller withdraws the call: it is rolled back.
    pub withdrawn: CancellationToken,
    /// How long the call may take, in place of what the operation declares.
    pub deadline: Option<Duration>,
    /// What is kept in the transaction of a service besides what the service does.
    pub before_commit: Option<Arc<dyn BeforeCommit>>,
}

/// What becomes of a service when its caller goes away, that is, when the dispatch future is dropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnDisconnect {
    /// It is rolled back.
    Cancel,
    /// It runs to its end.
    Finish,
}

impl Caller {
    /// This caller; a disconnect cancels.
    #[must_use]
    pub fn new(principal: Option<Principal>) -> Self {
        Self {
            principal,
            on_disconnect: OnDisconnect::Cancel,
            peer: None,
            withdrawn: CancellationToken::new(),
            deadline: None,
            before_commit: None,
        }
    }
}

impl fmt::Debug for Caller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Caller")
            .field("principal", &self.principal)
            .field("on_disconnect", &self.on_disconnect)
            .finish_non_exhaustive()
    }
}

/// The answer of an operation: JSON, encoded once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome(Bytes);

impl Outcome {
    pub(crate) fn new(json: Bytes) -> Self {
        Self(json)
    }

    /// The JSON text.
    #[must_use]
    pub fn json(&self) -> &str {
        // What serde_json wrote is UTF-8.
        std::str::from_utf8(&self.0).unwrap_or("null")
    }

    /// The bytes, not copied.
    #[must_use]
    pub fn into_bytes(self) -> Bytes {
        self.0
    }
}

/// Limits that hold for every operation that declares none of its own.
#[derive(Debug, Clone)]
pub struct Settings {
    /// How long an operation may take; 30 seconds.
    pub deadline: Duration,
    /// The longest answer, in bytes; 5 MiB.
    pub max_result_bytes: usize,
    /// How tasks are worked on.
    pub tasks: TaskSettings,
}

impl Default for Settings {
    fn default() -> Self {
        Self { deadline: Duration::from_secs(30), max_result_bytes: 5 * 1024 * 1024, tasks: TaskSettings::default() }
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
    /// The services that run for callers.
    running: TaskTracker,
    tasks: Option<Tasks>,
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
        self.mistakes.extend(mistakes(&operations, &self.state, &self.db));
        Mistakes::check(self.mistakes)?;
        let declared = operations.iter().filter_map(longest_statement);
        let tasks = Tasks::of(&operations, &self.db, self.settings.tasks.clone(), changes.clone());
        self.db.allow_statements_of(declared.fold(self.settings.deadline, Duration::max));
        let name = |(at, operation): (usize, &Operation)| (operation.declaration().name().to_owned(), at);
        let index = operations.iter().enumerate().map(name).collect();
        Ok(Engine(Arc::new(Inner {
            operations,
            index,
            db: self.db,
            changes,
            state: Arc::new(self.state),
            settings: self.settings,
            running: TaskTracker::new(),
            tasks,
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

    /// Waits for every running service to commit or roll back. What is dispatched meanwhile is waited for as well; what
    /// workers run for tasks is not, see [`Engine::stop_tasks`].
    pub async fn drain(&self) {
        self.0.running.close();
        self.0.running.wait().await;
        self.0.running.reopen();
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

fn mistakes(operations: &[Operation], state: &StateMap, db: &Db) -> Vec<Mistake> {
    let mut found = Vec::new();
    let mut names: HashMap<&str, usize> = HashMap::new();
    let mut places: HashMap<String, &str> = HashMap::new();
    let declared: HashMap<&str, &Declaration> =
        operations.iter().map(Operation::declaration).map(|declaration| (declaration.name(), declaration)).collect();
    for (at, operation) in operations.iter().enumerate() {
        let declaration = operation.declaration();
        let name = declaration.name();
        found.extend(declaration.mistakes(state));
        found.extend(declaration.completion_mistakes(|name| declared.get(name).copied()));
        found.extend(declaration.enumeration_mistakes(|name| declared.get(name).copied()));
        let before = operations[..at].iter().map(Operation::declaration);
        found.extend(before.filter_map(|known| declaration.view_mistake(known)).take(1));
        let times = names.entry(name).or_default();
        *times += 1;
        if *times == 2 {
            found.push(Mistake::new(name, "is declared twice; every operation has a name of its own"));
        }
        if let Some(only) = operation.backend().filter(|only| *only != db.backend()) {
            found.push(Mistake::new(name, format!("takes a {only} connection, but the database is {}", db.backend())));
        }
        let routes =
            declaration.routes().iter().map(|route| format!("{} {}", route.method, shape(route.path.as_str())));
        for place in routes {
            match places.get(&place) {
                Some(other) => found
                    .push(Mistake::new(name, format!("is served under {place}, where `{other}` is served already"))),
                None => {
                    places.insert(place, name);
                }
            }
        }
    }
    found.extend(ambiguous(operations));
    found
}

/// Resources of which nobody can say which one a URI means.
fn ambiguous(operations: &[Operation]) -> Vec<Mistake> {
    let resources: Vec<_> = operations
        .iter()
        .filter_map(|operation| Some((operation.declaration().name(), operation.declaration().resource()?)))
        .collect();
    let mut found = Vec::new();
    for (at, (name, uri)) in resources.iter().enumerate() {
        for (other, theirs) in resources[..at].iter().filter(|(_, theirs)| uri.is_ambiguous_with(theirs)) {
            found.push(Mistake::new(
                *name,
                format!(
                    "the resource {uri} and `{other}` under {theirs} share a URI, and neither is more literal; give one of them a literal segment that the other does not take"
                ),
            ));
        }
    }
    found
}

/// A path without the names of its variables: two that differ only in those cannot be told apart.
fn shape(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    let mut inside = false;
    for c in path.chars() {
        match c {
            '{' => {
                inside = true;
                out.push_str("{}");
            }
            '}' => inside = false,
            c if !inside => out.push(c),
            _ => {}
        }
    }
    out
}
