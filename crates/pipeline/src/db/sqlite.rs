//! SQLite: one writer and several readers for the whole process.
//!
//! One writer, because SQLite has one write lock: waiting for it here is fair and takes as long as it takes, waiting in the
//! database is neither.

use super::{
    DbOptions,
    fault::db_error,
    held::{Held, Lease},
};
use diptych_spec::{Error, Result};
use sqlx::{
    ConnectOptions, Connection, SqliteConnection,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};
use std::{str::FromStr, sync::Arc, time::Duration};
use tokio::sync::Mutex;

/// The write lock is taken at once: a transaction that reads first and takes it later fails when another did the same.
pub(super) const BEGIN: &str = "BEGIN IMMEDIATE";

pub(super) struct Sqlite {
    connect: SqliteConnectOptions,
    acquire_timeout: Duration,
    writer: Arc<Mutex<Option<SqliteConnection>>>,
    readers: sqlx::SqlitePool,
}

impl Sqlite {
    pub(super) async fn connect(url: &str, options: &DbOptions) -> Result<Self> {
        if url.contains(":memory:") || url.contains("mode=memory") {
            return Err(Error::bad_request(
                "an in-memory SQLite database exists once per connection; use a file, such as sqlite://app.db",
            ));
        }
        let connect = SqliteConnectOptions::from_str(url)
            .map_err(|_| Error::bad_request("the SQLite URL cannot be read; write sqlite://path/to/file.db"))?
            .create_if_missing(true)
            .foreign_keys(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Normal)
            .busy_timeout(Duration::from_secs(5))
            .disable_statement_logging();
        let writer = SqliteConnection::connect_with(&connect).await.map_err(db_error)?;
        let readers = SqlitePoolOptions::new()
            .max_connections(options.max_connections.saturating_sub(1).clamp(1, 8))
            .acquire_timeout(options.acquire_timeout)
            .test_before_acquire(false)
            .idle_timeout(None)
            .max_lifetime(None)
            .connect_lazy_with(connect.clone().pragma("query_only", "ON"));
        let writer = Arc::new(Mutex::new(Some(writer)));
        Ok(Self { connect, acquire_timeout: options.acquire_timeout, writer, readers })
    }

    pub(super) async fn writer(&self) -> Result<Held<sqlx::Sqlite>> {
        let waiting = tokio::time::timeout(self.acquire_timeout, Arc::clone(&self.writer).lock_owned());
        let mut place = waiting.await.map_err(|_| db_error(sqlx::Error::PoolTimedOut))?;
        if place.is_none() {
            *place = Some(SqliteConnection::connect_with(&self.connect).await.map_err(db_error)?);
        }
        Ok(Held::idle(Lease::Single(place)))
    }

    pub(super) async fn reader(&self) -> Result<Held<sqlx::Sqlite>> {
        self.readers.acquire().await.map(|connection| Held::idle(Lease::Pooled(connection))).map_err(db_error)
    }

    pub(super) async fn close(&self) {
        self.readers.close().await;
        if let Some(writer) = self.writer.lock().await.take() {
            let _ = writer.close().await;
        }
    }
}
