//! The function behind an operation.
//!
//! One trait, three ways to it: `#[service]` / `#[selector]` / `#[prompt]` on an `async fn`, `from_fn` with any async function or
//! closure, and an `impl` by hand, which is what the attribute expands to.

use crate::{Call, ErrorKind, FromCall, Result, ServiceError, Signature};
use std::{fmt, future::Future, marker::PhantomData};

/// A function that diptych can call: it names what it needs, takes it from a call, and is lent a connection.
///
/// ```
/// use diptych_spec::{Call, Handler, Principal, FromCall, Result, Signature};
///
/// /// What `#[selector("whoami")] async fn whoami(who: Principal) -> Result<String>` expands to, in essence.
/// struct WhoAmI;
///
/// impl Handler for WhoAmI {
///     type Connection = ();
///     type Args = Principal;
///     type Out = String;
///     fn describe(&self, signature: &mut Signature) {
///         Principal::describe(signature);
///     }
///     async fn extract(&self, call: &mut Call) -> Result<Principal> {
///         Principal::from_call(call).await
///     }
///     async fn invoke<'t>(&'t self, _: &'t mut (), who: Principal) -> Result<String> {
///         Ok(who.subject().to_owned())
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a service, selector or prompt",
    label = "not a service, selector or prompt",
    note = "put `#[service(\"name\")]`, `#[selector(\"name\")]` or `#[prompt(\"name\")]` on an `async fn`, or implement `diptych::Handler`"
)]
pub trait Handler: Send + Sync + 'static {
    /// What it is lent while it runs: `Tx`, `Conn`, or one database's own connection.
    type Connection: Send;
    /// Its arguments.
    type Args: Send;
    /// What it gives back.
    type Out: Send + 'static;

    /// Says what the arguments need.
    fn describe(&self, signature: &mut Signature);

    /// The errors it can give, for the OpenAPI document.
    fn errors(&self) -> &'static [(ErrorKind, &'static str)] {
        &[]
    }

    /// Takes the arguments from the call.
    ///
    /// # Errors
    /// Those of the arguments.
    fn extract(&self, call: &mut Call) -> impl Future<Output = Result<Self::Args>> + Send;

    /// Runs.
    ///
    /// # Errors
    /// The author's own.
    fn invoke<'t>(
        &'t self,
        connection: &'t mut Self::Connection,
        args: Self::Args,
    ) -> impl Future<Output = Result<Self::Out>> + Send + 't;
}

/// A function that `from_fn` takes. `Shape` is what rustc finds out about it: connection, arguments, result and error.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a service, selector or prompt",
    label = "not a function that diptych can call",
    note = "expected `async fn(&mut Tx, arguments…) -> Result<T, E>`: the first argument a `&mut` connection, every other one a type that implements `FromCall`, and the future `Send`",
    note = "put `#[service(\"name\")]` on the function to see which part is wrong"
)]
pub trait IntoHandler<Shape> {
    /// The handler.
    type Handler;
    /// Makes it a handler.
    fn into_handler(self) -> Self::Handler;
}

/// An async function whose future has a name, so that it can be required to be `Send`.
pub trait LentFn<'t, C, Args>: Send + Sync + 'static {
    /// What the future gives.
    type Output;
    /// The future.
    type Future: Future<Output = Self::Output> + Send + 't;
    /// Calls the function.
    fn call_lent(&self, connection: &'t mut C, args: Args) -> Self::Future;
}

type Called<C, Args, T, E> = fn(&mut C, Args) -> Result<T, E>;

/// The handler that `from_fn` makes.
pub struct FnHandler<F, C, Args, T, E> {
    function: F,
    marker: PhantomData<Called<C, Args, T, E>>,
}

impl<F, C, Args, T, E> fmt::Debug for FnHandler<F, C, Args, T, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FnHandler").finish_non_exhaustive()
    }
}

macro_rules! arity {
    ($($arg:ident),*) => {
        impl<'t, Func, Conn: 't, Fut, $($arg),*> LentFn<'t, Conn, ($($arg,)*)> for Func
        where
            Func: Fn(&'t mut Conn, $($arg),*) -> Fut + Send + Sync + 'static,
            Fut: Future + Send + 't,
        {
            type Output = Fut::Output;
            type Future = Fut;
            #[allow(non_snake_case, reason = "the type parameters double as names")]
            fn call_lent(&self, connection: &'t mut Conn, ($($arg,)*): ($($arg,)*)) -> Fut {
                self(connection, $($arg),*)
            }
        }

        // One for each arity, not one for all: so a function of another shape is no handler at all, which is one error.
        impl<Func, Conn, Out, Err, $($arg),*> IntoHandler<(Conn, ($($arg,)*), Out, Err)> for Func
        where
            Func: for<'t> LentFn<'t, Conn, ($($arg,)*), Output = Result<Out, Err>>,
        {
            type Handler = FnHandler<Func, Conn, ($($arg,)*), Out, Err>;
            fn into_handler(self) -> Self::Handler {
                FnHandler { function: self, marker: PhantomData }
            }
        }

        impl<Func, Conn, Out, Err, $($arg),*> Handler for FnHandler<Func, Conn, ($($arg,)*), Out, Err>
        where
            Func: for<'t> LentFn<'t, Conn, ($($arg,)*), Output = Result<Out, Err>>,
            Conn: Send + 'static,
            Out: Send + 'static,
            Err: ServiceError,
            $($arg: FromCall + 'static,)*
        {
            type Connection = Conn;
            type Args = ($($arg,)*);
            type Out = Out;
            fn describe(&self, _signature: &mut Signature) {
                $($arg::describe(_signature);)*
            }
            fn errors(&self) -> &'static [(ErrorKind, &'static str)] {
                Err::declared()
            }
            async fn extract(&self, _call: &mut Call) -> Result<Self::Args> {
                Ok(($($arg::from_call(_call).await?,)*))
            }
            fn invoke<'t>(
                &'t self,
                connection: &'t mut Conn,
                args: Self::Args,
            ) -> impl Future<Output = Result<Out>> + Send + 't {
                let future = self.function.call_lent(connection, args);
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
arity!(A1, A2, A3, A4, A5, A6);
