//! A declared operation made runnable: the types of its function are erased here, once, and nowhere else.

mod exposed;
mod include;
mod pick;
mod prompt;
mod selector;
mod service;

pub use exposed::{Exposed, ExposedCall};
pub use include::Include;

use crate::db::{Backend, Conn, Tx};
use diptych_spec::{Call, Declaration, Form, OperationKind, Result};
use futures_util::future::BoxFuture;
use std::{any::Any, fmt, sync::Arc};

/// What an operation computed, before it is shown.
pub(crate) type Computed = Box<dyn Any + Send>;

/// A service with its function attached.
pub(crate) trait RunService: Send + Sync {
    fn declaration(&self) -> &Declaration;
    fn backend(&self) -> Option<Backend>;
    /// Finds the target and leaves it in the call.
    fn resolve<'a>(&'a self, call: &'a mut Call, tx: &'a mut Tx) -> BoxFuture<'a, Result<()>>;
    /// Runs the function.
    fn run<'a>(&'a self, call: &'a mut Call, tx: &'a mut Tx) -> BoxFuture<'a, Result<Computed>>;
    /// Reads the answer again if that was declared, shows it, and encodes it.
    fn present<'a>(&'a self, computed: Computed, tx: &'a mut Tx) -> BoxFuture<'a, Result<Vec<u8>>>;
}

/// A selector or prompt with its function attached.
pub(crate) trait RunSelector: Send + Sync {
    fn declaration(&self) -> &Declaration;
    fn backend(&self) -> Option<Backend>;
    /// Runs the function, and the list that it returned.
    fn run<'a>(&'a self, call: &'a mut Call, conn: &'a mut Conn) -> BoxFuture<'a, Result<Computed>>;
    /// Shows the answer and encodes it; where it can be shorter and is longer than `max_bytes`, shorter.
    fn present(&self, computed: Computed, max_bytes: usize) -> Result<Vec<u8>>;
}

/// An operation that can be dispatched. Cheap to clone.
#[derive(Clone)]
pub struct Operation(pub(crate) Kind);

#[derive(Clone)]
pub(crate) enum Kind {
    Service(Arc<dyn RunService>),
    /// Or a prompt, which runs the same way.
    Selector(Arc<dyn RunSelector>),
    Exposed(Arc<dyn Exposed>),
}

impl Operation {
    /// What is known of it before any call.
    #[must_use]
    pub fn declaration(&self) -> &Declaration {
        match &self.0 {
            Kind::Service(service) => service.declaration(),
            Kind::Selector(selector) => selector.declaration(),
            Kind::Exposed(exposed) => exposed.declaration(),
        }
    }

    /// The only database it works on, if its function takes a concrete connection.
    #[must_use]
    pub fn backend(&self) -> Option<Backend> {
        match &self.0 {
            Kind::Service(service) => service.backend(),
            Kind::Selector(selector) => selector.backend(),
            Kind::Exposed(_) => None,
        }
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
pub struct Operations(Vec<Operation>);

impl Operations {
    /// None yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a finished spec.
    #[expect(clippy::should_implement_trait, reason = "adding to a list, in the words of the domain")]
    pub fn add(mut self, spec: impl IntoOperation) -> Self {
        self.0.push(spec.into_operation());
        self
    }

    /// Adds all of another module's operations.
    pub fn merge(mut self, other: Self) -> Self {
        self.0.extend(other.0);
        self
    }

    /// Each operation.
    #[must_use]
    pub fn as_slice(&self) -> &[Operation] {
        &self.0
    }
}

/// A value that was put into a box under its own type comes out of it.
fn unbox<T: 'static>(computed: Computed) -> Result<T> {
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

fn wrong_backend() -> diptych_spec::Error {
    diptych_spec::Error::internal("the operation takes the connection of another database")
}
