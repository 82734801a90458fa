//! Keys with which a call can be sent again: the second time it does nothing, and is answered as the first time was
//! (draft-ietf-httpapi-idempotency-key-header).

use crate::{Declaration, Error, ErrorKind, Result};
use std::{fmt, sync::Arc};

/// The longest key, in bytes.
const LONGEST: usize = 255;

/// The name of the argument that a tool can take its key as.
const ARGUMENT: &str = "idempotency_key";

/// How a service takes idempotency keys, declared with `.idempotency(…)`. Without, every service takes one from a caller who is
/// signed in, and needs none.
///
/// ```
/// use diptych_spec::Idempotency;
///
/// let payment = Idempotency::required().argument();
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[must_use = "it does nothing until it is given to `.idempotency(…)`"]
pub struct Idempotency {
    keys: Keys,
    argument: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Keys {
    #[default]
    Optional,
    Required,
    Refused,
}

impl Idempotency {
    /// A call may have a key.
    pub fn optional() -> Self {
        Self::default()
    }

    /// A call without a key is refused.
    pub fn required() -> Self {
        Self { keys: Keys::Required, ..Self::default() }
    }

    /// A call with a key is refused: for a service whose answer has a secret that is kept nowhere, while the answer of a call with
    /// a key is kept.
    pub fn refused() -> Self {
        Self { keys: Keys::Refused, ..Self::default() }
    }

    /// Over MCP the key can also be given as the argument `idempotency_key` of the tool, which is in its schema: for clients in which
    /// the model is all that writes calls.
    pub fn argument(mut self) -> Self {
        self.argument = true;
        self
    }

    /// Whether a call has to have a key.
    #[must_use]
    pub fn is_required(self) -> bool {
        self.keys == Keys::Required
    }

    /// Whether a call may not have a key.
    #[must_use]
    pub fn is_refused(self) -> bool {
        self.keys == Keys::Refused
    }

    /// The name of the argument that a tool can take its key as, if it can.
    #[must_use]
    pub fn argument_name(self) -> Option<&'static str> {
        (self.argument && !self.is_refused()).then_some(ARGUMENT)
    }
}

/// An idempotency key: 1 to 255 visible ASCII characters. Cheap to clone.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct IdempotencyKey(Arc<str>);

impl IdempotencyKey {
    /// This key.
    ///
    /// # Errors
    /// A text that is empty, too long, or has other characters.
    pub fn new(text: impl AsRef<str>) -> Result<Self> {
        Self::given_as("the idempotency key", text.as_ref())
    }

    /// The same, of a text that was found at `place`, which the error names.
    ///
    /// # Errors
    /// As [`IdempotencyKey::new`].
    pub fn given_as(place: &str, text: &str) -> Result<Self> {
        let is_key = (1..=LONGEST).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
        if is_key { Ok(Self(text.into())) } else { Err(Self::invalid(place)) }
    }

    /// What is at `place` is no key.
    #[must_use]
    pub fn invalid(place: &str) -> Error {
        let detail = format!("{place} has to be 1 to {LONGEST} visible ASCII characters, such as a UUID");
        Error::new(ErrorKind::BadRequest, "idempotency_key_invalid", detail)
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Without the key, which is the caller's.
impl fmt::Debug for IdempotencyKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "IdempotencyKey({} bytes)", self.0.len())
    }
}

impl Declaration {
    /// How it takes idempotency keys; of no meaning for what is no service.
    pub fn idempotency(&self) -> Idempotency {
        // Keys keep answers, and what sets cookies mostly has secrets in its own.
        let unsaid =
            || if self.responding.cookies.is_empty() { Idempotency::default() } else { Idempotency::refused() };
        self.idempotency.unwrap_or_else(unsaid)
    }

    /// Whether it says that it takes idempotency keys, so that its descriptions say it too.
    pub fn declares_idempotency(&self) -> bool {
        self.idempotency.is_some_and(|idempotency| !idempotency.is_refused())
    }

    pub(crate) fn check_idempotency(&self, found: &mut Vec<String>) {
        let Idempotency { argument, .. } = self.idempotency();
        if self.idempotency().is_required() && self.permission.as_ref().is_some_and(|permission| permission.is_open()) {
            found.push(
                "needs an idempotency key, which only callers who are signed in have, but is open to everybody; write `.allow(Authenticated)` or leave out `.idempotency(Idempotency::required())`"
                    .to_owned(),
            );
        }
        if argument && self.idempotency().is_refused() {
            found.push("refuses idempotency keys and takes one as an argument; leave out `.argument()`".to_owned());
        }
        if argument && !self.is_tool() {
            found.push(
                "is no tool, and only tools take an idempotency key as an argument; leave out `.argument()` or `.tool(false)`"
                    .to_owned(),
            );
        }
        if argument && self.arguments().argument(ARGUMENT).is_some() {
            found.push(format!(
                "has an argument `{ARGUMENT}` of its own, so the key cannot be given as one; rename it, or leave out `.argument()`"
            ));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_visible_ascii() {
        for text in ["a", "8e03978e-40d5-43dd-bc93-6894a57f9324", "!~", &"k".repeat(255)] {
            assert_eq!(IdempotencyKey::new(text).unwrap().as_str(), text);
        }
        for text in ["", " ", "a b", "a\n", "\u{7f}", "ä", &"k".repeat(256)] {
            let error = IdempotencyKey::given_as("`key`", text).unwrap_err();
            assert_eq!((error.kind(), error.code()), (ErrorKind::BadRequest, "idempotency_key_invalid"));
            assert!(error.detail().starts_with("`key` has to be 1 to 255 visible"), "{error}");
        }
        assert_eq!(format!("{:?}", IdempotencyKey::new("secret").unwrap()), "IdempotencyKey(6 bytes)");
    }
}
