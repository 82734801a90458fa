//! The builder of a service: a mutation in one transaction.

mod exposure;
mod items;
mod response;
mod targets;
mod terms;
mod version;
mod visibility;

pub use targets::{Instances, Targets};
pub use version::VersionedTarget;

use crate::{
    AsIs, Call, Declaration, Handler, Idempotency, Instance, IntoHandler, List, Lock, Method, OneRow, OperationKind,
    Permission, Principal, Route, SelectorSpec, Signature, Task, Template,
    declaration::{Requirement, RowRule},
    presenter::As,
};
use std::{borrow::Cow, fmt, marker::PhantomData, sync::Arc, time::Duration};

/// A service works on no row in particular.
#[derive(Debug, Clone, Copy)]
pub struct NoTarget;

/// A service works on the row that a selector finds.
#[derive(Debug)]
pub struct Target<L: Handler, Row> {
    selector: L,
    row: fn(L::Out) -> Option<Row>,
}

impl<L: Handler, Row> Target<L, Row> {
    /// The selector's handler.
    pub fn handler(&self) -> &L {
        &self.selector
    }

    /// The row in what the selector answered.
    pub fn row(&self, answer: L::Out) -> Option<Row> {
        (self.row)(answer)
    }
}

/// A service that has no target yet.
#[diagnostic::on_unimplemented(
    message = "the service has a target already",
    label = "a second target",
    note = "a service works on one row: remove one of the two `.target(…)`"
)]
pub trait Untargeted {}

impl Untargeted for NoTarget {}

/// A service whose target is known.
#[diagnostic::on_unimplemented(
    message = "the service has no target",
    label = "there is no row that this could look at",
    note = "say first which row it is: `.target(selector::spec())`, with a selector that returns `Result<Option<Row>>`"
)]
pub trait HasTarget {
    /// The row.
    type Row: Send + 'static;
    /// Whether this holds for every row of the call.
    #[doc(hidden)]
    fn every(call: &Call, holds: &dyn Fn(&Self::Row) -> bool) -> bool;
}

impl<L: Handler, Row: Send + 'static> HasTarget for Target<L, Row> {
    type Row = Row;
    fn every(call: &Call, holds: &dyn Fn(&Row) -> bool) -> bool {
        call.get::<Instance<Row>>().is_some_and(|Instance(row)| holds(row))
    }
}

/// The answer is what the function returned.
#[derive(Debug, Clone, Copy)]
pub struct Returned;

/// The answer is read again, in the same transaction, by what the function returned.
pub struct Reread<T, Q> {
    select: Box<dyn Fn(&T) -> Q + Send + Sync>,
}

impl<T, Q> Reread<T, Q> {
    /// The output selector for what the function returned.
    pub fn select(&self, returned: &T) -> Q {
        (self.select)(returned)
    }
}

impl<T, Q> fmt::Debug for Reread<T, Q> {
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

impl ServiceSpec<()> {
    /// A service from any async function or closure whose first argument is a `&mut` connection.
    pub fn from_fn<F, Shape>(name: impl Into<Cow<'static, str>>, function: F) -> ServiceSpec<F::Handler>
    where
        F: IntoHandler<Shape>,
        F::Handler: Handler,
    {
        ServiceSpec::new(name, "", function.into_handler())
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

    /// Whether it is there when the server starts; `Catalogue::enable` makes it so later.
    pub fn enabled(self, enabled: bool) -> Self {
        self.declaration.set_enabled(enabled);
        self
    }

    /// Who may call it. Required; [`crate::Anyone`] opens it to everybody.
    pub fn allow(mut self, permission: impl Permission) -> Self {
        self.declaration.permission = Some(Arc::new(permission));
        self
    }

    /// Works on the rows of every tenant, although the operations it is added to have a row scope; `why` is shown in the list of
    /// `app scopes`.
    pub fn unscoped(mut self, why: impl Into<Cow<'static, str>>) -> Self {
        self.declaration.unscoped = Some(why.into());
        self
    }

    /// How often it may be called; see [`crate::Limit`]. May be called several times, up to four: all of them hold.
    pub fn limit(mut self, limit: crate::Limit) -> Self {
        self.declaration.limits.push(limit);
        self
    }

    /// How much a call counts for every limit; 1 unless said otherwise. With 0 it is not counted.
    pub fn cost(mut self, cost: u32) -> Self {
        self.declaration.cost = cost;
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
        match Template::uri(uri) {
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

    /// May run as a task, for MCP clients that can have one (SEP-2663): the call is answered at once, and the client asks
    /// for the result later.
    pub fn task(mut self, task: Task) -> Self {
        self.declaration.task = Some(task);
        self
    }

    /// A second call with the same arguments changes nothing more (MCP's `idempotentHint`).
    pub fn idempotent(mut self, idempotent: bool) -> Self {
        self.declaration.idempotent = idempotent;
        self
    }

    /// How it takes idempotency keys; see [`Idempotency`]. Any service takes them; where this is declared, the OpenAPI document says so.
    pub fn idempotency(mut self, idempotency: Idempotency) -> Self {
        self.declaration.idempotency = Some(idempotency);
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
    ) -> ServiceSpec<H, Reread<H::Out, Q::Query>, V, T> {
        ServiceSpec {
            declaration: self.declaration,
            handler: self.handler,
            source: Reread { select: Box::new(move |returned| select(returned).into_query()) },
            target: self.target,
            presenter: PhantomData,
        }
    }
}

impl<H, R, V, T> ServiceSpec<H, R, V, T> {
    /// Works on the row that this selector returns: resolved first, in the same transaction, locked, and handed to
    /// the function as `Instance<Row>`; "not found" when there is none. The selector's `#[arg]`s become arguments of
    /// the service.
    pub fn target<L: Handler, LV>(
        mut self,
        selector: SelectorSpec<L, LV>,
    ) -> ServiceSpec<H, R, V, Target<L, <L::Out as OneRow>::Row>>
    where
        T: Untargeted,
        L::Out: OneRow,
    {
        let (mut found, handler) = selector.into_parts();
        let mut wanted = Signature::default();
        wanted.instance::<<L::Out as OneRow>::Row>();
        self.declaration.target = wanted.instance;
        // Described again rather than moved over, so that shared names are noticed.
        handler.describe(&mut self.declaration.signature);
        self.declaration.errors.extend_from_slice(handler.errors());
        self.declaration.mistakes.append(&mut found.mistakes);
        self.declaration.check_scope_of_target(&found);
        let shown_to = found.shown_to;
        if !shown_to.is_empty() {
            let rule = move |principal: Option<&Principal>, row: &<L::Out as OneRow>::Row| {
                shown_to.iter().all(|allows| allows(principal, row))
            };
            self.declaration.permits.push(RowRule::new::<Target<L, <L::Out as OneRow>::Row>>(rule));
        }
        ServiceSpec {
            declaration: self.declaration,
            handler: self.handler,
            source: self.source,
            target: Target { selector: handler, row: OneRow::into_row },
            presenter: PhantomData,
        }
    }

    /// Lets the caller work on this row at all. Where not, the answer is "not found", as if it were not there. Of several rows, each
    /// has to be the caller's.
    pub fn permit(mut self, rule: impl Fn(Option<&Principal>, &T::Row) -> bool + Send + Sync + 'static) -> Self
    where
        T: HasTarget,
    {
        self.declaration.permits.push(RowRule::new::<T>(rule));
        self
    }

    /// A precondition on the row, checked in the transaction that holds its lock; where it does not hold, the answer is a
    /// conflict with this code and detail. Of several rows, it holds for each.
    pub fn require(
        mut self,
        code: &'static str,
        detail: &'static str,
        holds: impl Fn(&T::Row) -> bool + Send + Sync + 'static,
    ) -> Self
    where
        T: HasTarget,
    {
        let rule = RowRule::new::<T>(move |_, row| holds(row));
        self.declaration.requirements.push(Requirement { code, detail, rule });
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
