//! The table of tasks. Its migrations are noted apart from those of the application.

use crate::db::{Backend, Db, Migrations};
use diptych_spec::Result;

/// Times are milliseconds since 1970; JSON is text. `lease_until` is when the task may be claimed, from 0 on: at once.
const TABLE: &str = "CREATE TABLE diptych_tasks (
    id TEXT PRIMARY KEY NOT NULL,
    operation TEXT NOT NULL,
    arguments TEXT NOT NULL,
    owner TEXT NOT NULL,
    scopes TEXT NOT NULL,
    capabilities TEXT NOT NULL,
    status TEXT NOT NULL,
    message TEXT NOT NULL DEFAULT '',
    questions TEXT NOT NULL DEFAULT '{}',
    asked TEXT NOT NULL DEFAULT '[]',
    answers TEXT NOT NULL,
    result TEXT NOT NULL DEFAULT '',
    failure TEXT NOT NULL DEFAULT '',
    lease TEXT NOT NULL DEFAULT '',
    lease_until BIGINT NOT NULL DEFAULT 0,
    attempts BIGINT NOT NULL DEFAULT 0,
    poll_ms BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX diptych_tasks_due ON diptych_tasks (status, lease_until);
CREATE INDEX diptych_tasks_owner ON diptych_tasks (owner, status);
CREATE INDEX diptych_tasks_expiry ON diptych_tasks (expires_at);";

const MYSQL_TABLE: &str = "CREATE TABLE diptych_tasks (
    id VARCHAR(64) PRIMARY KEY NOT NULL,
    operation TEXT NOT NULL,
    arguments LONGTEXT NOT NULL,
    owner TEXT NOT NULL,
    scopes TEXT NOT NULL,
    capabilities TEXT NOT NULL,
    status VARCHAR(32) NOT NULL,
    message TEXT NOT NULL DEFAULT (''),
    questions LONGTEXT NOT NULL DEFAULT ('{}'),
    asked LONGTEXT NOT NULL DEFAULT ('[]'),
    answers LONGTEXT NOT NULL,
    result LONGTEXT NOT NULL DEFAULT (''),
    failure LONGTEXT NOT NULL DEFAULT (''),
    lease VARCHAR(64) NOT NULL DEFAULT '',
    lease_until BIGINT NOT NULL DEFAULT 0,
    attempts BIGINT NOT NULL DEFAULT 0,
    poll_ms BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    INDEX diptych_tasks_due (status, lease_until),
    INDEX diptych_tasks_owner (owner(191), status),
    INDEX diptych_tasks_expiry (expires_at)
) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin";

/// What else is known of the owner's credentials (JSON): the client, and the operations they are good for.
const CREDENTIALS: &str = "ALTER TABLE diptych_tasks ADD COLUMN credentials TEXT NOT NULL DEFAULT '{}'";

/// What the call can be sent again with; empty without.
const KEY: &str = "ALTER TABLE diptych_tasks ADD COLUMN idempotency_key TEXT NOT NULL DEFAULT ''";

const MYSQL_CREDENTIALS: &str = "ALTER TABLE diptych_tasks ADD COLUMN credentials MEDIUMTEXT NOT NULL DEFAULT ('{}')";
const MYSQL_KEY: &str = "ALTER TABLE diptych_tasks ADD COLUMN idempotency_key VARCHAR(255) NOT NULL DEFAULT ''";

pub(super) async fn migrate(db: &Db) -> Result<()> {
    let each = [
        (Backend::Sqlite, TABLE, CREDENTIALS, KEY),
        (Backend::Postgres, TABLE, CREDENTIALS, KEY),
        (Backend::MySql, MYSQL_TABLE, MYSQL_CREDENTIALS, MYSQL_KEY),
    ];
    let three = |(backend, table, credentials, key)| {
        [
            (1, "tasks", backend, table),
            (2, "credentials of tasks", backend, credentials),
            (3, "idempotency keys of tasks", backend, key),
        ]
    };
    Migrations::new(&each.map(three).concat()).run_apart(db).await
}
