//! What is known of an operation before any call: the value that every surface describes itself from.

mod access;
mod answer;
mod checks;
mod enumeration;
mod exposure;
mod limits;
mod list;
mod response;
mod scope;
mod steps;
mod table;
mod terms;
mod visibility;

pub(crate) use access::{Requirement, RowRule};
pub use answer::RowCheck;
pub use enumeration::Enumeration;
pub use list::ListDeclaration;
pub(crate) use response::Responding;
pub(crate) use steps::Step;
pub use table::Table;

use crate::{
    ArgumentTable, Bulk, Completion, Contents, ErrorKind, Idempotency, Included, Limit, Needed, Permission, Route,
    Signature, Task, Template, affordance::Affordances, form::Shown, schema, version::Versioning,
    visibility::Visibility,
};
use access::ShownTo;
use exposure::Exposure;
use serde_json::Value;
use std::sync::atomic::{self, AtomicBool};
use std::{
    borrow::Cow,
    fmt,
    sync::{Arc, OnceLock},
    time::Duration,
};
use steps::Bound;
use terms::Terms;

/// What an operation is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OperationKind {
    /// Changes data, in one transaction.
    Service,
    /// Reads data, on a read-only connection.
    Selector,
    /// Makes messages for a model, on a read-only connection.
    Prompt,
}

/// How the target row is locked while the service runs.
///
/// On SQLite every service holds the one write lock, so all of these are the same there. MySQL has no weaker lock for writing:
/// `NoKeyUpdate` is `Update` there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Lock {
    /// `FOR UPDATE`: nobody else changes, deletes or locks the row.
    #[default]
    Update,
    /// `FOR NO KEY UPDATE`: as `Update`, but rows that refer to it can be added meanwhile.
    NoKeyUpdate,
    /// `FOR SHARE`: nobody changes it, others may lock it the same way.
    Share,
    /// No lock. What was read may be out of date when the service writes.
    None,
}

/// What a selector answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cardinality {
    /// Any value.
    Value,
    /// One row, or not found.
    Row,
    /// A list of rows.
    List,
}

/// An operation as it was declared. Built by [`crate::ServiceSpec`], [`crate::SelectorSpec`] and [`crate::PromptSpec`].
pub struct Declaration {
    pub(crate) name: Cow<'static, str>,
    pub(crate) title: Option<Cow<'static, str>>,
    pub(crate) description: Cow<'static, str>,
    pub(crate) kind: OperationKind,
    pub(crate) cardinality: Cardinality,
    pub(crate) permission: Option<Arc<dyn Permission>>,
    pub(crate) routes: Vec<Route>,
    pub(crate) resource: Option<Template>,
    pub(crate) status: Option<u16>,
    pub(crate) creates: Option<Template>,
    pub(crate) changes: Vec<Template>,
    pub(crate) limits: Vec<Limit>,
    pub(crate) cost: u32,
    pub(crate) deadline: Option<Duration>,
    pub(crate) task: Option<Task>,
    pub(crate) idempotent: bool,
    pub(crate) idempotency: Option<Idempotency>,
    pub(crate) destructive: bool,
    pub(crate) allow_none: bool,
    pub(crate) exposed: bool,
    /// Also asked by what has it as a step.
    pub(crate) enabled: Arc<AtomicBool>,
    pub(crate) lock: Lock,
    pub(crate) terms: Terms,
    pub(crate) bulk: Option<Bulk>,
    pub(crate) responding: Arc<Responding>,
    pub(crate) versioning: Versioning,
    pub(crate) snapshot: bool,
    pub(crate) list: ListDeclaration,
    pub(crate) signature: Signature,
    bound: OnceLock<Bound>,
    pub(crate) target: Option<Needed>,
    pub(crate) targets: Option<Needed>,
    pub(crate) output: Value,
    pub(crate) exposure: Exposure,
    pub(crate) errors: Vec<(ErrorKind, &'static str)>,
    pub(crate) permits: Vec<RowRule>,
    pub(crate) shown_to: Vec<Arc<ShownTo>>,
    pub(crate) requirements: Vec<Requirement>,
    pub(crate) affordances: Option<Affordances>,
    pub(crate) completions: Vec<(&'static str, Completion)>,
    pub(crate) includes: Vec<Included>,
    pub(crate) unscoped: Option<Cow<'static, str>>,
    pub(crate) visibility: Vec<Visibility>,
    pub(crate) guards: Vec<Visibility>,
    pub(crate) mistakes: Vec<String>,
}

impl Declaration {
    pub(crate) fn new(
        name: impl Into<Cow<'static, str>>,
        description: impl Into<Cow<'static, str>>,
        kind: OperationKind,
    ) -> Self {
        let mut signature = Signature::default();
        if kind == OperationKind::Selector {
            signature.table.read_input_from_query();
        }
        Self {
            name: name.into(),
            title: None,
            description: description.into(),
            kind,
            cardinality: Cardinality::Value,
            permission: None,
            routes: Vec::new(),
            resource: None,
            status: None,
            creates: None,
            changes: Vec::new(),
            limits: Vec::new(),
            cost: 1,
            deadline: None,
            task: None,
            idempotent: kind != OperationKind::Service,
            idempotency: None,
            destructive: false,
            allow_none: false,
            exposed: false,
            enabled: Arc::new(AtomicBool::new(true)),
            lock: Lock::default(),
            terms: Terms::default(),
            bulk: None,
            responding: Arc::default(),
            versioning: Versioning::default(),
            snapshot: false,
            list: ListDeclaration::default(),
            signature,
            bound: OnceLock::new(),
            target: None,
            targets: None,
            output: Value::Null,
            exposure: Exposure::default(),
            errors: Vec::new(),
            permits: Vec::new(),
            shown_to: Vec::new(),
            requirements: Vec::new(),
            affordances: None,
            completions: Vec::new(),
            includes: Vec::new(),
            unscoped: None,
            visibility: Vec::new(),
            guards: Vec::new(),
            mistakes: Vec::new(),
        }
    }

    /// The name: the tool's name over MCP, the `operationId` in OpenAPI.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// A short name for people.
    #[must_use]
    pub fn title(&self) -> Option<&str> {
        self.title.as_deref()
    }

    /// What it does, from the doc comment.
    #[must_use]
    pub fn description(&self) -> &str {
        &self.description
    }

    /// What it is.
    #[must_use]
    pub fn kind(&self) -> OperationKind {
        self.kind
    }

    /// What a selector answers.
    #[must_use]
    pub fn cardinality(&self) -> Cardinality {
        self.cardinality
    }

    /// Whether it is there at all, for anybody, with all of its steps.
    #[must_use]
    pub fn is_enabled(&self) -> bool {
        let is_on = |enabled: &AtomicBool| enabled.load(atomic::Ordering::Relaxed);
        is_on(&self.enabled) && self.bound().is_none_or(|bound| bound.enabled.iter().all(|step| is_on(step)))
    }

    /// Makes it be there or not; says whether that is a change.
    pub fn set_enabled(&self, enabled: bool) -> bool {
        self.enabled.swap(enabled, atomic::Ordering::Relaxed) != enabled
    }

    /// The permission, with those of all of its steps.
    #[must_use]
    pub fn permission(&self) -> Option<&dyn Permission> {
        self.bound().map_or(self.permission.as_deref(), |bound| bound.permission.as_deref())
    }

    /// The REST routes.
    #[must_use]
    pub fn routes(&self) -> &[Route] {
        &self.routes
    }

    /// The URI or URI template under which it is an MCP resource.
    #[must_use]
    pub fn resource(&self) -> Option<&Template> {
        self.resource.as_ref()
    }

    /// The HTTP status of success (RFC 9110, section 15.3).
    #[must_use]
    pub fn status(&self) -> u16 {
        match (self.status, &self.creates) {
            (Some(status), _) => status,
            (None, Some(_)) => 201,
            (None, None) if self.is_empty() => 204,
            (None, None) => 200,
        }
    }

    /// The path of what it creates, filled from the answer: the `Location` (RFC 9110, section 10.2.2).
    #[must_use]
    pub fn creates(&self) -> Option<&Template> {
        self.creates.as_ref()
    }

    /// The resources that change when it succeeds.
    #[must_use]
    pub fn changes(&self) -> &[Template] {
        &self.changes
    }

    /// How long it may take, when it says so itself.
    #[must_use]
    pub fn deadline(&self) -> Option<Duration> {
        self.deadline
    }

    /// Whether a second call with the same arguments changes nothing more.
    #[must_use]
    pub fn is_idempotent(&self) -> bool {
        self.idempotent
    }

    /// Whether it may remove or overwrite data.
    #[must_use]
    pub fn is_destructive(&self) -> bool {
        self.destructive
    }

    /// Whether its work is done by a handler that is not ours: what it answers, JSON or text, is not known before.
    #[must_use]
    pub fn is_exposed(&self) -> bool {
        self.exposed
    }

    /// Whether a missing row is answered with null instead of "not found".
    #[must_use]
    pub fn allows_none(&self) -> bool {
        self.allow_none
    }

    /// How the target row is locked.
    #[must_use]
    pub fn lock(&self) -> Lock {
        self.lock
    }

    /// Whether all that a selector reads is of one snapshot.
    #[must_use]
    pub fn is_snapshot(&self) -> bool {
        self.snapshot
    }

    /// How a list is filtered, ordered and paginated.
    #[must_use]
    pub fn list(&self) -> &ListDeclaration {
        &self.list
    }

    /// The arguments.
    #[must_use]
    pub fn arguments(&self) -> &ArgumentTable {
        &self.signature.table
    }

    /// Whether the service works on a row, or on rows, that a selector resolves first.
    #[must_use]
    pub fn has_target(&self) -> bool {
        self.target.is_some() || self.targets.is_some()
    }

    /// The JSON Schema of the answer.
    #[must_use]
    pub fn output(&self) -> &Value {
        &self.output
    }

    /// Whether there is nothing to answer (`()`).
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.output.get("type").is_some_and(|ty| ty == "null")
    }

    /// Whether it speaks with the caller while it runs: progress, log messages, questions.
    #[must_use]
    pub fn converses(&self) -> bool {
        self.signature.talk.at_all
    }

    /// Whether it sends log messages to the caller.
    #[must_use]
    pub fn logs(&self) -> bool {
        self.signature.talk.logs
    }

    /// Whether it asks the caller.
    #[must_use]
    pub fn asks(&self) -> bool {
        self.signature.talk.asks
    }

    /// The codes of its preconditions.
    pub fn requirements(&self) -> impl Iterator<Item = &'static str> {
        self.requirements.iter().map(|requirement| requirement.code)
    }

    /// Sets what the finished chain answers. Called once, by whatever makes the operation runnable.
    #[doc(hidden)]
    pub fn finish<View: schemars::JsonSchema + 'static>(&mut self, cardinality: Cardinality) {
        self.cardinality = cardinality;
        self.finish_items();
        if !self.is_lifted() {
            self.finish_terms();
        }
        self.exposure.shown = Shown::of::<View>();
        self.output = match self.exposure.shown {
            Shown::Contents => schema::output::<Contents>(),
            _ if cardinality == Cardinality::Row && self.allow_none => schema::output::<Option<View>>(),
            _ => schema::output::<View>(),
        };
        if let Some(keyset) = self.list.keyset().filter(|_| cardinality == Cardinality::List) {
            keyset.describe(&mut self.output);
        }
        self.finish_includes();
        self.describe_affordances(cardinality == Cardinality::List);
        self.finish_version::<View>();
    }
}

impl fmt::Debug for Declaration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Declaration").field("name", &self.name).field("kind", &self.kind).finish_non_exhaustive()
    }
}
