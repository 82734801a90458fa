//! How an operation is named in code: by its function.

use crate::operation::{Computed, Dress, unbox};
use crate::select::{Listed, Select};
use diptych_spec::{Answer, AnswerValue, Error, Handler, Input, Result};
use serde::Serialize;
use serde_json::Value;

/// A service that others can call by the name of its function. `#[service]` makes it one.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a service that can be called by its function",
    label = "not made by `#[service]`",
    note = "write the function under `#[service]`: `calls.call::<create_invoice>(tx, …)`; a selector is read, with `calls.read::<…>(…)`; any other service is called by its name, with `call_by_name`"
)]
pub trait NamedService: Handler {
    /// The name that it is declared with.
    const NAME: &'static str;
}

/// A selector that others can read by the name of its function. `#[selector]` makes it one.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a selector that can be read by its function",
    label = "not made by `#[selector]`",
    note = "write the function under `#[selector]`: `calls.read::<invoice_row>(tx, …)`; a service is called, with `calls.call::<…>(…)`; any other selector is read by its name, with `read_by_name`"
)]
pub trait NamedSelector: Handler {
    /// The name that it is declared with.
    const NAME: &'static str;
}

/// An operation whose function takes an `Input<T>`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` takes no `Input<{T}>`",
    label = "this is not the input of `{Self}`",
    note = "give the type that its function has in `Input<…>`, or its arguments by name: `json!({{\"id\": id}})`"
)]
pub trait Takes<T> {}

/// What an operation can be called with: its input, `Input(NewInvoice { … })`; its arguments by name, `json!({"id": id})`; both, as a
/// pair; or nothing, `()`.
///
/// An input is written as JSON and read again, like that of any other caller, so that it is held to the same rules. For that its type is
/// `Serialize`.
#[diagnostic::on_unimplemented(
    message = "`{S}` cannot be called with `{Self}`",
    label = "not the arguments of `{S}`",
    note = "give it its input, `Input(NewInvoice {{ … }})`, its arguments by name, `json!({{\"id\": id}})`, both as a pair, or `()`"
)]
pub trait ArgumentsOf<S>: Send {
    /// The arguments by name, as JSON.
    ///
    /// # Errors
    /// Internal: they cannot be written as a JSON object.
    #[doc(hidden)]
    fn into_json(self) -> Result<String>;

    /// Whether all that is given is the input.
    #[doc(hidden)]
    const IS_INPUT: bool = false;
}

impl<S> ArgumentsOf<S> for () {
    fn into_json(self) -> Result<String> {
        Ok("{}".to_owned())
    }
}

impl<S> ArgumentsOf<S> for Value {
    fn into_json(self) -> Result<String> {
        Ok(self.to_string())
    }
}

impl<S: Takes<T>, T: Serialize + Send> ArgumentsOf<S> for Input<T> {
    fn into_json(self) -> Result<String> {
        serde_json::to_string(&self.0).map_err(unwritable::<T>)
    }
    const IS_INPUT: bool = true;
}

impl<S: Takes<T>, T: Serialize + Send> ArgumentsOf<S> for (Input<T>, Value) {
    fn into_json(self) -> Result<String> {
        let (Input(input), others) = self;
        let Value::Object(mut all) = serde_json::to_value(input).map_err(unwritable::<T>)? else {
            return Err(Error::internal(format!("{} is not written as a JSON object", std::any::type_name::<T>())));
        };
        let Value::Object(others) = others else {
            return Err(Error::internal("arguments by name are a JSON object: `json!({\"id\": id})`"));
        };
        all.extend(others);
        Ok(Value::Object(all).to_string())
    }
}

/// What the library says of it has values in it.
fn unwritable<T>(_: serde_json::Error) -> Error {
    Error::internal(format!("{} cannot be written as JSON", std::any::type_name::<T>()))
}

/// What is read when a selector is: its row, its rows, or its value.
pub trait Fetched: Answer {
    /// That.
    type Output: Send + 'static;
    #[doc(hidden)]
    fn fetched(computed: Computed) -> Result<Self::Output>;
}

impl<T: Send + 'static> Fetched for AnswerValue<T> {
    type Output = T;
    fn fetched(computed: Computed) -> Result<T> {
        undressed(computed)
    }
}

impl<T: Send + 'static> Fetched for Option<T> {
    type Output = Self;
    fn fetched(computed: Computed) -> Result<Self> {
        undressed(computed)
    }
}

impl<T: Send + 'static> Fetched for Select<T>
where
    Self: Answer,
{
    type Output = Vec<T>;
    fn fetched(computed: Computed) -> Result<Vec<T>> {
        undressed::<Listed<T>>(computed).map(|listed| listed.rows)
    }
}

/// What was read, without what would only be shown with it.
fn undressed<T: 'static>(computed: Computed) -> Result<T> {
    unbox::<(T, Dress)>(computed).map(|(fetched, _)| fetched)
}
