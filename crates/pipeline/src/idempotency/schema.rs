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

/// What was said of the HTTP response beside the answer, as JSON; empty when nothing was.
const HEAD: &str = "ALTER TABLE diptych_idempotency ADD COLUMN head TEXT NOT NULL DEFAULT '';";

pub(super) async fn migrate(db: &Db) -> Result<()> {
    let both = [Backend::Sqlite, Backend::Postgres];
    let all: Vec<_> = both
        .iter()
        .flat_map(|&backend| [(25, "idempotency", backend, TABLE), (39, "idempotency head", backend, HEAD)])
        .collect();
    Migrations::new(&all).run_apart(db).await
}
