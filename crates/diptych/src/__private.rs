//! What the macros expand to, and what the testkit needs. Not an API.

use crate::Server;
use diptych_spec::{Error, ErrorKind, IntoMessages, Messages, Principal, Result, ServiceError};
use std::{future::Future, io};
use tokio::io::{AsyncRead, AsyncWrite};
use validator::{Validate, ValidationErrors};

pub use diptych_pipeline::{Backend, unknown_variant};
pub use diptych_spec::{AnswerValue, Args, ArgumentData, OperandKind, accepts, default_operator};
pub use schemars;
pub use serde;
pub use validator;

/// What the function under `#[service]` or `#[selector]` returns.
#[diagnostic::on_unimplemented(
    message = "a service or selector returns a `Result`, not `{Self}`",
    label = "not a `Result`",
    note = "write `-> diptych::Result<…>`, or `-> Result<…, E>` where `E` has `#[derive(ServiceError)]`"
)]
pub trait IsResult {
    /// What it gives back.
    type Ok;
    /// The errors of its own that it can give.
    fn declared() -> &'static [(ErrorKind, &'static str)];
    /// The result, with diptych's error.
    ///
    /// # Errors
    /// The function's own, converted.
    fn done(self) -> Result<Self::Ok>;
}

// The bound is here and not on the associated type, so that a wrong error type is reported by its own trait.
impl<T, E: ServiceError> IsResult for std::result::Result<T, E> {
    type Ok = T;
    fn declared() -> &'static [(ErrorKind, &'static str)] {
        E::declared()
    }
    fn done(self) -> Result<T> {
        self.map_err(Into::into)
    }
}

/// What the function under `#[prompt]` returns: a result of messages.
#[diagnostic::on_unimplemented(
    message = "a prompt returns a `Result` of messages, not `{Self}`",
    label = "not a `Result` of messages",
    note = "write `-> diptych::Result<String>` (one message of the user), `Result<Message>`, `Result<Vec<Message>>` or `Result<Messages>`",
    note = "an error of your own, `Result<…, E>`, has `#[derive(ServiceError)]`"
)]
pub trait IsMessages {
    /// The errors of its own that it can give.
    fn declared() -> &'static [(ErrorKind, &'static str)];
    /// The messages, or diptych's error.
    ///
    /// # Errors
    /// The function's own, converted.
    fn messages(self) -> Result<Messages>;
}

#[diagnostic::do_not_recommend]
impl<R: IsResult<Ok: IntoMessages>> IsMessages for R {
    fn declared() -> &'static [(ErrorKind, &'static str)] {
        R::declared()
    }
    fn messages(self) -> Result<Messages> {
        self.done().map(IntoMessages::into_messages)
    }
}

/// What a transparent variant of an error holds.
#[diagnostic::on_unimplemented(
    message = "diptych does not know what `{Self}` is to the caller",
    label = "not an error that diptych can answer with",
    note = "a transparent variant holds a `diptych::Error` or an error with `#[derive(ServiceError)]`; for any other say what it is, as in `#[problem(internal, detail = \"{{0}}\")]`"
)]
pub trait Transparent {
    /// The error.
    fn into_error(self) -> Error;
}

#[diagnostic::do_not_recommend]
impl<T: Into<Error>> Transparent for T {
    fn into_error(self) -> Error {
        self.into()
    }
}

/// What a variant of an input holds.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no rules that a variant could be checked by",
    label = "does not implement `Validate`",
    note = "derive `validator::Validate` for `{Self}`, or write `#[validate(skip)]` before it in the variant"
)]
pub trait HasRules {
    /// Checks them.
    ///
    /// # Errors
    /// What is broken.
    fn checked(&self) -> std::result::Result<(), ValidationErrors>;
}

#[diagnostic::do_not_recommend]
impl<T: Validate> HasRules for T {
    fn checked(&self) -> std::result::Result<(), ValidationErrors> {
        self.validate()
    }
}

/// Checks the rules of what a variant holds.
///
/// # Errors
/// What is broken.
pub fn validated<T: HasRules>(held: &T) -> std::result::Result<(), ValidationErrors> {
    held.checked()
}

/// Requires the function's future to be `Send`, at the function's name. What it returns is `Send` by its signature, so
/// that the future around it is not a second error.
pub fn assert_send<F: Future + Send>(future: F) -> impl Future<Output = F::Output> + Send {
    future
}

/// [`Server::stdio`] over other pipes than those of the process.
pub fn stdio<I, O>(
    server: &Server,
    input: I,
    output: O,
    principal: Option<Principal>,
) -> impl Future<Output = io::Result<()>> + Send + use<I, O>
where
    I: AsyncRead + Send + Unpin,
    O: AsyncWrite + Send + Unpin,
{
    let mcp = server.http().mcp_server().clone();
    async move { mcp.stdio(input, output, principal.as_ref()).await }
}
