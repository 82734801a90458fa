//! The key of one call: claimed before the service does anything, and kept with its answer.

use super::keys::{Keys, now};
use crate::{
    Caller, Operation,
    db::{Backend, Record, Row, Tx, lost_a_race, query, query_as},
    operation::Kind,
    scope::{InScope, text},
    task,
};
use diptych_spec::{Arguments, Error, ErrorKind, Head, IdempotencyKey, Result};
use sha2::{Digest as _, Sha256};
use std::{fmt::Write as _, time::Duration};

/// The longest name of a caller that is stored as it is, in bytes: it is in an index.
const LONGEST: usize = 512;

/// How long to wait for a call that is on its way with the same key.
const SOON: Duration = Duration::from_secs(1);

/// The code of the error that a call with the key is on its way.
pub(crate) const IN_PROGRESS: &str = "in_progress";

/// A key, whose it is, and what it is used for.
pub(crate) struct Claim {
    principal: String,
    operation: String,
    key: IdempotencyKey,
    /// Of the arguments.
    fingerprint: String,
    keep: Duration,
}

/// An earlier call with the key.
struct Earlier {
    fingerprint: String,
    answer: String,
    /// What was said of the response beside the answer, as JSON; empty when nothing was.
    head: String,
}

impl Record for Earlier {
    const COLUMNS: &'static [&'static str] = &["fingerprint", "answer", "head"];
    fn from_row(row: &Row<'_>) -> Result<Self> {
        Ok(Self { fingerprint: row.get(0)?, answer: row.get(1)?, head: row.get(2)? })
    }
}

impl Earlier {
    fn answered(self) -> Result<(String, Option<Box<Head>>)> {
        let head = (!self.head.is_empty()).then(|| serde_json::from_str(&self.head)).transpose();
        Ok((self.answer, head.map_err(Error::internal)?))
    }
}

impl Claim {
    /// Whether the caller may call with the key that they sent, or without one. What only reads takes no notice of keys.
    pub(crate) fn check(operation: &Operation, caller: &Caller) -> Result<()> {
        let declaration = operation.declaration();
        let required = declaration.idempotency().is_required();
        match (&operation.kind, &caller.idempotency_key) {
            (_, Some(_)) if !operation.is_service() => Ok(()),
            (Kind::Exposed(_), Some(_)) => Err(unsupported("what it does is in no transaction of this server")),
            (_, Some(_)) if declaration.idempotency().is_refused() => Err(unsupported("its answer is kept nowhere")),
            (_, Some(_)) if caller.principal.is_none() => Err(anonymous()),
            (_, None) if required => Err(missing(declaration.idempotency().argument_name())),
            _ => Ok(()),
        }
    }

    /// The claim that a call of a service makes, whose arguments are what was declared.
    pub(crate) fn of(
        keys: &Keys,
        operation: &Operation,
        caller: &Caller,
        arguments: &Arguments<'_>,
    ) -> Result<Option<Self>> {
        let Some(key) = caller.idempotency_key.as_ref().filter(|_| operation.is_service()) else { return Ok(None) };
        let declaration = operation.declaration();
        let mut principal = task::owner_key(caller.principal.as_ref());
        if principal.len() > LONGEST {
            // What is stored as it is begins with a bracket.
            principal = format!("sha256:{}", digest([&*principal]));
        }
        let canonical = declaration.arguments().canonical(arguments)?;
        Ok(Some(Self {
            principal,
            operation: declaration.name().to_owned(),
            key: key.clone(),
            fingerprint: digest([&*canonical]),
            keep: keys.keep,
        }))
    }

    /// The key is one of the caller's in this row scope: the same key in another is another.
    pub(crate) fn within(&mut self, scope: &InScope) {
        self.principal = format!("sha256:{}", digest([&*self.principal, &text(scope.value())]));
    }

    /// Makes the key ours until the transaction ends, and gives the answer and the head of the earlier call if there was one. Nothing waits for
    /// another transaction: on SQLite there is none besides ours, on PostgreSQL whoever has the key has its lock.
    pub(crate) async fn take(&self, tx: &mut Tx) -> Result<Option<(String, Option<Box<Head>>)>> {
        let now = now();
        let expires = now.saturating_add(i64::try_from(self.keep.as_millis()).unwrap_or(i64::MAX));
        let claim = query(match tx.backend() {
            Backend::MySql => return self.take_locked(now, expires, tx).await,
            Backend::Sqlite => {
                "INSERT INTO diptych_idempotency (principal, operation, \"key\", fingerprint, answer, created_at, expires_at)
                 VALUES ($1, $2, $3, $4, '', $5, $6)
                 ON CONFLICT (principal, operation, \"key\") DO UPDATE
                 SET fingerprint = excluded.fingerprint, answer = '', created_at = excluded.created_at, expires_at = excluded.expires_at
                 WHERE diptych_idempotency.expires_at <= $5"
            }
            Backend::Postgres => {
                "INSERT INTO diptych_idempotency (principal, operation, \"key\", fingerprint, answer, created_at, expires_at)
                 SELECT $1, $2, $3, $4, '', $5, $6 WHERE pg_try_advisory_xact_lock($7)
                 ON CONFLICT (principal, operation, \"key\") DO UPDATE
                 SET fingerprint = excluded.fingerprint, answer = '', created_at = excluded.created_at, expires_at = excluded.expires_at
                 WHERE diptych_idempotency.expires_at <= $5"
            }
        });
        let mut claim = claim
            .bind(&self.principal)
            .bind(&self.operation)
            .bind(self.key.as_str())
            .bind(&self.fingerprint)
            .bind(now)
            .bind(expires);
        if tx.backend() == Backend::Postgres {
            claim = claim.bind(self.lock());
        }
        if claim.execute(tx).await? == 1 {
            return Ok(None);
        }
        let earlier = query_as::<Earlier>(
            "SELECT fingerprint, answer, head FROM diptych_idempotency
             WHERE principal = $1 AND operation = $2 AND \"key\" = $3 AND expires_at > $4",
        );
        let earlier = earlier.bind(&self.principal).bind(&self.operation).bind(self.key.as_str()).bind(now);
        match earlier.optional(tx).await? {
            Some(earlier) => self.replay(earlier),
            None => Err(in_progress()),
        }
    }

    /// The same on MySQL, where the row itself is the lock: it is not waited for longer than the database has to, which is not at all on
    /// MariaDB and a second on MySQL. How many rows it wrote does not tell whose it is, so it is read.
    async fn take_locked(&self, now: i64, expires: i64, tx: &mut Tx) -> Result<Option<(String, Option<Box<Head>>)>> {
        let claim = query(
            "/*M! SET STATEMENT innodb_lock_wait_timeout = 0 FOR */
             INSERT /*+ SET_VAR(innodb_lock_wait_timeout = 1) */ INTO diptych_idempotency
             (principal, operation, \"key\", fingerprint, answer, created_at, expires_at) VALUES ($1, $2, $3, $4, '', $5, $6)
             ON DUPLICATE KEY UPDATE fingerprint = IF(expires_at <= $5, $4, fingerprint), answer = IF(expires_at <= $5, '', answer),
             created_at = IF(expires_at <= $5, $5, created_at), expires_at = IF(expires_at <= $5, $6, expires_at)",
        );
        let claim = claim.bind(&self.principal).bind(&self.operation).bind(self.key.as_str()).bind(&self.fingerprint);
        let claimed = claim.bind(now).bind(expires).execute(tx).await;
        claimed.map_err(|error| if lost_a_race(&error) { in_progress() } else { error })?;
        let row = query_as::<Earlier>(
            "SELECT fingerprint, answer, head FROM diptych_idempotency
             WHERE principal = $1 AND operation = $2 AND \"key\" = $3 FOR UPDATE",
        );
        let row = row.bind(&self.principal).bind(&self.operation).bind(self.key.as_str()).one(tx).await?;
        if row.answer.is_empty() { Ok(None) } else { self.replay(row) }
    }

    fn replay(&self, earlier: Earlier) -> Result<Option<(String, Option<Box<Head>>)>> {
        if earlier.fingerprint == self.fingerprint { earlier.answered().map(Some) } else { Err(reused()) }
    }

    /// Keeps the answer, and what was said beside it, with the key.
    pub(crate) async fn keep(&self, tx: &mut Tx, answer: &str, head: Option<&Head>) -> Result<()> {
        let keep = query(
            "UPDATE diptych_idempotency SET answer = $1, head = $5 WHERE principal = $2 AND operation = $3 AND \"key\" = $4 AND answer = ''",
        );
        let head = head.map(serde_json::to_string).transpose().map_err(Error::internal)?.unwrap_or_default();
        let keep = keep.bind(answer).bind(&self.principal).bind(&self.operation).bind(self.key.as_str()).bind(head);
        match keep.execute(tx).await? {
            1 => Ok(()),
            _ => Err(Error::internal("the row of an idempotency key is gone from its own transaction")),
        }
    }

    /// An error of COMMIT: where it is not known whether it was done, the key finds out.
    pub(crate) fn unknown(error: Error) -> Error {
        if error.kind() != ErrorKind::OutcomeUnknown {
            return error;
        }
        let detail = "the connection broke while the change was being committed; send the same again, with the same idempotency key";
        Error::new(ErrorKind::OutcomeUnknown, "outcome_unknown", detail).with_source(error)
    }

    /// What PostgreSQL knows the key by while a call has it. Two keys of one number only keep each other waiting.
    fn lock(&self) -> i64 {
        let of = sha256([&*self.principal, &*self.operation, self.key.as_str()]);
        of.iter().take(8).fold(0, |number, byte| number << 8 | i64::from(*byte))
    }
}

/// Of texts, none of which can be mistaken for the others.
fn sha256<const N: usize>(texts: [&str; N]) -> [u8; 32] {
    let mut hash = Sha256::new();
    for text in texts {
        hash.update((text.len() as u64).to_be_bytes());
        hash.update(text);
    }
    hash.finalize().into()
}

fn digest<const N: usize>(texts: [&str; N]) -> String {
    sha256(texts).iter().fold(String::with_capacity(64), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn refused(code: &'static str, detail: impl Into<std::borrow::Cow<'static, str>>) -> Error {
    Error::new(ErrorKind::BadRequest, code, detail)
}

fn missing(argument: Option<&str>) -> Error {
    let argument = argument.map_or_else(String::new, |name| format!(" or the argument `{name}`"));
    let detail = format!(
        "this needs an idempotency key, so that it can be sent again without doing it twice: send a new UUID as the header `Idempotency-Key`; over MCP as `_meta[\"dev.diptych/idempotency-key\"]`{argument}"
    );
    refused("idempotency_key_required", detail)
}

fn anonymous() -> Error {
    refused(
        "idempotency_key_anonymous",
        "idempotency keys are kept for each caller, and nobody is signed in; sign in, or leave the key out",
    )
}

fn unsupported(why: &str) -> Error {
    refused("idempotency_key_unsupported", format!("this takes no idempotency key: {why}; leave the key out"))
}

fn reused() -> Error {
    let detail = "this idempotency key was used for a call with other arguments; use a new key for a new call";
    Error::new(ErrorKind::Invalid, "idempotency_key_reused", detail)
}

fn in_progress() -> Error {
    let detail = "a call with this idempotency key is on its way; wait a second, then send the same again";
    Error::conflict(IN_PROGRESS, detail).with_retry_after(SOON)
}
