//! The statements on the table of messages. Each is atomic by itself; those of a sender and of a handler with a transaction are in
//! it.
//!
//! What a worker writes says under which lease: nothing is changed when the message is another's by now.

use super::message::Written;
use crate::db::{Backend, Db, Query, Record, Row, Tx, query, query_as};
use chrono::{DateTime, Utc};
use diptych_spec::{Error, Result};
use std::time::Duration;
use uuid::Uuid;

/// How many rows are removed with one statement: on SQLite nobody else writes meanwhile.
pub(super) const PURGED: u64 = 1000;

#[derive(Debug, Clone)]
pub(super) struct Store {
    pub(super) db: Db,
}

/// A message that a worker has claimed.
pub(super) struct Claimed {
    seq: i64,
    pub(super) id: Uuid,
    pub(super) topic: String,
    pub(super) payload: String,
    pub(super) attempt: u32,
    pub(super) sent_at: DateTime<Utc>,
}

impl Record for Claimed {
    const COLUMNS: &'static [&'static str] = &["seq", "id", "topic", "payload", "attempts", "sent_at"];
    fn from_row(row: &Row<'_>) -> Result<Self> {
        Ok(Self {
            seq: row.get(0)?,
            id: row.get::<String>(1)?.parse().map_err(|_| Error::internal("the id of a message is none"))?,
            topic: row.get(2)?,
            payload: row.get(3)?,
            attempt: u32::try_from(row.get::<i64>(4)?).unwrap_or(u32::MAX),
            sent_at: DateTime::from_timestamp_millis(row.get(5)?).unwrap_or_default(),
        })
    }
}

/// The right to say what became of a message.
pub(super) struct Lease<'a> {
    pub(super) message: Uuid,
    pub(super) id: &'a str,
}

/// What a message failed with: words that do not change, and where the log has the rest.
pub(super) struct Failure<'a> {
    pub(super) code: &'a str,
    pub(super) error_id: &'a str,
}

/// Adds a message, in the transaction of what it tells of.
pub(super) async fn insert(tx: &mut Tx, id: Uuid, topic: &'static str, written: Written) -> Result<()> {
    let insert =
        query("INSERT INTO diptych_outbox (id, topic, key, payload, due_at, sent_at) VALUES ($1, $2, $3, $4, $5, $5)");
    let insert = insert.bind(id.to_string()).bind(topic).bind(written.key).bind(written.payload).bind(now());
    insert.execute(tx).await.map(drop)
}

/// Marks a message as handled, in the transaction of what handling it did. Whether it was still ours: then its row is locked until
/// COMMIT.
pub(super) async fn delivered_in(tx: &mut Tx, lease: &Lease<'_>) -> Result<bool> {
    delivered(lease).execute(tx).await.map(|rows| rows == 1)
}

fn delivered(lease: &Lease<'_>) -> Query {
    query(
        "UPDATE diptych_outbox SET state = 'delivered', ended_at = $1, lease = '', code = '', error_id = ''
         WHERE id = $2 AND lease = $3 AND state = 'pending'",
    )
    .bind(now())
    .bind(lease.message.to_string())
    .bind(lease.id)
}

impl Store {
    /// Takes messages that are due and that nobody has, of these topics (a JSON list), at most so many. Of those with a key only the
    /// first that is not handled yet.
    pub(super) async fn claim(&self, lease: &str, span: Duration, topics: &str, most: usize) -> Result<Vec<Claimed>> {
        let claim = query_as::<Claimed>(match self.db.backend() {
            Backend::Sqlite => {
                "UPDATE diptych_outbox SET lease = $1, due_at = $2, attempts = attempts + 1
                 WHERE seq IN (SELECT o.seq FROM diptych_outbox o
                                    WHERE o.state = 'pending' AND o.due_at <= $3
                                    AND instr($4, '\"' || o.topic || '\"') > 0
                                    AND (o.key = '' OR NOT EXISTS (SELECT 1 FROM diptych_outbox e
                                         WHERE e.state = 'pending' AND e.key <> '' AND e.topic = o.topic AND e.key = o.key
                                         AND e.seq < o.seq))
                                    ORDER BY o.due_at LIMIT $5)
                 RETURNING seq, id, topic, payload, attempts, sent_at"
            }
            Backend::Postgres => {
                "WITH due AS MATERIALIZED (SELECT o.seq FROM diptych_outbox o
                                           WHERE o.state = 'pending' AND o.due_at <= $3
                                           AND strpos($4, '\"' || o.topic || '\"') > 0
                                           AND (o.key = '' OR NOT EXISTS (SELECT 1 FROM diptych_outbox e
                                                WHERE e.state = 'pending' AND e.key <> '' AND e.topic = o.topic
                                                AND e.key = o.key AND e.seq < o.seq))
                                           ORDER BY o.due_at LIMIT $5 FOR UPDATE OF o SKIP LOCKED)
                 UPDATE diptych_outbox SET lease = $1, due_at = $2, attempts = attempts + 1
                 FROM due WHERE diptych_outbox.seq = due.seq
                 RETURNING diptych_outbox.seq AS seq, id, topic, payload, attempts, sent_at"
            }
        });
        let claim =
            claim.bind(lease).bind(after(span)).bind(now()).bind(topics).bind(i64::try_from(most).unwrap_or(i64::MAX));
        let mut claimed = claim.all(&mut self.db.keeper().await?).await?;
        claimed.sort_unstable_by_key(|message| message.seq);
        Ok(claimed)
    }

    /// Marks a message as handled, outside any transaction. Whether it was still ours.
    pub(super) async fn delivered(&self, lease: &Lease<'_>) -> Result<bool> {
        self.changed(delivered(lease)).await
    }

    /// Lets a message wait until it is tried again.
    pub(super) async fn failed(&self, lease: &Lease<'_>, pause: Duration, failure: &Failure<'_>) -> Result<bool> {
        let failed = query(
            "UPDATE diptych_outbox SET due_at = $1, lease = '', code = $2, error_id = $3
             WHERE id = $4 AND lease = $5 AND state = 'pending'",
        );
        let failed = failed.bind(after(pause)).bind(failure.code).bind(failure.error_id);
        self.changed(failed.bind(lease.message.to_string()).bind(lease.id)).await
    }

    /// Gives a message up.
    pub(super) async fn died(&self, lease: &Lease<'_>, failure: &Failure<'_>) -> Result<bool> {
        let died = query(
            "UPDATE diptych_outbox SET state = 'dead', ended_at = $1, lease = '', code = $2, error_id = $3
             WHERE id = $4 AND lease = $5 AND state = 'pending'",
        );
        let died = died.bind(now()).bind(failure.code).bind(failure.error_id);
        self.changed(died.bind(lease.message.to_string()).bind(lease.id)).await
    }

    /// Gives a message back that was not begun with: that is no attempt.
    pub(super) async fn give_back(&self, lease: &Lease<'_>, pause: Duration) -> Result<bool> {
        let given_back = query(
            "UPDATE diptych_outbox SET due_at = $1, lease = '', attempts = attempts - 1
             WHERE id = $2 AND lease = $3 AND state = 'pending'",
        );
        self.changed(given_back.bind(after(pause)).bind(lease.message.to_string()).bind(lease.id)).await
    }

    async fn changed(&self, query: Query) -> Result<bool> {
        Ok(query.execute(&mut self.db.keeper().await?).await? == 1)
    }

    /// Removes some of what was handled longer ago than that, and says how many.
    pub(super) async fn purge_delivered(&self, kept_for: Duration) -> Result<u64> {
        let purge = query(
            "DELETE FROM diptych_outbox WHERE state = 'delivered' AND seq IN
             (SELECT seq FROM diptych_outbox WHERE state = 'delivered' AND ended_at <= $1 ORDER BY ended_at LIMIT $2)",
        );
        purge.bind(before(kept_for)).bind(PURGED.cast_signed()).execute(&mut self.db.keeper().await?).await
    }

    /// Removes some of the dead letters that are older than that, and says how many. One that is just being retried stays.
    pub(super) async fn purge_dead(&self, kept_for: Duration) -> Result<u64> {
        let purge = query(
            "DELETE FROM diptych_outbox WHERE state = 'dead' AND seq IN
             (SELECT seq FROM diptych_outbox WHERE state = 'dead' AND ended_at <= $1 ORDER BY ended_at LIMIT $2)",
        );
        purge.bind(before(kept_for)).bind(PURGED.cast_signed()).execute(&mut self.db.keeper().await?).await
    }
}

/// Milliseconds since 1970.
pub(super) fn now() -> i64 {
    Utc::now().timestamp_millis()
}

fn after(span: Duration) -> i64 {
    now().saturating_add(millis(span))
}

fn before(span: Duration) -> i64 {
    now().saturating_sub(millis(span))
}

fn millis(span: Duration) -> i64 {
    i64::try_from(span.as_millis()).unwrap_or(i64::MAX)
}
