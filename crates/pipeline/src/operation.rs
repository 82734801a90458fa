//! A declared operation made runnable: the types of its function are erased here, once, and nowhere else.

mod affordances;
mod bulk;
mod exposed;
mod include;
mod pick;
mod prompt;
mod selector;
mod service;

pub use exposed::{Exposed, ExposedCall};
pub(crate) use include::Dress;
pub use include::Include;

use crate::db::{Backend, Conn, Sink, Tx};
use crate::scope::{Reads, RowScope, Scope};
use diptych_spec::{Call, Declaration, Form, OperationKind, Result};
use futures_util::future::BoxFuture;
use std::{any::Any, fmt, sync::Arc};

/// What an operation computed, before it is shown.
pub(crate) type Computed = Box<dyn Any + Send>;

/// A service with its function attached.
pub(crate) trait RunService: Send + Sync {
    fn declaration(&self) -> &Declaration;
    fn backend(&self) -> Option<Backend>;
    /// What the target is, and what the answer is read from.
    fn reads(&self) -> (Option<Reads>, Option<Reads>);
    /// Finds the target and leaves it in the call.
    fn resolve<'a>(&'a self, call: &'a mut Call, tx: &'a mut Tx) -> BoxFuture<'a, Result<()>>;
    /// Runs the function; for each item, where there are items, as long as their answers together are not longer than `max_bytes`.
    fn run<'a>(&'a self, call: &'a mut Call, tx: &'a mut Tx, max_bytes: usize) -> BoxFuture<'a, Result<Computed>>;
    /// Reads the answer again if that was declared, shows it, and encodes it.
    fn present<'a>(&'a self, computed: Computed, tx: &'a mut Tx) -> BoxFuture<'a, Result<Vec<u8>>>;
}

/// A selector or prompt with its function attached.
pub(crate) trait RunSelector: Send + Sync {
    fn declaration(&self) -> &Declaration;
    fn backend(&self) -> Option<Backend>;
    /// What it reads.
    fn reads(&self) -> Reads;
    /// Runs the function, and the list that it returned.
    fn run<'a>(&'a self, call: &'a mut Call, conn: &'a mut Conn) -> BoxFuture<'a, Result<Computed>>;
    /// Runs the function, and reads the list that it returned, whole and row by row.
    fn pour<'a>(&'a self, _: &'a mut Call, _: &'a mut Conn, _: &'a Sink) -> BoxFuture<'a, Result<()>> {
        Box::pin(async { Err(no_list()) })
    }
    /// Shows the answer and encodes it; where it can be shorter and is longer than `max_bytes`, shorter.
    fn present(&self, computed: Computed, max_bytes: usize) -> Result<Vec<u8>>;
    /// Finds the operations that answers tell of, once all are known.
    fn link(&self, _find: &dyn Fn(&str) -> Option<Operation>) {}
}

/// An operation that can be dispatched. Cheap to clone.
#[derive(Clone)]
pub struct Operation {
    pub(crate) kind: Kind,
    pub(crate) scope: Option<InSet>,
}

/// The row scope of the set that an operation was added to.
#[derive(Clone)]
pub(crate) struct InSet {
    pub(crate) scope: Arc<Scope>,
    /// Whether another set that it came into has one as well.
    pub(crate) twice: bool,
}

#[derive(Clone)]
pub(crate) enum Kind {
    Service(Arc<dyn RunService>),
    /// Or a prompt, which runs the same way.
    Selector(Arc<dyn RunSelector>),
    Exposed(Arc<dyn Exposed>),
}

impl Operation {
    /// Finds the others that it tells of.
    pub(crate) fn link(&self, find: &dyn Fn(&str) -> Option<Self>) {
        if let Kind::Selector(selector) = &self.kind {
            selector.link(find);
        }
    }

    /// What is known of it before any call.
    #[must_use]
    pub fn declaration(&self) -> &Declaration {
        match &self.kind {
            Kind::Service(service) => service.declaration(),
            Kind::Selector(selector) => selector.declaration(),
            Kind::Exposed(exposed) => exposed.declaration(),
        }
    }

    /// The only database it works on, if its function takes a concrete connection.
    #[must_use]
    pub fn backend(&self) -> Option<Backend> {
        match &self.kind {
            Kind::Service(service) => service.backend(),
            Kind::Selector(selector) => selector.backend(),
            Kind::Exposed(_) => None,
        }
    }

    /// The row scope that its calls run in.
    pub(crate) fn scope(&self) -> Option<&Scope> {
        let set = self.scope.as_ref().filter(|_| self.declaration().unscoped().is_none());
        set.map(|set| &*set.scope)
    }

    /// The same operation in a set with this row scope.
    fn within(mut self, scope: &Arc<Scope>) -> Self {
        match &mut self.scope {
            Some(set) => set.twice = true,
            none => *none = Some(InSet { scope: Arc::clone(scope), twice: false }),
        }
        self
    }

    /// Whether it changes data.
    #[must_use]
    pub fn is_service(&self) -> bool {
        self.declaration().kind() == OperationKind::Service
    }

    /// Whether it makes messages for a model, which makes it neither a tool nor a resource.
    #[must_use]
    pub fn is_prompt(&self) -> bool {
        self.declaration().kind() == OperationKind::Prompt
    }
}

impl From<Kind> for Operation {
    fn from(kind: Kind) -> Self {
        Self { kind, scope: None }
    }
}

impl fmt::Debug for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Operation").field(self.declaration()).finish()
    }
}

/// A finished spec: something [`Operations::add`] takes.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a finished service, selector or prompt",
    label = "cannot be added",
    note = "add what `#[service]`, `#[selector]` or `#[prompt]` made: `.add(create_invoice::spec().allow(…))`"
)]
pub trait IntoOperation {
    /// The operation.
    fn into_operation(self) -> Operation;
}

/// The operations of an application, in order.
#[derive(Debug, Clone, Default)]
#[must_use = "operations do nothing until they are mounted"]
pub struct Operations {
    operations: Vec<Operation>,
    scope: Option<Arc<Scope>>,
}

impl Operations {
    /// None yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a finished spec.
    #[expect(clippy::should_implement_trait, reason = "adding to a list, in the words of the domain")]
    pub fn add(mut self, spec: impl IntoOperation) -> Self {
        self.push(spec.into_operation());
        self
    }

    /// Adds all of another module's operations. They are in the row scope of this set, if it has one; one of their own stays theirs.
    pub fn merge(mut self, other: Self) -> Self {
        other.operations.into_iter().for_each(|operation| self.push(operation));
        self
    }

    /// Which rows are there for a caller: of every list and target of these operations, those that are added later included. An
    /// operation that works on the rows of everybody says `.unscoped("why")`.
    pub fn row_scope<T>(mut self, scope: RowScope<T>) -> Self {
        let scope = Arc::new(scope.scope);
        self.operations = self.operations.into_iter().map(|operation| operation.within(&scope)).collect();
        self.scope = Some(scope);
        self
    }

    /// Each operation.
    #[must_use]
    pub fn as_slice(&self) -> &[Operation] {
        &self.operations
    }

    fn push(&mut self, operation: Operation) {
        self.operations.push(match &self.scope {
            Some(scope) => operation.within(scope),
            None => operation,
        });
    }
}

/// A value that was put into a box under its own type comes out of it.
pub(crate) fn unbox<T: 'static>(computed: Computed) -> Result<T> {
    let wrong = || diptych_spec::Error::internal("an operation computed a value of another type than it presents");
    computed.downcast::<T>().map(|value| *value).map_err(|_| wrong())
}

pub(crate) fn encode(declaration: &Declaration, view: &impl serde::Serialize) -> Result<Vec<u8>> {
    let json = serde_json::to_vec(view).map_err(diptych_spec::Error::internal)?;
    Ok(if declaration.form() == Form::Contents { listed(json) } else { json })
}

/// Content blocks are a list, of one or none as well.
fn listed(mut json: Vec<u8>) -> Vec<u8> {
    match json.first() {
        Some(b'[') => json,
        Some(b'{') => {
            json.insert(0, b'[');
            json.push(b']');
            json
        }
        _ => b"[]".to_vec(),
    }
}

fn no_list() -> diptych_spec::Error {
    diptych_spec::Error::internal("what is no list cannot be streamed")
}

fn wrong_backend() -> diptych_spec::Error {
    diptych_spec::Error::internal("the operation takes the connection of another database")
}
