//! The table of keys, and the statements on it. Times are milliseconds since 1970.

use super::{key::ApiKey, text::Hash};
use chrono::{DateTime, Utc};
use ctutils::CtEq as _;
use diptych_pipeline::{Backend, Conn, Db, Migrations, Record, Row, query, query_as};
use diptych_spec::{Error, Result};
use std::fmt::Write as _;

const TABLE: &str = "CREATE TABLE diptych_api_keys (
    id TEXT PRIMARY KEY NOT NULL,
    hash TEXT NOT NULL,
    name TEXT NOT NULL,
    label TEXT NOT NULL,
    scopes TEXT NOT NULL,
    operations TEXT,
    created_at BIGINT NOT NULL,
    created_by TEXT NOT NULL,
    expires_at BIGINT,
    last_used_at BIGINT,
    revoked_at BIGINT
);
CREATE INDEX diptych_api_keys_created ON diptych_api_keys (created_at);";

const MYSQL_TABLE: &str = "CREATE TABLE diptych_api_keys (
    id VARCHAR(64) PRIMARY KEY NOT NULL,
    hash VARCHAR(64) NOT NULL,
    name TEXT NOT NULL,
    label TEXT NOT NULL,
    scopes TEXT NOT NULL,
    operations TEXT,
    created_at BIGINT NOT NULL,
    created_by TEXT NOT NULL,
    expires_at BIGINT,
    last_used_at BIGINT,
    revoked_at BIGINT,
    INDEX diptych_api_keys_created (created_at)
) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin";

/// A row: the key, and the hash of its text.
pub(super) struct Stored {
    pub(super) key: ApiKey,
    hash: String,
}

impl Stored {
    /// Whether this is the key of that hash. How much of it is right cannot be told from how long this takes.
    pub(super) fn is_of(&self, hash: &Hash) -> bool {
        self.hash.as_bytes().ct_eq(hex(hash).as_bytes()).to_bool()
    }

    pub(super) fn last_used_ms(&self) -> i64 {
        self.key.last_used_at.map_or(0, |at| at.timestamp_millis())
    }
}

#[diagnostic::do_not_recommend]
impl Record for Stored {
    const COLUMNS: &'static [&'static str] = &[
        "id",
        "hash",
        "name",
        "label",
        "scopes",
        "operations",
        "created_at",
        "created_by",
        "expires_at",
        "last_used_at",
        "revoked_at",
    ];

    fn from_row(row: &Row<'_>) -> Result<Self> {
        let moment = |place| row.get::<Option<i64>>(place).map(|ms| ms.and_then(DateTime::from_timestamp_millis));
        let (scopes, operations): (String, Option<String>) = (row.get(4)?, row.get(5)?);
        let list = |json: String| serde_json::from_str::<Vec<String>>(&json).map_err(Error::internal);
        let key = ApiKey {
            id: row.get(0)?,
            name: row.get(2)?,
            label: row.get(3)?,
            scopes: list(scopes)?,
            operations: operations.map(list).transpose()?,
            created_at: DateTime::from_timestamp_millis(row.get(6)?).unwrap_or_default(),
            created_by: row.get(7)?,
            expires_at: moment(8)?,
            last_used_at: moment(9)?,
            revoked_at: moment(10)?,
        };
        Ok(Self { key, hash: row.get(1)? })
    }
}

pub(super) async fn migrate(db: &Db) -> Result<()> {
    let tables = [(Backend::Sqlite, TABLE), (Backend::Postgres, TABLE), (Backend::MySql, MYSQL_TABLE)];
    let all = tables.map(|(backend, table)| (101, "API keys", backend, table));
    Migrations::new(&all).run_apart(db).await
}

pub(super) async fn insert(conn: &mut Conn, key: &ApiKey, hash: &Hash) -> Result<()> {
    let json = |list: &[String]| serde_json::Value::from(list).to_string();
    let ms = |at: Option<DateTime<Utc>>| at.map(|at| at.timestamp_millis());
    query(
        "INSERT INTO diptych_api_keys (id, hash, name, label, scopes, operations, created_at, created_by, expires_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
    )
    .bind(&*key.id)
    .bind(hex(hash))
    .bind(&*key.name)
    .bind(&*key.label)
    .bind(json(&key.scopes))
    .bind(key.operations.as_deref().map(json))
    .bind(key.created_at.timestamp_millis())
    .bind(&*key.created_by)
    .bind(ms(key.expires_at))
    .execute(conn)
    .await
    .map(drop)
}

pub(super) async fn find(conn: &mut Conn, id: &str) -> Result<Option<Stored>> {
    let found = query_as(
        "SELECT id, hash, name, label, scopes, operations, created_at, created_by, expires_at, last_used_at, revoked_at
         FROM diptych_api_keys WHERE id = $1",
    );
    found.bind(id).optional(conn).await
}

/// The newest first.
pub(super) async fn list(conn: &mut Conn, most: u32) -> Result<Vec<ApiKey>> {
    let found = query_as::<Stored>(
        "SELECT id, hash, name, label, scopes, operations, created_at, created_by, expires_at, last_used_at, revoked_at
         FROM diptych_api_keys ORDER BY created_at DESC, id LIMIT $1",
    );
    let found = found.bind(i64::from(most)).all(conn).await?;
    Ok(found.into_iter().map(|row| row.key).collect())
}

/// Whether there is such a key; one that was revoked before stays as it is.
pub(super) async fn revoke(conn: &mut Conn, id: &str) -> Result<bool> {
    let revoke = query("UPDATE diptych_api_keys SET revoked_at = COALESCE(revoked_at, $1) WHERE id = $2");
    Ok(revoke.bind(now()).bind(id).execute(conn).await? == 1)
}

/// Notes that a key is used now, unless it was noted after `before`: other processes do, too.
pub(super) async fn used(conn: &mut Conn, id: &str, now: i64, before: i64) -> Result<()> {
    let note = query(
        "UPDATE diptych_api_keys SET last_used_at = $1 WHERE id = $2 AND (last_used_at IS NULL OR last_used_at <= $3)",
    );
    note.bind(now).bind(id).bind(before).execute(conn).await.map(drop)
}

/// Milliseconds since 1970.
pub(super) fn now() -> i64 {
    Utc::now().timestamp_millis()
}

fn hex(hash: &Hash) -> String {
    let mut out = String::with_capacity(64);
    for byte in hash {
        // A String takes everything.
        let _ = write!(out, "{byte:02x}");
    }
    out
}
