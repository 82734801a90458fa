//! Dead letters: messages that were tried often enough.

use super::{shared::Shared, store::now};
use crate::db::{Conn, Record, Row, Tx, query, query_as, query_scalar};
use chrono::{DateTime, Utc};
use diptych_spec::{Call, Error, FromCall, Result, Signature};
use schemars::JsonSchema;
use serde::Serialize;
use std::{fmt, sync::Arc};

/// The messages that were given up. A service takes it as an argument, and the rest of an application gets it from the engine; the
/// program has the command `outbox`.
#[derive(Clone)]
pub struct DeadLetters(pub(super) Arc<Shared>);

/// What is known of a dead letter; not what it says, which [`DeadLetters::payload`] tells.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[non_exhaustive]
pub struct DeadLetter {
    /// The id of the message.
    pub id: String,
    /// What it is about.
    pub topic: String,
    /// What it is in order with; empty for nothing.
    pub key: String,
    /// How often it was tried.
    pub attempts: i64,
    /// The code of the error that it failed with the last time.
    pub code: String,
    /// What the log knows that error by.
    pub error_id: String,
    /// When it was sent.
    pub sent_at: DateTime<Utc>,
    /// When it was given up.
    pub died_at: DateTime<Utc>,
}

#[diagnostic::do_not_recommend]
impl Record for DeadLetter {
    const COLUMNS: &'static [&'static str] =
        &["id", "topic", "key", "attempts", "code", "error_id", "sent_at", "ended_at"];
    fn from_row(row: &Row<'_>) -> Result<Self> {
        let time = |place| Ok::<_, Error>(DateTime::from_timestamp_millis(row.get(place)?).unwrap_or_default());
        Ok(Self {
            id: row.get(0)?,
            topic: row.get(1)?,
            key: row.get(2)?,
            attempts: row.get(3)?,
            code: row.get(4)?,
            error_id: row.get(5)?,
            sent_at: time(6)?,
            died_at: time(7)?,
        })
    }
}

impl DeadLetters {
    /// The dead letters, newest first; at most `most`.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn list(&self, conn: &mut Conn, most: u32) -> Result<Vec<DeadLetter>> {
        let list = query_as(
            "SELECT id, topic, \"key\", attempts, code, error_id, sent_at, ended_at FROM diptych_outbox
             WHERE state = 'dead' ORDER BY ended_at DESC, seq DESC LIMIT $1",
        );
        list.bind(i64::from(most)).all(conn).await
    }

    /// What the dead letter of this id says: JSON.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn payload(&self, conn: &mut Conn, id: &str) -> Result<Option<String>> {
        let payload = query_scalar("SELECT payload FROM diptych_outbox WHERE id = $1 AND state = 'dead'");
        payload.bind(id).optional(conn).await
    }

    /// Lets the dead letter of this id be tried again, as often as at first; whether there is one.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn retry(&self, tx: &mut Tx, id: &str) -> Result<bool> {
        let retry = query(
            "UPDATE diptych_outbox SET state = 'pending', due_at = $1, attempts = 0, ended_at = 0
             WHERE id = $2 AND state = 'dead'",
        );
        let retried = retry.bind(now()).bind(id).execute(tx).await? == 1;
        tx.wake_after_commit(&self.0.wake);
        Ok(retried)
    }

    /// Lets all of them be tried again, or all of a topic; how many there are.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn retry_all(&self, tx: &mut Tx, topic: Option<&str>) -> Result<u64> {
        let retry = query(
            "UPDATE diptych_outbox SET state = 'pending', due_at = $1, attempts = 0, ended_at = 0
             WHERE state = 'dead' AND ($2 = '' OR topic = $2)",
        );
        let retried = retry.bind(now()).bind(topic.unwrap_or_default()).execute(tx).await?;
        tx.wake_after_commit(&self.0.wake);
        Ok(retried)
    }

    /// Removes the dead letter of this id for good; whether there is one.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn discard(&self, tx: &mut Tx, id: &str) -> Result<bool> {
        let discard = query("DELETE FROM diptych_outbox WHERE id = $1 AND state = 'dead'");
        discard.bind(id).execute(tx).await.map(|rows| rows == 1)
    }
}

#[diagnostic::do_not_recommend]
impl FromCall for DeadLetters {
    fn describe(signature: &mut Signature) {
        signature.provided::<Self>(
            "asks for dead letters, but there is no outbox; add `.outbox(Outbox::new())` to the server",
        );
    }

    async fn from_call(call: &mut Call) -> Result<Self> {
        call.state::<Self>().map(|letters| (*letters).clone()).ok_or_else(|| Error::internal("there is no outbox"))
    }
}

impl fmt::Debug for DeadLetters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DeadLetters").finish_non_exhaustive()
    }
}
