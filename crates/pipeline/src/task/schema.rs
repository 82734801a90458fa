//! The table of tasks. Its migrations are noted apart from those of the application.

use crate::db::{Backend, Db, Migrations};
use diptych_spec::Result;

/// Where it is noted what was applied.
const APPLIED: &str = "_diptych_migrations";

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

pub(super) async fn migrate(db: &Db) -> Result<()> {
    let both = [Backend::Sqlite, Backend::Postgres].map(|backend| (1, "tasks", backend, TABLE));
    Migrations::new(&both).run_in(db, Some(APPLIED)).await
}
