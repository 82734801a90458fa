//! The builder of a service: a mutation in one transaction.

use crate::{
    Answer, AsIs, Call, Declaration, FnHandler, Handler, Instance, LentFn, List, Lock, Method, OperationKind,
    Permission, Principal, Route, SelectorSpec, ServiceError, Signature, Template, declaration::Requirement,
    presenter::As,
};
use std::{borrow::Cow, fmt, marker::PhantomData, sync::Arc, time::Duration};

/// A service works on no row in particular.
#[derive(Debug, Clone, Copy)]
pub struct NoTarget;

/// A service works on the row that a selector finds.
#[derive(Debug)]
pub struct Target<L>(pub(crate) L);

impl<L> Target<L> {
    /// The selector's handler.
    pub fn handler(&self) -> &L {
        &self.0
    }
}

/// The answer is what the function returned.
#[derive(Debug, Clone, Copy)]
pub struct Returned;

/// The answer is read again, in the same transaction, by what the function returned.
pub struct Reread<F, Q> {
    select: F,
    marker: PhantomData<fn() -> Q>,
}

impl<F, Q> Reread<F, Q> {
    /// The output selector for what the function returned.
    pub fn select<T>(&self, returned: &T) -> Q
    where
        F: Fn(&T) -> Q,
    {
        (self.select)(returned)
    }
}

impl<F, Q> fmt::Debug for Reread<F, Q> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reread").finish_non_exhaustive()
    }
}

/// A service being declared: what it is called, who may call it, where it is served.
///
/// The type parameters are the handler, where the answer comes from, how it is shown, and the target; nobody has to
/// write them.
#[must_use = "a spec does nothing until it is added with `Operations::add`"]
pub struct ServiceSpec<H, R = Returned, V = AsIs, T = NoTarget> {
    declaration: Declaration,
    handler: H,
    source: R,
    target: T,
    presenter: PhantomData<fn() -> V>,
}

impl<H: Handler> ServiceSpec<H> {
    /// A service with this handler. `#[service]` writes this call.
    pub fn new(name: impl Into<Cow<'static, str>>, description: impl Into<Cow<'static, str>>, handler: H) -> Self {
        let mut declaration = Declaration::new(name, description, OperationKind::Service);
        handler.describe(&mut declaration.signature);
        declaration.errors = handler.errors().to_vec();
        Self { declaration, handler, source: Returned, target: NoTarget, presenter: PhantomData }
    }
}

impl<F, C, Args, T, E> ServiceSpec<FnHandler<F, C, Args, T, E>>
where
    F: for<'t> LentFn<'t, C, Args, Output = Result<T, E>>,
    E: ServiceError,
    FnHandler<F, C, Args, T, E>: Handler,
{
    /// A service from any async function or closure whose first argument is a `&mut` connection.
    pub fn from_fn(name: impl Into<Cow<'static, str>>, function: F) -> Self {
        Self::new(name, "", FnHandler::new(function))
    }
}

impl<H, R, V, T> ServiceSpec<H, R, V, T> {
    /// What it does, in a sentence: shown to people in OpenAPI and to models as the tool's description.
    pub fn description(mut self, description: impl Into<Cow<'static, str>>) -> Self {
        self.declaration.description = description.into();
        self
    }

    /// A short name for people.
    pub fn title(mut self, title: impl Into<Cow<'static, str>>) -> Self {
        self.declaration.title = Some(title.into());
        self
    }

    /// Who may call it. Required; [`crate::Anyone`] opens it to everybody.
    pub fn allow(mut self, permission: impl Permission) -> Self {
        self.declaration.permission = Some(Arc::new(permission));
        self
    }

    /// Serves it under this method and path, relative to where REST is mounted. May be called several times.
    pub fn rest(mut self, method: Method, path: &str) -> Self {
        match parse_path(path) {
            Ok(path) => self.declaration.routes.push(Route { method, path }),
            Err(mistake) => self.declaration.mistakes.push(mistake),
        }
        self
    }

    /// The HTTP status of success; 200, or 204 when there is nothing to answer, or 201 with [`Self::creates`].
    pub fn status(mut self, status: u16) -> Self {
        if !(200..300).contains(&status) {
            self.declaration.mistakes.push(format!("the status of success has to be 200 to 299, not {status}"));
        }
        self.declaration.status = Some(status);
        self
    }

    /// It creates what is served at this path, whose variables are fields of the answer: 201 with `Location`.
    pub fn creates(mut self, path: &str) -> Self {
        match parse_path(path) {
            Ok(path) => self.declaration.creates = Some(path),
            Err(mistake) => self.declaration.mistakes.push(mistake),
        }
        self
    }

    /// Its success changes what can be read at this URI.
    pub fn changes(mut self, uri: &str) -> Self {
        match Template::parse(uri) {
            Ok(uri) => self.declaration.changes.push(uri),
            Err(mistake) => self.declaration.mistakes.push(mistake),
        }
        self
    }

    /// How long it may take before it is rolled back; 30 seconds unless the server says otherwise.
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.declaration.deadline = Some(deadline);
        self
    }

    /// A second call with the same arguments changes nothing more (MCP's `idempotentHint`).
    pub fn idempotent(mut self, idempotent: bool) -> Self {
        self.declaration.idempotent = idempotent;
        self
    }

    /// It may remove or overwrite data (MCP's `destructiveHint`): an agent's host asks before calling it.
    pub fn destructive(mut self, destructive: bool) -> Self {
        self.declaration.destructive = destructive;
        self
    }

    /// How the target row is locked; [`Lock::Update`] unless said otherwise.
    pub fn lock(mut self, lock: Lock) -> Self {
        self.declaration.lock = lock;
        self
    }

    /// Shows the answer as a `View`, made with `View::from`.
    pub fn present<View>(self) -> ServiceSpec<H, R, As<View>, T> {
        ServiceSpec {
            declaration: self.declaration,
            handler: self.handler,
            source: self.source,
            target: self.target,
            presenter: PhantomData,
        }
    }

    /// Takes the spec apart, for whatever makes it runnable.
    #[doc(hidden)]
    pub fn into_parts(self) -> (Declaration, H, R, T) {
        (self.declaration, self.handler, self.source, self.target)
    }
}

impl<H: Handler, V, T> ServiceSpec<H, Returned, V, T> {
    /// Answers with a row that is read again in the same transaction, by what the function returned (an id).
    pub fn output<Q: List, F: Fn(&H::Out) -> Q + Send + Sync + 'static>(
        self,
        select: F,
    ) -> ServiceSpec<H, Reread<F, Q>, V, T> {
        ServiceSpec {
            declaration: self.declaration,
            handler: self.handler,
            source: Reread { select, marker: PhantomData },
            target: self.target,
            presenter: PhantomData,
        }
    }
}

impl<H, R, V> ServiceSpec<H, R, V, NoTarget> {
    /// Works on the row that this selector returns: resolved first, in the same transaction, locked, and handed to
    /// the function as `Instance<Row>`; "not found" when there is none. The selector's `#[arg]`s become arguments of
    /// the service.
    pub fn target<L, LV, Row>(mut self, selector: SelectorSpec<L, LV>) -> ServiceSpec<H, R, V, Target<L>>
    where
        L: Handler<Out = Option<Row>>,
        Option<Row>: Answer,
        Row: Send + 'static,
    {
        let (mut found, handler) = selector.into_parts();
        let mut wanted = Signature::default();
        wanted.instance::<Row>();
        self.declaration.target = wanted.instance;
        // Described again rather than moved over, so that shared names are noticed.
        handler.describe(&mut self.declaration.signature);
        self.declaration.errors.extend_from_slice(handler.errors());
        self.declaration.mistakes.append(&mut found.mistakes);
        ServiceSpec {
            declaration: self.declaration,
            handler: self.handler,
            source: self.source,
            target: Target(handler),
            presenter: PhantomData,
        }
    }
}

impl<H, R, V, L, Row> ServiceSpec<H, R, V, Target<L>>
where
    L: Handler<Out = Option<Row>>,
    Row: Send + 'static,
{
    /// Lets the caller work on this row at all. Where not, the answer is "not found", as if it were not there.
    pub fn permit(mut self, rule: impl Fn(Option<&Principal>, &Row) -> bool + Send + Sync + 'static) -> Self {
        self.declaration.permits.push(Box::new(move |call| {
            call.get::<Instance<Row>>().is_some_and(|Instance(row)| rule(call.principal(), row))
        }));
        self
    }

    /// A precondition on the row, checked in the transaction that holds its lock; where it does not hold, the answer is a
    /// conflict with this code and detail.
    pub fn require(
        mut self,
        code: &'static str,
        detail: &'static str,
        holds: impl Fn(&Row) -> bool + Send + Sync + 'static,
    ) -> Self {
        let holds = Box::new(move |call: &Call| call.get::<Instance<Row>>().is_some_and(|Instance(row)| holds(row)));
        self.declaration.requirements.push(Requirement { code, detail, holds });
        self
    }
}

impl<H, R, V, T> fmt::Debug for ServiceSpec<H, R, V, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ServiceSpec").field(&self.declaration).finish()
    }
}

pub(crate) fn parse_path(path: &str) -> Result<Template, String> {
    if !path.starts_with('/') {
        return Err(format!("the route `{path}` has to start with `/`"));
    }
    Template::parse(path)
}
