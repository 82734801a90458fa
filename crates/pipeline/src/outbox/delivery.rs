//! What a handler is given.

use super::OutboxMessage;
use chrono::{DateTime, Utc};
use diptych_spec::{Call, Error, ErrorKind, FromCall, Result, Signature};
use std::{fmt, ops::Deref};
use uuid::Uuid;

/// A message, on its way to the handler of its topic.
///
/// It may come again: when its handler failed, when a worker died before it was noted that it was handled. [`Delivery::id`] is the
/// same each time.
pub struct Delivery<M> {
    message: M,
    id: Uuid,
    attempt: u32,
    sent_at: DateTime<Utc>,
}

impl<M> Delivery<M> {
    /// The message's id: what a system that it is passed on to can know it by, when it comes again.
    #[must_use]
    pub fn id(&self) -> Uuid {
        self.id
    }

    /// Which time this is; 1 is the first.
    #[must_use]
    pub fn attempt(&self) -> u32 {
        self.attempt
    }

    /// When it was sent.
    #[must_use]
    pub fn sent_at(&self) -> DateTime<Utc> {
        self.sent_at
    }

    /// The message itself.
    #[must_use]
    pub fn into_message(self) -> M {
        self.message
    }
}

impl<M> Deref for Delivery<M> {
    type Target = M;
    fn deref(&self) -> &M {
        &self.message
    }
}

/// Without the message.
impl<M> fmt::Debug for Delivery<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Delivery").field("id", &self.id).field("attempt", &self.attempt).finish_non_exhaustive()
    }
}

/// Stands in the state of the application where there are messages to be given.
pub(super) struct Delivers;

/// A message that a worker has claimed, and its handler has not read yet.
pub(super) struct Arrived {
    pub(super) payload: String,
    pub(super) id: Uuid,
    pub(super) attempt: u32,
    pub(super) sent_at: DateTime<Utc>,
}

#[diagnostic::do_not_recommend]
impl<M: OutboxMessage> FromCall for Delivery<M> {
    fn describe(signature: &mut Signature) {
        signature.provided::<Delivers>(
            "takes a `Delivery`, which only a handler of messages is given; give the function to `Outbox::handle`",
        );
    }

    async fn from_call(call: &mut Call) -> Result<Self> {
        let Arrived { payload, id, attempt, sent_at } =
            call.take().ok_or_else(|| Error::internal("the message is not in the call, or was taken before"))?;
        // What serde says of it may have the value in it.
        let message = serde_json::from_str(&payload).map_err(|_| unreadable(M::TOPIC))?;
        Ok(Self { message, id, attempt, sent_at })
    }
}

/// A newer program may have sent it, or an older one.
fn unreadable(topic: &str) -> Error {
    let what = format!("a message of the topic {topic} is not of the type that its handler takes");
    Error::new(ErrorKind::Internal, "message_unreadable", "a message cannot be read").with_source(what)
}
