//! One call of an operation, and how a handler's arguments are taken from it by type.

use crate::bulk::Share;
use crate::{ArgumentSet, Error, InputData, ItemCalls, Peer, Principal, Questions, Result, Signature};
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use std::{
    any::{Any, TypeId},
    collections::HashMap,
    fmt,
    future::Future,
    ops::Deref,
    sync::Arc,
    time::{Duration, Instant},
};

/// The application's own values, by type: `State<T>` hands them to a handler.
#[derive(Clone, Default)]
pub struct StateMap(HashMap<TypeId, Arc<dyn Any + Send + Sync>>);

impl StateMap {
    /// Adds a value; the last of a type wins.
    pub fn insert<T: Send + Sync + 'static>(&mut self, value: T) {
        self.0.insert(TypeId::of::<T>(), Arc::new(value));
    }

    /// The value of a type.
    #[must_use]
    pub fn get<T: Send + Sync + 'static>(&self) -> Option<Arc<T>> {
        self.0.get(&TypeId::of::<T>())?.clone().downcast().ok()
    }

    /// Whether there is a value of a type.
    #[must_use]
    pub fn contains(&self, id: TypeId) -> bool {
        self.0.contains_key(&id)
    }
}

impl fmt::Debug for StateMap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StateMap({} values)", self.0.len())
    }
}

/// What a running operation knows of its call.
pub struct Call {
    principal: Option<Principal>,
    state: Arc<StateMap>,
    deadline: Deadline,
    peer: Option<Arc<dyn Peer>>,
    questions: Questions,
    values: Vec<(TypeId, Box<dyn Any + Send>)>,
}

impl Call {
    /// A call by `principal` that has to be done by `deadline`.
    #[must_use]
    pub fn new(principal: Option<Principal>, state: Arc<StateMap>, deadline: Deadline) -> Self {
        Self { principal, state, deadline, peer: None, questions: Questions::default(), values: Vec::new() }
    }

    /// The same call, with a line to whoever made it.
    #[must_use]
    pub fn with_peer(mut self, peer: Option<Arc<dyn Peer>>) -> Self {
        self.peer = peer;
        self
    }

    /// A call for one of so many items of this one: of the same caller, with arguments of its own.
    pub(crate) fn item(&self, index: usize, count: usize) -> Self {
        let (principal, state) = (self.principal.clone(), Arc::clone(&self.state));
        let peer = self.peer.clone().map(|caller| Arc::new(Share { caller, index, count }) as Arc<dyn Peer>);
        Self { principal, state, deadline: self.deadline, peer, questions: Questions::default(), values: Vec::new() }
    }

    /// How many items it has; none where it takes no list.
    #[must_use]
    pub fn items(&self) -> Option<usize> {
        self.get::<ItemCalls>().map(|items| items.0.len())
    }

    /// The line to whoever made the call, when there is one.
    #[must_use]
    pub fn peer(&self) -> Option<&Arc<dyn Peer>> {
        self.peer.as_ref()
    }

    /// The same call, as a part of the call that these questions are asked in.
    #[must_use]
    pub fn asking(mut self, questions: Questions) -> Self {
        self.questions = questions;
        self
    }

    /// What was asked and not answered.
    #[must_use]
    pub fn questions(&self) -> &Questions {
        &self.questions
    }

    /// Who is calling.
    #[must_use]
    pub fn principal(&self) -> Option<&Principal> {
        self.principal.as_ref()
    }

    /// The application's value of a type.
    #[must_use]
    pub fn state<T: Send + Sync + 'static>(&self) -> Option<Arc<T>> {
        self.state.get()
    }

    /// All of the application's values.
    #[must_use]
    pub fn state_map(&self) -> Arc<StateMap> {
        Arc::clone(&self.state)
    }

    /// When the call has to be done.
    #[must_use]
    pub fn deadline(&self) -> Deadline {
        self.deadline
    }

    /// Leaves a value for a later stage, by type.
    pub fn put<T: Send + 'static>(&mut self, value: T) {
        self.values.push((TypeId::of::<T>(), Box::new(value)));
    }

    /// A value that an earlier stage left.
    #[must_use]
    pub fn get<T: Send + 'static>(&self) -> Option<&T> {
        let (_, value) = self.values.iter().find(|(id, _)| *id == TypeId::of::<T>())?;
        value.downcast_ref()
    }

    /// Takes a value that an earlier stage left.
    pub fn take<T: Send + 'static>(&mut self) -> Option<T> {
        let at = self.values.iter().position(|(id, _)| *id == TypeId::of::<T>())?;
        self.values.swap_remove(at).1.downcast().ok().map(|value| *value)
    }
}

impl fmt::Debug for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call")
            .field("principal", &self.principal)
            .field("deadline", &self.deadline)
            .finish_non_exhaustive()
    }
}

/// Something that a handler can name as an argument.
///
/// Implement it for a type of the application's own (a tenant, a clock):
///
/// ```
/// use diptych_spec::{Call, Error, FromCall, Result};
///
/// struct Tenant(String);
///
/// impl FromCall for Tenant {
///     async fn from_call(call: &mut Call) -> Result<Self> {
///         let who = call.principal().ok_or_else(Error::unauthenticated)?;
///         let (_, tenant) = who.subject().split_once('@').ok_or_else(|| Error::forbidden("no tenant"))?;
///         Ok(Self(tenant.to_owned()))
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be an argument of a service, selector or prompt",
    label = "diptych does not know where to take this from",
    note = "arguments are `Input<T>`, `Many<T>`, `Principal`, `Option<Principal>`, `State<T>`, `Instance<T>`, `Scoped<T>`, `Db`, `Deadline`, `Progress`, `Log`, `Ask`, `TaskStart`, `DryRun`, `ResponseHead`, `Calls`, or `#[arg] name: T` for one named value; first may stand `&mut Tx` (service), `&mut Conn` (selector, prompt) or the connection type of one database",
    note = "for a type of your own implement `diptych::FromCall`"
)]
pub trait FromCall: Sized + Send {
    /// Says what the argument needs: names and schemas, state, a target.
    fn describe(signature: &mut Signature) {
        let _ = signature;
    }

    /// Takes the argument from the call.
    ///
    /// # Errors
    /// Whatever keeps the operation from running; it is rolled back.
    fn from_call(call: &mut Call) -> impl Future<Output = Result<Self>> + Send;
}

/// The validated input: the body over REST, arguments by name over MCP.
#[derive(Debug)]
pub struct Input<T>(pub T);

impl<T: InputData> FromCall for Input<T> {
    fn describe(signature: &mut Signature) {
        signature.arguments(ArgumentSet::validated::<T>());
    }
    async fn from_call(call: &mut Call) -> Result<Self> {
        call.take().map(Self).ok_or_else(|| misplaced::<T>("Input"))
    }
}

impl<T> Deref for Input<T> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.0
    }
}

/// The arguments marked `#[arg]`, gathered by the attribute into one hidden struct.
#[doc(hidden)]
#[derive(Debug)]
pub struct Args<T>(pub T);

impl<T: Send + 'static> Args<T> {
    /// Takes them; what they have to be is asked for once, in [`FromCall::describe`].
    ///
    /// # Errors
    /// They are not in the call, which the checks at build time exclude.
    pub fn take(call: &mut Call) -> Result<Self> {
        call.take().map(Self).ok_or_else(|| misplaced::<T>("#[arg]"))
    }
}

// Spelled out, not `ArgumentData`: an `#[arg]` that cannot be read is to be named itself, not the struct it is in.
impl<T: DeserializeOwned + JsonSchema + Send + 'static> FromCall for Args<T> {
    fn describe(signature: &mut Signature) {
        signature.arguments(ArgumentSet::of::<T>(crate::Owner::Arg));
    }
    async fn from_call(call: &mut Call) -> Result<Self> {
        Self::take(call)
    }
}

/// A value of the application's own, registered with `.state(…)`.
#[derive(Debug)]
pub struct State<T>(pub Arc<T>);

impl<T: Send + Sync + 'static> FromCall for State<T> {
    fn describe(signature: &mut Signature) {
        signature.state::<T>();
    }
    async fn from_call(call: &mut Call) -> Result<Self> {
        call.state().map(Self).ok_or_else(|| misplaced::<T>("State"))
    }
}

impl<T> Deref for State<T> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.0
    }
}

/// The row that `.target(selector)` resolved and locked in the same transaction.
#[derive(Debug)]
pub struct Instance<T>(pub T);

impl<T: Send + 'static> FromCall for Instance<T> {
    fn describe(signature: &mut Signature) {
        signature.instance::<T>();
    }
    async fn from_call(call: &mut Call) -> Result<Self> {
        call.take().ok_or_else(|| misplaced::<T>("Instance"))
    }
}

impl<T> Deref for Instance<T> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.0
    }
}

impl FromCall for Principal {
    async fn from_call(call: &mut Call) -> Result<Self> {
        call.principal().cloned().ok_or_else(Error::unauthenticated)
    }
}

impl FromCall for Option<Principal> {
    async fn from_call(call: &mut Call) -> Result<Self> {
        Ok(call.principal().cloned())
    }
}

/// When the call has to be done; after it, the transaction is rolled back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Deadline(Instant);

impl Deadline {
    /// This long from now.
    #[must_use]
    pub fn after(span: Duration) -> Self {
        Self(Instant::now() + span)
    }

    /// The moment itself.
    #[must_use]
    pub fn instant(self) -> Instant {
        self.0
    }

    /// How long is left; zero when it has passed.
    #[must_use]
    pub fn remaining(self) -> Duration {
        self.0.saturating_duration_since(Instant::now())
    }
}

impl FromCall for Deadline {
    async fn from_call(call: &mut Call) -> Result<Self> {
        Ok(call.deadline())
    }
}

/// The checks at build time make this unreachable, except for a value named twice.
pub(crate) fn misplaced<T>(what: &str) -> Error {
    Error::internal(format!("{what}<{}> is not in the call, or was taken before", std::any::type_name::<T>()))
}
