//! Asking the caller while an operation runs, without a transaction that waits for a human.
//!
//! A question is not waited for. When its answer is not at hand, the operation ends with an error that carries the
//! question: the transaction is rolled back, the surface asks, and the operation runs again from the top, with the answer
//! at hand.

mod form;
mod question;
#[cfg(test)]
mod tests;

pub use question::{Asking, Elicited, Question, Questions, Root, Sampled, Sampling};

use crate::{ArgumentData, Call, Capability, Error, FromCall, Peer, Result, Signature};
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::{fmt, sync::Arc};

/// Asks the caller, as an argument of a handler.
///
/// Each question has a key of its own. Until it is answered, the method returns an error, which the handler passes on
/// with `?`; then nothing that the handler did is kept, and the handler is run again once there is an answer. So ask
/// before you do what cannot be rolled back. Questions that are asked before the first `?` are put to the caller together.
///
/// Over MCP the client is asked: by a multi round-trip request (2026-07-28) or by a request on the call's stream (before
/// it). A client that cannot be asked, and a caller over REST or in process, gets the error `input_required` with the
/// questions in it.
///
/// ```
/// # use diptych_spec::{Ask, Elicited, Error, Result};
/// # use schemars::JsonSchema;
/// # use serde::Deserialize;
/// #[derive(Deserialize, JsonSchema)]
/// struct Confirmation {
///     /// Really delete all of it?
///     sure: bool,
/// }
///
/// async fn delete_all(ask: Ask) -> Result<u64> {
///     let answer = ask.form::<Confirmation>("sure", "This deletes every invoice.")?;
///     match answer {
///         Elicited::Accepted(Confirmation { sure: true }) => Ok(42), // …
///         _ => Err(Error::conflict("not_confirmed", "nothing was deleted: it was not confirmed")),
///     }
/// }
/// ```
#[derive(Clone)]
pub struct Ask {
    peer: Option<Arc<dyn Peer>>,
    questions: Questions,
}

impl Ask {
    /// Whether the caller can be asked for this.
    #[must_use]
    pub fn can(&self, capability: Capability) -> bool {
        self.peer.as_ref().is_some_and(|peer| peer.can(capability))
    }

    /// The user fills in a form with the fields of `T`: text, numbers, booleans, choices (an enum without data) and lists
    /// of choices. An answer that does not fit is asked for again.
    ///
    /// # Errors
    /// `input_required` while there is no answer; internal when `T` is not such a form.
    pub fn form<T: ArgumentData>(&self, key: &str, message: impl Into<String>) -> Result<Elicited<T>> {
        let schema = form::schema::<T>().map_err(Error::internal)?;
        self.elicit(key, message, schema)
    }

    /// The user fills in a form that is only known now, given by its schema (MCP, client/elicitation, Requested Schema).
    ///
    /// # Errors
    /// As [`Ask::form`].
    pub fn form_of(&self, key: &str, message: impl Into<String>, schema: Value) -> Result<Elicited<Value>> {
        form::check(&schema).map_err(Error::internal)?;
        self.elicit(key, message, schema)
    }

    /// The user visits a page, for what must not pass through the client: a payment, a sign-in. That they agreed to does
    /// not say that they have finished there.
    ///
    /// # Errors
    /// `input_required` while the user has not said whether they will.
    pub fn url(&self, key: &str, message: impl Into<String>, url: impl Into<String>) -> Result<Elicited<()>> {
        let given = self.given(key).and_then(|answer| outcome(answer, |_| Some(())));
        given.ok_or_else(|| self.open(key, Asking::Url { message: message.into(), url: url.into() }))
    }

    /// The caller's language model writes a message.
    ///
    /// # Errors
    /// `input_required` while it has not.
    pub fn sample(&self, key: &str, sampling: Sampling) -> Result<Sampled> {
        let given = self.given(key).and_then(|answer| serde_json::from_value(answer).ok());
        given.ok_or_else(|| self.open(key, Asking::Sampling(sampling)))
    }

    /// The folders that the user works on.
    ///
    /// # Errors
    /// `input_required` while they are not known.
    pub fn roots(&self, key: &str) -> Result<Vec<Root>> {
        let given = self.given(key).and_then(|mut answer| serde_json::from_value(answer.get_mut("roots")?.take()).ok());
        given.ok_or_else(|| self.open(key, Asking::Roots {}))
    }

    fn elicit<T: DeserializeOwned>(&self, key: &str, message: impl Into<String>, schema: Value) -> Result<Elicited<T>> {
        let read = |content: Value| {
            let fits = form::fits(&schema, &content);
            fits.then(|| serde_json::from_value(content).ok()).flatten()
        };
        let given = self.given(key).and_then(|answer| outcome(answer, read));
        given.ok_or_else(|| self.open(key, Asking::Form { message: message.into(), schema }))
    }

    fn given(&self, key: &str) -> Option<Value> {
        self.peer.as_ref()?.answer(key)
    }

    fn open(&self, key: &str, asking: Asking) -> Error {
        self.questions.add(Question { key: key.to_owned(), asking });
        Error::input_required()
    }
}

/// What was done with a form (MCP, `ElicitResult`); `None` when it cannot be read.
fn outcome<T>(mut answer: Value, read: impl FnOnce(Value) -> Option<T>) -> Option<Elicited<T>> {
    let content = answer.get_mut("content").map(Value::take);
    match answer.get("action")?.as_str()? {
        "accept" => read(content.unwrap_or_default()).map(Elicited::Accepted),
        "decline" => Some(Elicited::Declined),
        "cancel" => Some(Elicited::Cancelled),
        _ => None,
    }
}

impl FromCall for Ask {
    fn describe(signature: &mut Signature) {
        signature.asks();
    }
    async fn from_call(call: &mut Call) -> Result<Self> {
        Ok(Self { peer: call.peer().cloned(), questions: call.questions().clone() })
    }
}

impl fmt::Debug for Ask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ask").field("questions", &self.questions).finish_non_exhaustive()
    }
}
