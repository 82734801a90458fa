//! The table of idempotency keys. Its migration is noted with those of diptych, apart from the application's.

use crate::db::{Backend, Db, Migrations};
use diptych_spec::Result;

/// Times are milliseconds since 1970; the answer is JSON. A row that anybody but its own transaction can see has its answer.
const TABLE: &str = "CREATE TABLE diptych_idempotency (
    principal TEXT NOT NULL,
    operation TEXT NOT NULL,
    key TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    answer TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    PRIMARY KEY (principal, operation, key)
);
CREATE INDEX diptych_idempotency_expiry ON diptych_idempotency (expires_at);";

/// A key is in an index of at most 3,072 bytes, and is compared by its bytes.
const MYSQL_TABLE: &str = "CREATE TABLE diptych_idempotency (
    principal VARBINARY(512) NOT NULL,
    operation VARBINARY(512) NOT NULL,
    \"key\" VARBINARY(255) NOT NULL,
    fingerprint VARCHAR(64) NOT NULL,
    answer LONGTEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    PRIMARY KEY (principal, operation, \"key\"),
    INDEX diptych_idempotency_expiry (expires_at)
) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin";

/// What was said of the HTTP response beside the answer, as JSON; empty when nothing was.
const HEAD: &str = "ALTER TABLE diptych_idempotency ADD COLUMN head TEXT NOT NULL DEFAULT '';";

const MYSQL_HEAD: &str = "ALTER TABLE diptych_idempotency ADD COLUMN head MEDIUMTEXT NOT NULL DEFAULT ('');";

pub(super) async fn migrate(db: &Db) -> Result<()> {
    let each =
        [(Backend::Sqlite, TABLE, HEAD), (Backend::Postgres, TABLE, HEAD), (Backend::MySql, MYSQL_TABLE, MYSQL_HEAD)];
    let both = |(backend, table, head)| [(25, "idempotency", backend, table), (39, "idempotency head", backend, head)];
    let all = each.map(both).concat();
    Migrations::new(&all).run_apart(db).await
}
