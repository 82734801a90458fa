//! Functions that handle messages.
//!
//! Whether one is lent a transaction is in its arguments: `async fn(&mut Tx, Delivery<M>, …)` is, `async fn(Delivery<M>, …)` is not.

use super::{Delivery, OutboxMessage};
use crate::db::Tx;
use diptych_spec::{
    Anyone, Call, Cardinality, Declaration, FromCall, Handler, IntoHandler, LentFn, Result, ServiceError, ServiceSpec,
    Signature,
};
use futures_util::future::BoxFuture;
use std::{
    fmt,
    future::Future,
    marker::PhantomData,
    sync::atomic::{AtomicU64, Ordering},
};

/// A function that [`crate::Outbox::handle`] takes. `Shape` is what rustc finds out about it: whether it is lent a transaction, the
/// message, the other arguments, and the error.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot handle messages",
    label = "not a function that messages can be given to",
    note = "expected `async fn(&mut Tx, Delivery<T>, arguments…) -> Result<(), E>`, which is in the transaction that marks the message as handled, or `async fn(Delivery<T>, arguments…) -> Result<(), E>`, which is in none",
    note = "`T` implements `OutboxMessage`, every other argument `FromCall`, and the future is `Send`"
)]
pub trait HandlesMessages<Shape> {
    /// The function without its types.
    #[doc(hidden)]
    fn registered(self) -> Registered;
}

/// The handler of a topic.
pub struct Registered {
    pub(super) declaration: Declaration,
    pub(super) way: Way,
    pub(super) counters: Counters,
}

/// How often, since the process started.
#[derive(Default)]
pub(super) struct Counters {
    delivered: AtomicU64,
    failed: AtomicU64,
    dead: AtomicU64,
}

/// Whether the function is lent a transaction.
pub(super) enum Way {
    Inside(Box<dyn RunInside>),
    Outside(Box<dyn RunOutside>),
}

pub(super) trait RunInside: Send + Sync {
    fn run<'a>(&'a self, call: &'a mut Call, tx: &'a mut Tx) -> BoxFuture<'a, Result<()>>;
}

pub(super) trait RunOutside: Send + Sync {
    fn run<'a>(&'a self, call: &'a mut Call) -> BoxFuture<'a, Result<()>>;
}

impl<H: Handler<Connection = Tx, Out = ()>> RunInside for H {
    fn run<'a>(&'a self, call: &'a mut Call, tx: &'a mut Tx) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            let args = self.extract(call).await?;
            let done = self.invoke(tx, args).await;
            tx.settle();
            done
        })
    }
}

impl<H: Handler<Connection = (), Out = ()>> RunOutside for H {
    fn run<'a>(&'a self, call: &'a mut Call) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            let args = self.extract(call).await?;
            let mut nothing = ();
            self.invoke(&mut nothing, args).await
        })
    }
}

impl Registered {
    /// What a handler needs is checked like what a service needs.
    fn of<M: OutboxMessage, H: Handler>(handler: H, way: impl FnOnce(H) -> Way) -> Self {
        const { assert!(super::message::is_topic(M::TOPIC), "a TOPIC is 1 to 64 characters of A-Z a-z 0-9 _ - .") };
        let (mut declaration, handler, _, _) = ServiceSpec::new(M::TOPIC, "", handler).allow(Anyone).into_parts();
        declaration.finish::<()>(Cardinality::Value);
        Self { declaration, way: way(handler), counters: Counters::default() }
    }

    pub(super) fn topic(&self) -> &str {
        self.declaration.name()
    }
}

impl fmt::Debug for Registered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Registered").field("topic", &self.topic()).finish_non_exhaustive()
    }
}

impl Counters {
    pub(super) fn note_delivered(&self) {
        self.delivered.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn note_failed(&self, is_dead: bool) {
        self.failed.fetch_add(1, Ordering::Relaxed);
        self.dead.fetch_add(u64::from(is_dead), Ordering::Relaxed);
    }

    /// Delivered, failed, dead.
    pub(super) fn read(&self) -> [u64; 3] {
        [&self.delivered, &self.failed, &self.dead].map(|counter| counter.load(Ordering::Relaxed))
    }
}

/// The handler of a function that is lent nothing.
struct FreeHandler<F, Args, E> {
    function: F,
    marker: PhantomData<fn(Args) -> E>,
}

macro_rules! arity {
    ($($arg:ident),*) => {
        impl<Func, M, Err, $($arg),*> HandlesMessages<(Tx, M, ($($arg,)*), Err)> for Func
        where
            Func: for<'t> LentFn<'t, Tx, (Delivery<M>, $($arg,)*), Output = Result<(), Err>>,
            M: OutboxMessage,
            Err: ServiceError,
            $($arg: FromCall + 'static,)*
        {
            fn registered(self) -> Registered {
                let handler = IntoHandler::<(Tx, (Delivery<M>, $($arg,)*), (), Err)>::into_handler(self);
                Registered::of::<M, _>(handler, |handler| Way::Inside(Box::new(handler)))
            }
        }

        impl<Func, Fut, M, Err, $($arg),*> HandlesMessages<(M, ($($arg,)*), Err)> for Func
        where
            Func: Fn(Delivery<M>, $($arg),*) -> Fut + Send + Sync + 'static,
            Fut: Future<Output = Result<(), Err>> + Send + 'static,
            M: OutboxMessage,
            Err: ServiceError,
            $($arg: FromCall + 'static,)*
        {
            fn registered(self) -> Registered {
                let handler = FreeHandler { function: self, marker: PhantomData::<fn((Delivery<M>, $($arg,)*)) -> Err> };
                Registered::of::<M, _>(handler, |handler| Way::Outside(Box::new(handler)))
            }
        }

        impl<Func, Fut, M, Err, $($arg),*> Handler for FreeHandler<Func, (Delivery<M>, $($arg,)*), Err>
        where
            Func: Fn(Delivery<M>, $($arg),*) -> Fut + Send + Sync + 'static,
            Fut: Future<Output = Result<(), Err>> + Send + 'static,
            M: OutboxMessage,
            Err: ServiceError,
            $($arg: FromCall + 'static,)*
        {
            type Connection = ();
            type Args = (Delivery<M>, $($arg,)*);
            type Out = ();
            fn describe(&self, signature: &mut Signature) {
                Delivery::<M>::describe(signature);
                $($arg::describe(signature);)*
            }
            async fn extract(&self, call: &mut Call) -> Result<Self::Args> {
                Ok((Delivery::from_call(call).await?, $($arg::from_call(call).await?,)*))
            }
            #[allow(non_snake_case, reason = "the type parameters double as names")]
            fn invoke<'t>(
                &'t self,
                _: &'t mut (),
                (delivery, $($arg,)*): Self::Args,
            ) -> impl Future<Output = Result<()>> + Send + 't {
                let future = (self.function)(delivery, $($arg),*);
                async move { future.await.map_err(Into::into) }
            }
        }
    };
}
arity!();
arity!(A1);
arity!(A1, A2);
arity!(A1, A2, A3);
arity!(A1, A2, A3, A4);
arity!(A1, A2, A3, A4, A5);
