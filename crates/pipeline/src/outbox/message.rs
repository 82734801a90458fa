//! What is sent.

use diptych_spec::{Error, ErrorKind, Result};
use serde::{Serialize, de::DeserializeOwned};

/// The longest key, in bytes: it is in an index.
const LONGEST_KEY: usize = 255;

/// A type whose values are sent through the outbox. What is sent today may be read by tomorrow's program: add fields with
/// `#[serde(default)]`, and give what means something else a topic of its own.
///
/// ```
/// use diptych_pipeline::OutboxMessage;
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Serialize, Deserialize)]
/// struct InvoicePaid {
///     number: String,
///     amount_cents: i64,
/// }
///
/// impl OutboxMessage for InvoicePaid {
///     const TOPIC: &'static str = "invoice.paid";
///     fn key(&self) -> Option<String> {
///         Some(self.number.clone())
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be sent through the outbox",
    label = "not a message",
    note = "derive `Serialize` and `Deserialize`, and write `impl OutboxMessage for {Self} {{ const TOPIC: &'static str = \"invoice.paid\"; }}`"
)]
pub trait OutboxMessage: Serialize + DeserializeOwned + Send + 'static {
    /// What it is about, and what its handler is found by: 1 to 64 characters of `A-Z a-z 0-9 _ - .`
    const TOPIC: &'static str;

    /// What it is in order with: messages of one topic and key are handled one after the other, in the order in which they were sent.
    /// Others in any order. At most 255 bytes.
    fn key(&self) -> Option<String> {
        None
    }
}

/// A message as it is kept.
pub(super) struct Written {
    /// JSON.
    pub(super) payload: String,
    /// Empty for none.
    pub(super) key: String,
}

impl Written {
    /// What serde says of a value that it cannot write may have the value in it.
    pub(super) fn of<M: OutboxMessage>(message: &M, max_bytes: usize) -> Result<Self> {
        let payload = serde_json::to_string(message)
            .map_err(|_| Error::internal(format!("a message of the topic {} cannot be written as JSON", M::TOPIC)))?;
        if payload.len() > max_bytes {
            let detail = format!("the message that this sends is longer than {max_bytes} bytes of JSON");
            return Err(Error::new(ErrorKind::TooLarge, "message_too_large", detail));
        }
        let key = message.key();
        if key.as_ref().is_some_and(|key| key.is_empty() || key.len() > LONGEST_KEY || key.contains('\0')) {
            let why = format!("the key of a message of the topic {} is not 1 to {LONGEST_KEY} bytes of text", M::TOPIC);
            return Err(Error::internal(why));
        }
        Ok(Self { payload, key: key.unwrap_or_default() })
    }
}

/// Whether a text is a topic. It is a name like that of an operation, and is compared inside a list of names.
pub(super) const fn is_topic(text: &str) -> bool {
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        if !matches!(bytes[at], b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'_' | b'-' | b'.') {
            return false;
        }
        at += 1;
    }
    matches!(bytes.len(), 1..=64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    #[derive(Serialize, Deserialize)]
    struct Note(String, Option<String>);

    impl OutboxMessage for Note {
        const TOPIC: &'static str = "note";
        fn key(&self) -> Option<String> {
            self.1.clone()
        }
    }

    #[test]
    fn what_is_too_long_is_not_written() {
        let written = |text: &str, key: Option<&str>| Written::of(&Note(text.to_owned(), key.map(str::to_owned)), 64);
        let good = written("hello", Some("k")).unwrap();
        assert_eq!((&*good.payload, &*good.key), (r#"["hello","k"]"#, "k"));
        assert_eq!(written("hello", None).unwrap().key, "");
        let code = |done: Result<Written>| done.err().map(|error| error.code().to_owned());
        assert_eq!(code(written(&"x".repeat(64), None)).as_deref(), Some("message_too_large"));
        assert_eq!(code(Written::of(&Note(String::new(), Some("k".repeat(256))), 1_000)).as_deref(), Some("internal"));
        for key in ["", "a\0b"] {
            assert_eq!(code(written("hello", Some(key))).as_deref(), Some("internal"));
        }
    }

    #[test]
    fn a_topic_is_a_name() {
        for (text, good) in
            [("invoice.paid", true), ("A_b-9", true), ("", false), ("a b", false), ("ä", false), ("a\"", false)]
        {
            assert_eq!(is_topic(text), good, "{text}");
        }
        assert!(is_topic(&"x".repeat(64)) && !is_topic(&"x".repeat(65)));
    }
}
