//! The table of messages. Its migration is noted with those of diptych, apart from the application's.

use crate::db::{Backend, Db, Migrations};
use diptych_spec::Result;

/// Times are milliseconds since 1970; the payload is JSON. `seq` is the order in which messages of one key are handled; `due_at`
/// is when a message may be claimed. A message is `pending`, `delivered` or `dead`, since `ended_at`.
macro_rules! table {
    ($seq:literal) => {
        concat!(
            "CREATE TABLE diptych_outbox (
    seq ",
            $seq,
            ",
    id TEXT NOT NULL UNIQUE,
    topic TEXT NOT NULL,
    key TEXT NOT NULL,
    payload TEXT NOT NULL,
    state TEXT NOT NULL DEFAULT 'pending',
    due_at BIGINT NOT NULL,
    lease TEXT NOT NULL DEFAULT '',
    attempts BIGINT NOT NULL DEFAULT 0,
    code TEXT NOT NULL DEFAULT '',
    error_id TEXT NOT NULL DEFAULT '',
    sent_at BIGINT NOT NULL,
    ended_at BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX diptych_outbox_due ON diptych_outbox (due_at) WHERE state = 'pending';
CREATE INDEX diptych_outbox_keys ON diptych_outbox (topic, key, seq) WHERE state = 'pending' AND key <> '';
CREATE INDEX diptych_outbox_delivered ON diptych_outbox (ended_at) WHERE state = 'delivered';
CREATE INDEX diptych_outbox_dead ON diptych_outbox (ended_at) WHERE state = 'dead';"
        )
    };
}

const SQLITE: &str = table!("INTEGER PRIMARY KEY AUTOINCREMENT");
const POSTGRES: &str = table!("BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY");

/// MySQL has no index of some of the rows.
const MYSQL: &str = "CREATE TABLE diptych_outbox (
    seq BIGINT AUTO_INCREMENT PRIMARY KEY,
    id VARCHAR(64) NOT NULL UNIQUE,
    topic VARCHAR(512) NOT NULL,
    \"key\" TEXT NOT NULL,
    payload LONGTEXT NOT NULL,
    state VARCHAR(16) NOT NULL DEFAULT 'pending',
    due_at BIGINT NOT NULL,
    lease VARCHAR(64) NOT NULL DEFAULT '',
    attempts BIGINT NOT NULL DEFAULT 0,
    code VARCHAR(255) NOT NULL DEFAULT '',
    error_id VARCHAR(255) NOT NULL DEFAULT '',
    sent_at BIGINT NOT NULL,
    ended_at BIGINT NOT NULL DEFAULT 0,
    INDEX diptych_outbox_due (state, due_at),
    INDEX diptych_outbox_keys (state, topic(191), \"key\"(191), seq),
    INDEX diptych_outbox_ended (state, ended_at)
) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin";

pub(super) async fn migrate(db: &Db) -> Result<()> {
    let tables = [(Backend::Sqlite, SQLITE), (Backend::Postgres, POSTGRES), (Backend::MySql, MYSQL)];
    let all = tables.map(|(backend, table)| (31, "outbox", backend, table));
    Migrations::new(&all).run_apart(db).await
}
