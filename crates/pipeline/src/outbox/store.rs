//! The statements on the table of messages. Each is atomic by itself; those of a sender and of a handler with a transaction are in
//! it.
//!
//! What a worker writes says under which lease: nothing is changed when the message is another's by now.

use super::message::Written;
use crate::db::{Backend, Conn, Db, Old, Query, Record, Row, Tx, lost_a_race, query, query_as, query_scalar};
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
    let insert = query(
        "INSERT INTO diptych_outbox (id, topic, \"key\", payload, due_at, sent_at) VALUES ($1, $2, $3, $4, $5, $5)",
    );
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
        let due = Due { lease, until: after(span), now: now(), topics, most: i64::try_from(most).unwrap_or(i64::MAX) };
        let mut conn = self.db.keeper().await?;
        let mut claimed = match self.db.backend() {
            Backend::Sqlite => due.claim(SQLITE_CLAIM, &mut conn).await?,
            Backend::Postgres => due.claim(POSTGRES_CLAIM, &mut conn).await?,
            Backend::MySql => due.claim_one_by_one(&mut conn).await?,
        };
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
        self.purge("state = 'delivered' AND ended_at <= $1", kept_for).await
    }

    /// Removes some of the dead letters that are older than that, and says how many. One that is just being retried stays.
    pub(super) async fn purge_dead(&self, kept_for: Duration) -> Result<u64> {
        self.purge("state = 'dead' AND ended_at <= $1", kept_for).await
    }

    async fn purge(&self, when: &'static str, kept_for: Duration) -> Result<u64> {
        let old = Old { table: "diptych_outbox", key: "seq", when, by: "ended_at" };
        old.remove(before(kept_for), PURGED, &mut self.db.keeper().await?).await
    }
}

/// What a worker claims.
struct Due<'a> {
    lease: &'a str,
    until: i64,
    now: i64,
    topics: &'a str,
    most: i64,
}

const SQLITE_CLAIM: &str = "UPDATE diptych_outbox SET lease = $1, due_at = $2, attempts = attempts + 1
    WHERE seq IN (SELECT o.seq FROM diptych_outbox o
                  WHERE o.state = 'pending' AND o.due_at <= $3
                  AND instr($4, '\"' || o.topic || '\"') > 0
                  AND (o.\"key\" = '' OR NOT EXISTS (SELECT 1 FROM diptych_outbox e
                       WHERE e.state = 'pending' AND e.\"key\" <> '' AND e.topic = o.topic AND e.\"key\" = o.\"key\"
                       AND e.seq < o.seq))
                  ORDER BY o.due_at LIMIT $5)
    RETURNING seq, id, topic, payload, attempts, sent_at";

const POSTGRES_CLAIM: &str = "WITH due AS MATERIALIZED (SELECT o.seq FROM diptych_outbox o
                  WHERE o.state = 'pending' AND o.due_at <= $3
                  AND strpos($4, '\"' || o.topic || '\"') > 0
                  AND (o.\"key\" = '' OR NOT EXISTS (SELECT 1 FROM diptych_outbox e
                       WHERE e.state = 'pending' AND e.\"key\" <> '' AND e.topic = o.topic AND e.\"key\" = o.\"key\"
                       AND e.seq < o.seq))
                  ORDER BY o.due_at LIMIT $5 FOR UPDATE OF o SKIP LOCKED)
    UPDATE diptych_outbox SET lease = $1, due_at = $2, attempts = attempts + 1
    FROM due WHERE diptych_outbox.seq = due.seq
    RETURNING diptych_outbox.seq AS seq, id, topic, payload, attempts, sent_at";

/// MySQL returns no rows from an UPDATE, and reads nothing in one from the table that it changes.
const MYSQL_DUE: &str = "SELECT o.seq FROM diptych_outbox o
    WHERE o.state = 'pending' AND o.due_at <= $1
    AND instr($2, '\"' || o.topic || '\"') > 0
    AND (octet_length(o.\"key\") = 0 OR NOT EXISTS (SELECT 1 FROM diptych_outbox e
         WHERE e.state = 'pending' AND octet_length(e.\"key\") > 0 AND e.topic = o.topic AND e.\"key\" = o.\"key\"
         AND e.seq < o.seq))
    ORDER BY o.due_at LIMIT $3";

impl Due<'_> {
    /// With one statement.
    async fn claim(&self, sql: &'static str, conn: &mut Conn) -> Result<Vec<Claimed>> {
        let claim = query_as(sql).bind(self.lease).bind(self.until).bind(self.now).bind(self.topics).bind(self.most);
        claim.all(conn).await
    }

    /// Looks which are due, takes each that still is, and reads those that were taken. A message that another worker takes meanwhile is
    /// not due any more.
    async fn claim_one_by_one(&self, conn: &mut Conn) -> Result<Vec<Claimed>> {
        let due = query_scalar::<i64>(MYSQL_DUE).bind(self.now).bind(self.topics).bind(self.most).all(conn).await?;
        let mut taken = 0;
        for seq in due {
            let take = query(
                "/*M! SET STATEMENT innodb_lock_wait_timeout = 0 FOR */
                 UPDATE /*+ SET_VAR(innodb_lock_wait_timeout = 1) */ diptych_outbox
                 SET lease = $1, due_at = $2, attempts = attempts + 1
                 WHERE seq = $3 AND state = 'pending' AND due_at <= $4",
            );
            let take = take.bind(self.lease).bind(self.until).bind(seq).bind(self.now).execute(conn).await;
            // Somebody is at it.
            taken += take.or_else(|error| if lost_a_race(&error) { Ok(0) } else { Err(error) })?;
        }
        if taken == 0 {
            return Ok(Vec::new());
        }
        let read = query_as(
            "SELECT seq, id, topic, payload, attempts, sent_at FROM diptych_outbox
             WHERE state = 'pending' AND due_at = $1 AND lease = $2",
        );
        read.bind(self.until).bind(self.lease).all(conn).await
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
