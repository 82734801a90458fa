//! The statements on the table of tasks. Each is atomic by itself, but for the one that reads before it writes.
//!
//! What a worker writes says under which lease: nothing is changed when the task is another's by now.

use super::{
    failure,
    settings::TaskSettings,
    state::{TaskState, TaskStatus},
};
use crate::db::{Backend, Db, Old, Record, Row, Tx, lost_a_race, query, query_as, query_scalar};
use diptych_spec::{Error, ErrorKind, Result};
use serde_json::{Map, Value};
use std::time::Duration;

/// How many rows are removed with one statement: whoever wants the connection for it does not wait long.
const PURGED: u64 = 1000;

#[derive(Debug, Clone)]
pub(super) struct Store {
    pub(super) db: Db,
}

const SQLITE_CLAIM: &str = "UPDATE diptych_tasks SET lease = $1, lease_until = $2, attempts = attempts + 1
    WHERE id = (SELECT id FROM diptych_tasks
                WHERE status = 'working' AND lease_until < $3 AND expires_at > $3
                AND instr($4, '\"' || operation || '\"') > 0
                ORDER BY created_at LIMIT 1)
    RETURNING id, operation, arguments, owner, scopes, capabilities, answers, asked, attempts, credentials, idempotency_key";

const POSTGRES_CLAIM: &str = "UPDATE diptych_tasks SET lease = $1, lease_until = $2, attempts = attempts + 1
    WHERE id = (SELECT id FROM diptych_tasks
                WHERE status = 'working' AND lease_until < $3 AND expires_at > $3
                AND strpos($4, '\"' || operation || '\"') > 0
                ORDER BY created_at LIMIT 1 FOR UPDATE SKIP LOCKED)
    RETURNING id, operation, arguments, owner, scopes, capabilities, answers, asked, attempts, credentials, idempotency_key";

const MYSQL_DUE: &str = "SELECT id FROM diptych_tasks
    WHERE status = 'working' AND lease_until < $1 AND expires_at > $1 AND instr($2, '\"' || operation || '\"') > 0
    ORDER BY created_at LIMIT 8";

/// A task that somebody is at is not waited for.
const MYSQL_CLAIM: &str = "/*M! SET STATEMENT innodb_lock_wait_timeout = 0 FOR */
    UPDATE /*+ SET_VAR(innodb_lock_wait_timeout = 1) */ diptych_tasks
    SET lease = $1, lease_until = $2, attempts = attempts + 1
    WHERE id = $3 AND status = 'working' AND lease_until < $4 AND expires_at > $4";

const MYSQL_CLAIMED: &str =
    "SELECT id, operation, arguments, owner, scopes, capabilities, answers, asked, attempts, credentials,
    idempotency_key FROM diptych_tasks WHERE status = 'working' AND lease_until = $1 AND lease = $2";

/// A task that is about to be stored.
pub(super) struct Fresh<'a> {
    pub(super) id: String,
    pub(super) operation: &'a str,
    pub(super) arguments: &'a str,
    pub(super) owner: &'a str,
    pub(super) scopes: String,
    pub(super) credentials: String,
    pub(super) idempotency_key: &'a str,
    pub(super) capabilities: String,
    pub(super) answers: String,
    pub(super) poll: Duration,
    pub(super) ttl: Duration,
}

/// A task that a worker has claimed.
pub(super) struct Claimed {
    pub(super) id: String,
    pub(super) operation: String,
    pub(super) arguments: String,
    pub(super) owner: String,
    pub(super) scopes: String,
    pub(super) capabilities: String,
    pub(super) answers: String,
    pub(super) asked: String,
    pub(super) attempts: i64,
    pub(super) credentials: String,
    pub(super) idempotency_key: String,
}

impl Record for Claimed {
    const COLUMNS: &'static [&'static str] = &[
        "id",
        "operation",
        "arguments",
        "owner",
        "scopes",
        "capabilities",
        "answers",
        "asked",
        "attempts",
        "credentials",
        "idempotency_key",
    ];
    fn from_row(row: &Row<'_>) -> Result<Self> {
        Ok(Self {
            id: row.get(0)?,
            operation: row.get(1)?,
            arguments: row.get(2)?,
            owner: row.get(3)?,
            scopes: row.get(4)?,
            capabilities: row.get(5)?,
            answers: row.get(6)?,
            asked: row.get(7)?,
            attempts: row.get(8)?,
            credentials: row.get(9)?,
            idempotency_key: row.get(10)?,
        })
    }
}

/// The questions of a task that wait for answers, and the answers that there are.
struct Open {
    questions: Map<String, Value>,
    answers: Map<String, Value>,
}

impl Record for Open {
    const COLUMNS: &'static [&'static str] = &["questions", "answers"];
    fn from_row(row: &Row<'_>) -> Result<Self> {
        let read = |place| {
            serde_json::from_str(&row.get::<String>(place)?)
                .map_err(|_| Error::internal("what is stored of a task cannot be read"))
        };
        Ok(Self { questions: read(0)?, answers: read(1)? })
    }
}

impl Store {
    /// Stores a task and gives it as it was stored: a worker may have it already. `None` when its owner has as many as are
    /// allowed.
    pub(super) async fn insert(&self, fresh: Fresh<'_>, most: &TaskSettings) -> Result<Option<TaskState>> {
        let (now, ttl) = (now(), millis(fresh.ttl));
        let state = TaskState {
            id: fresh.id.clone(),
            operation: fresh.operation.to_owned(),
            arguments: String::new(),
            status: TaskStatus::Working,
            message: String::new(),
            poll_ms: millis(fresh.poll),
            created_at: now,
            updated_at: now,
            expires_at: now.saturating_add(ttl),
        };
        let insert = query(
            "INSERT INTO diptych_tasks
             (id, operation, arguments, owner, scopes, capabilities, status, answers, poll_ms, created_at, updated_at, expires_at, credentials,
              idempotency_key)
             SELECT $1, $2, $3, $4, $5, $6, 'working', $7, $8, $9, $9, $10, $13, $14
             WHERE (SELECT COUNT(*) FROM diptych_tasks WHERE owner = $4 AND expires_at > $9) < $11
             AND (SELECT COUNT(*) FROM diptych_tasks
                  WHERE owner = $4 AND expires_at > $9 AND status IN ('working', 'input_required')) < $12
             AND (SELECT COALESCE(SUM(octet_length(arguments) + octet_length(answers) + octet_length(result)), 0)
                  FROM diptych_tasks WHERE owner = $4 AND expires_at > $9) < $15",
        );
        let insert = insert
            .bind(fresh.id)
            .bind(fresh.operation)
            .bind(fresh.arguments)
            .bind(fresh.owner)
            .bind(fresh.scopes)
            .bind(fresh.capabilities)
            .bind(fresh.answers)
            .bind(state.poll_ms)
            .bind(now)
            .bind(state.expires_at)
            .bind(i64::from(most.max_kept))
            .bind(i64::from(most.max_open))
            .bind(fresh.credentials)
            .bind(fresh.idempotency_key)
            .bind(i64::try_from(most.max_kept_bytes).unwrap_or(i64::MAX));
        let mut tx = self.db.begin().await?;
        let inserted = insert.execute(&mut tx).await? == 1;
        tx.commit().await?;
        Ok(inserted.then_some(state))
    }

    /// The owner's task of this id, unless it has expired.
    pub(super) async fn find(&self, id: &str, owner: &str) -> Result<Option<TaskState>> {
        let found = query_as(
            "SELECT id, operation, status, message, poll_ms, created_at, updated_at, expires_at, questions, result, failure,
             CASE WHEN status = 'finished' THEN arguments ELSE '' END AS arguments
             FROM diptych_tasks WHERE id = $1 AND owner = $2 AND expires_at > $3",
        );
        found.bind(id).bind(owner).bind(now()).optional(&mut self.db.read().await?).await
    }

    /// Adds answers to open questions; others are passed over. `None`: the owner has no such task. Otherwise whether
    /// something was answered.
    pub(super) async fn answer(
        &self,
        id: &str,
        owner: &str,
        mut given: Map<String, Value>,
        max_bytes: usize,
    ) -> Result<Option<bool>> {
        let mut tx = self.db.begin().await?;
        tx.lock_target(true);
        let found = query_as::<Open>(
            "SELECT questions, answers FROM diptych_tasks WHERE id = $1 AND owner = $2 AND expires_at > $3",
        );
        let found = found.bind(id).bind(owner).bind(now()).optional(&mut tx).await;
        tx.lock_target(false);
        let Some(Open { mut questions, mut answers }) = found? else {
            tx.rollback().await;
            return Ok(None);
        };
        given.retain(|key, _| questions.contains_key(key));
        if given.is_empty() {
            tx.rollback().await;
            return Ok(Some(false));
        }
        for (key, answer) in given {
            let question = questions.remove(&key);
            if let Some(Value::String(asked)) = question.as_ref().and_then(|question| question.get("key")) {
                answers.insert(asked.clone(), answer);
            }
        }
        let status = if questions.is_empty() { "working" } else { "input_required" };
        let (questions, answers) = (Value::Object(questions).to_string(), Value::Object(answers).to_string());
        if answers.len() > max_bytes {
            tx.rollback().await;
            return Err(too_large("answers", max_bytes));
        }
        query(
            "UPDATE diptych_tasks SET questions = $1, answers = $2, status = $3, updated_at = $4
             WHERE id = $5 AND status = 'input_required'",
        )
        .bind(questions)
        .bind(answers)
        .bind(status)
        .bind(now())
        .bind(id)
        .execute(&mut tx)
        .await?;
        tx.commit().await?;
        Ok(Some(true))
    }

    /// Ends an unfinished task of the owner's. From then on no worker holds its lease, so what one does is not kept. Says
    /// whether that is a change.
    pub(super) async fn cancel(&self, id: &str, owner: &str) -> Result<bool> {
        let cancelled = query(
            "UPDATE diptych_tasks SET status = 'cancelled', lease = '', questions = '{}', message = '', updated_at = $1
             WHERE id = $2 AND owner = $3 AND status IN ('working', 'input_required')",
        );
        let cancelled = cancelled.bind(now()).bind(id).bind(owner);
        let mut tx = self.db.begin().await?;
        let is_change = cancelled.execute(&mut tx).await? == 1;
        tx.commit().await?;
        Ok(is_change)
    }

    /// Takes a task that nobody works on, of one of these operations (a JSON list of names).
    pub(super) async fn claim(&self, lease: &str, span: Duration, operations: &str) -> Result<Option<Claimed>> {
        let mut conn = self.db.keeper().await?;
        let (until, now) = (now().saturating_add(millis(span)), now());
        let claim = match self.db.backend() {
            Backend::Sqlite => SQLITE_CLAIM,
            Backend::Postgres => POSTGRES_CLAIM,
            // No rows come back from an UPDATE.
            Backend::MySql => {
                for id in query_scalar::<String>(MYSQL_DUE).bind(now).bind(operations).all(&mut conn).await? {
                    let claim = query(MYSQL_CLAIM).bind(lease).bind(until).bind(id).bind(now).execute(&mut conn).await;
                    match claim {
                        Ok(0) => {}
                        Ok(_) => {
                            let claimed = query_as(MYSQL_CLAIMED).bind(until).bind(lease);
                            return Ok(claimed.all(&mut conn).await?.pop());
                        }
                        Err(error) if lost_a_race(&error) => {}
                        Err(error) => return Err(error),
                    }
                }
                return Ok(None);
            }
        };
        let claim = query_as(claim).bind(lease).bind(until).bind(now).bind(operations);
        // All rows, of which there is one: the statement has then run to its end.
        Ok(claim.all(&mut conn).await?.pop())
    }

    /// Keeps a lease for another span, and says how far the task is. Whether the lease was still held.
    pub(super) async fn renew(&self, id: &str, lease: &str, span: Duration, message: Option<&str>) -> Result<bool> {
        let until = now().saturating_add(millis(span));
        let renewed = match message {
            None => query("UPDATE diptych_tasks SET lease_until = $1 WHERE id = $2 AND lease = $3")
                .bind(until)
                .bind(id)
                .bind(lease),
            Some(message) => query(
                "UPDATE diptych_tasks SET lease_until = $1, message = $4, updated_at = $5 WHERE id = $2 AND lease = $3",
            )
            .bind(until)
            .bind(id)
            .bind(lease)
            .bind(message)
            .bind(now()),
        };
        Ok(renewed.execute(&mut self.db.keeper().await?).await? == 1)
    }

    /// Gives a task back, to be claimed after `pause`. One that was not begun does not count as an attempt.
    pub(super) async fn give_back(&self, id: &str, lease: &str, pause: Duration) -> Result<bool> {
        let given_back = query(
            "UPDATE diptych_tasks SET lease = '', lease_until = $1, attempts = attempts - 1 WHERE id = $2 AND lease = $3",
        );
        let until = if pause.is_zero() { 0 } else { now().saturating_add(millis(pause)) };
        Ok(given_back.bind(until).bind(id).bind(lease).execute(&mut self.db.keeper().await?).await? == 1)
    }

    /// Lets a task wait for answers to these questions, of all that it `asked`.
    pub(super) async fn park(&self, id: &str, lease: &str, questions: String, asked: String) -> Result<bool> {
        let parked = query(
            "UPDATE diptych_tasks SET status = 'input_required', questions = $1, asked = $2, lease = '', lease_until = 0,
             attempts = 0, updated_at = $3 WHERE id = $4 AND lease = $5 AND status = 'working'",
        );
        let parked = parked.bind(questions).bind(asked).bind(now()).bind(id).bind(lease);
        Ok(parked.execute(&mut self.db.keeper().await?).await? == 1)
    }

    /// Ends a task with an answer or an error, outside any transaction.
    pub(super) async fn finish(&self, id: &str, lease: &str, outcome: Result<&str, &Error>) -> Result<bool> {
        let (result, failed) = match outcome {
            Ok(json) => (json, String::new()),
            Err(error) => ("", failure::write(error)),
        };
        finished(id, lease, result, failed).execute(&mut self.db.keeper().await?).await.map(|rows| rows == 1)
    }

    /// The same with an answer, in the transaction that made it.
    pub(super) async fn finish_in(tx: &mut Tx, id: &str, lease: &str, answer: &str) -> Result<bool> {
        finished(id, lease, answer, String::new()).execute(tx).await.map(|rows| rows == 1)
    }

    /// Removes some of what has expired; the rest the next time.
    pub(super) async fn purge(&self) -> Result<u64> {
        let expired = Old { table: "diptych_tasks", key: "id", when: "expires_at <= $1", by: "expires_at" };
        expired.remove(now(), PURGED, &mut self.db.keeper().await?).await
    }
}

fn finished(id: &str, lease: &str, result: &str, failed: String) -> crate::Query {
    query(
        "UPDATE diptych_tasks SET status = 'finished', result = $1, failure = $2, lease = '', message = '', updated_at = $3
         WHERE id = $4 AND lease = $5 AND status = 'working'",
    )
    .bind(result)
    .bind(failed)
    .bind(now())
    .bind(id)
    .bind(lease)
}

pub(super) fn too_large(what: &str, max_bytes: usize) -> Error {
    let detail = format!("the {what} of a task are at most {max_bytes} bytes of JSON");
    Error::new(ErrorKind::TooLarge, "task_too_large", detail)
}

/// Milliseconds since 1970.
fn now() -> i64 {
    chrono::Utc::now().timestamp_millis()
}

fn millis(span: Duration) -> i64 {
    i64::try_from(span.as_millis()).unwrap_or(i64::MAX)
}
