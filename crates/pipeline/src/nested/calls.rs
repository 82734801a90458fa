//! Calling other operations, as an argument of a handler.

use super::{
    Frame,
    handle::{ArgumentsOf, Fetched, NamedSelector, NamedService},
    run::{self, Nested},
};
use crate::{
    db::{Conn, Tx},
    operation::Computed,
    stage::present,
};
use diptych_spec::{Call, Deadline, Error, FromCall, Handler, Peer, Principal, Questions, Result, Signature, StateMap};
use serde::{Serialize, de::DeserializeOwned};
use std::{fmt, sync::Arc};

/// Calls other operations of the server, in the same transaction and for the same caller: as an argument of a handler.
///
/// A call goes through all that a call from outside goes through: the caller needs its permission too, its arguments are held to its
/// rules, its target is found, locked and permitted, its preconditions hold. What it did is kept when the calling operation is
/// committed, and undone when it fails, also where the error is not passed on.
///
/// ```
/// # use diptych_pipeline::{Calls, NamedService, Takes, Tx};
/// # use diptych_spec::{Input, Result};
/// # #[derive(serde::Serialize)] struct NewInvoice { number: String }
/// # async fn example<create_invoice, send_invoice>(calls: Calls, tx: &mut Tx) -> Result<()>
/// # where create_invoice: NamedService<Out = i64> + Takes<NewInvoice>, send_invoice: NamedService<Out = ()> {
/// // `#[service("invoices.create")] async fn create_invoice(tx: &mut Tx, new: Input<NewInvoice>) -> Result<i64>`
/// let id = calls.call::<create_invoice>(tx, Input(NewInvoice { number: "2026-1".to_owned() })).await?;
/// // Arguments by name: `#[arg]`s, those of the target, `expected_version`.
/// calls.call::<send_invoice>(tx, serde_json::json!({"id": id})).await?;
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct Calls {
    frame: Arc<Frame>,
    principal: Option<Principal>,
    state: Arc<StateMap>,
    deadline: Deadline,
    peer: Option<Arc<dyn Peer>>,
    questions: Questions,
    is_dry_run: bool,
}

impl Calls {
    /// Calls a service, named by its function, and gives what the function gives back.
    ///
    /// # Errors
    /// Those of the service; nothing of it is kept. Where the arguments are refused, its fields are those of the called service, and an
    /// operation that ends with that error ends with a fault: its caller has not sent them.
    pub async fn call<S>(&self, tx: &mut Tx, arguments: impl ArgumentsOf<S>) -> Result<S::Out>
    where
        S: NamedService<Out: Clone>,
    {
        self.call_with::<S>(tx, arguments.into_json()?).await
    }

    /// The same, with the arguments by name, as JSON.
    pub(super) async fn call_with<S>(&self, tx: &mut Tx, json: String) -> Result<S::Out>
    where
        S: NamedService<Out: Clone>,
    {
        let take = |computed: &Computed| computed.downcast_ref::<S::Out>().cloned().ok_or_else(another_type::<S>);
        Box::pin(run::service(self.nested(), S::NAME, json, tx, take)).await.map(|(out, _)| out)
    }

    /// Reads a selector, named by its function, and gives the row, the rows or the value that it finds; of a list in pages, the rows of
    /// the page.
    ///
    /// # Errors
    /// Those of the selector, as with [`Calls::call`].
    pub async fn read<S>(&self, conn: &mut Conn, arguments: impl ArgumentsOf<S>) -> Result<<S::Out as Fetched>::Output>
    where
        S: NamedSelector<Out: Fetched>,
    {
        let json = arguments.into_json()?;
        let fetched =
            Box::pin(run::selector(self.nested(), S::NAME, json, conn, |_, read, _| Ok(read.into_computed())));
        <S::Out as Fetched>::fetched(fetched.await?)
    }

    /// Calls a service by its name, and reads its answer as every other caller gets it: without fields that this caller is not shown.
    ///
    /// # Errors
    /// As [`Calls::call`]; internal where there is no such service, or its answer is no `T`.
    pub async fn call_by_name<T: DeserializeOwned>(
        &self,
        tx: &mut Tx,
        name: &str,
        arguments: &(impl Serialize + Sync),
    ) -> Result<T> {
        let json = written(name, arguments)?;
        let called = Box::pin(run::service(self.nested(), name, json, tx, |_| Ok(())));
        let ((), outcome) = called.await?;
        answered(name, outcome.json())
    }

    /// Reads a selector by its name, and its answer as every other caller gets it.
    ///
    /// # Errors
    /// As [`Calls::read`]; internal where there is no such selector, or its answer is no `T`.
    pub async fn read_by_name<T: DeserializeOwned>(
        &self,
        conn: &mut Conn,
        name: &str,
        arguments: &(impl Serialize + Sync),
    ) -> Result<T> {
        let json = written(name, arguments)?;
        let max_bytes = self.frame.engine.settings().max_result_bytes;
        let read = Box::pin(run::selector(self.nested(), name, json, conn, |selector, read, hidden| {
            present::selector(selector, read, max_bytes, hidden)
        }));
        answered(name, read.await?.into_outcome().json())
    }

    fn nested(&self) -> Nested {
        let call = Call::new(self.principal.clone(), Arc::clone(&self.state), self.deadline);
        let call = call.with_peer(self.peer.clone()).asking(self.questions.clone());
        let call = if self.is_dry_run { call.in_dry_run() } else { call };
        Nested { frame: Arc::clone(&self.frame), call, is_dry_run: self.is_dry_run }
    }
}

fn written(name: &str, arguments: &impl Serialize) -> Result<String> {
    // What the library says of it has values in it.
    let wrong = |_| Error::internal(format!("what `{name}` is called with cannot be written as JSON"));
    serde_json::to_string(arguments).map_err(wrong)
}

fn answered<T: DeserializeOwned>(name: &str, json: &str) -> Result<T> {
    let wrong = |_| Error::internal(format!("the answer of `{name}` is not of the type that is asked for"));
    serde_json::from_str(json).map_err(wrong)
}

fn another_type<S: Handler>() -> Error {
    Error::internal(format!("another operation has the name of {}", std::any::type_name::<S>()))
}

impl FromCall for Calls {
    fn describe(signature: &mut Signature) {
        signature.calls();
    }
    async fn from_call(call: &mut Call) -> Result<Self> {
        let frame = call.get::<Arc<Frame>>().cloned();
        Ok(Self {
            frame: frame
                .ok_or_else(|| Error::internal("`Calls` is not in the call: describe it in `Handler::describe`"))?,
            principal: call.principal().cloned(),
            state: call.state_map(),
            deadline: call.deadline(),
            peer: call.peer().cloned(),
            questions: call.questions().clone(),
            is_dry_run: call.is_dry_run(),
        })
    }
}

impl fmt::Debug for Calls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Calls").field("operation", &self.frame.name()).finish_non_exhaustive()
    }
}
