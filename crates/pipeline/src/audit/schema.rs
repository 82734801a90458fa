//! The table of the trail. Its migration is noted with those of diptych, apart from the application's.

use crate::db::{Backend, Db, Migrations};
use diptych_spec::Result;

/// Times are milliseconds since 1970; what is not known is empty. Rows are only ever added, and removed when they are old.
const TABLE: &str = "CREATE TABLE diptych_audit (
    id TEXT PRIMARY KEY NOT NULL,
    call TEXT NOT NULL,
    at BIGINT NOT NULL,
    operation TEXT NOT NULL,
    surface TEXT NOT NULL,
    mount TEXT NOT NULL,
    issuer TEXT NOT NULL,
    subject TEXT NOT NULL,
    client TEXT NOT NULL,
    address TEXT NOT NULL,
    arguments TEXT NOT NULL,
    outcome TEXT NOT NULL,
    code TEXT NOT NULL,
    duration_ms BIGINT NOT NULL,
    trace_id TEXT NOT NULL
);
CREATE INDEX diptych_audit_at ON diptych_audit (at);
CREATE INDEX diptych_audit_subject ON diptych_audit (subject, at);";

/// The longest of these are cut before they are written.
const MYSQL_TABLE: &str = "CREATE TABLE diptych_audit (
    id VARCHAR(64) PRIMARY KEY NOT NULL,
    \"call\" VARCHAR(64) NOT NULL,
    at BIGINT NOT NULL,
    operation TEXT NOT NULL,
    surface VARCHAR(32) NOT NULL,
    mount TEXT NOT NULL,
    issuer TEXT NOT NULL,
    subject VARCHAR(512) NOT NULL,
    client TEXT NOT NULL,
    address VARCHAR(64) NOT NULL,
    arguments LONGTEXT NOT NULL,
    outcome VARCHAR(64) NOT NULL,
    code VARCHAR(255) NOT NULL,
    duration_ms BIGINT NOT NULL,
    trace_id VARCHAR(255) NOT NULL,
    INDEX diptych_audit_at (at),
    INDEX diptych_audit_subject (subject, at)
) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin";

pub(super) async fn migrate(db: &Db) -> Result<()> {
    let tables = [(Backend::Sqlite, TABLE), (Backend::Postgres, TABLE), (Backend::MySql, MYSQL_TABLE)];
    let all = tables.map(|(backend, table)| (23, "audit", backend, table));
    Migrations::new(&all).run_apart(db).await
}
