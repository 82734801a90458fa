//! SQLite: one writer and several readers for the whole process.
//!
//! One writer, because SQLite has one write lock: waiting for it here is fair and takes as long as it takes, waiting in the
//! database is neither.

use super::{DbOptions, held::Held, interrupt::Interrupt, slots::Slots};
use diptych_spec::{Error, Result};
use sqlx::{
    ConnectOptions, Connection,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous},
};
use std::{
    str::FromStr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};
use tokio::sync::OwnedSemaphorePermit;

/// The write lock is taken at once: a transaction that reads first and takes it later fails when another did the same.
pub(super) const BEGIN: &str = "BEGIN IMMEDIATE";

pub(super) struct Sqlite {
    writer: Slots<sqlx::Sqlite>,
    readers: Slots<sqlx::Sqlite>,
    /// None of them is kept, and the places are those of whoever streams.
    streamers: Slots<sqlx::Sqlite>,
}

impl Sqlite {
    pub(super) fn new(url: &str, options: &DbOptions) -> Result<Self> {
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
            .busy_timeout(options.busy_timeout)
            .disable_statement_logging();
        let readers = options.max_connections.saturating_sub(1).clamp(1, 8);
        let slots = |connect, places| Slots::new(connect, (), places, options.acquire_timeout, None);
        let reading = connect.clone().pragma("query_only", "ON");
        Ok(Self { writer: slots(connect, 1), readers: slots(reading.clone(), readers), streamers: slots(reading, 0) })
    }

    pub(super) async fn writer(&self) -> Result<Held<sqlx::Sqlite>> {
        self.writer.take().await.map(Held::idle)
    }

    pub(super) async fn reader(&self) -> Result<Held<sqlx::Sqlite>> {
        self.readers.take().await.map(Held::idle)
    }

    pub(super) async fn streamer(&self, place: OwnedSemaphorePermit) -> Result<Held<sqlx::Sqlite>> {
        self.streamers.take_at(place).await.map(Held::idle)
    }

    pub(super) async fn close(&self) {
        self.streamers.close().await;
        self.readers.close().await;
        self.writer.close().await;
    }
}

/// A statement looks whether it is to end after so many instructions of SQLite's virtual machine: well below a millisecond, and
/// too seldom to cost anything.
const INSTRUCTIONS: i32 = 10_000;

impl Interrupt for sqlx::Sqlite {
    type Means = ();
    /// Whether statements are to end.
    type Reach = Arc<AtomicBool>;

    async fn reach(connection: &mut sqlx::SqliteConnection, (): &()) -> sqlx::Result<Option<Arc<AtomicBool>>> {
        let ending = Arc::new(AtomicBool::new(false));
        let seen = Arc::clone(&ending);
        let mut locked = connection.lock_handle().await?;
        locked.set_progress_handler(INSTRUCTIONS, move || !seen.load(Ordering::Relaxed));
        Ok(Some(ending))
    }

    async fn end((): &(), ending: &Arc<AtomicBool>) -> Result<()> {
        ending.store(true, Ordering::Relaxed);
        Ok(())
    }

    /// A statement that wrote and was ended has undone its whole transaction (SQLite, sqlite3_interrupt), so the ROLLBACK behind it fails
    /// and the connection is closed.
    async fn resume(connection: &mut sqlx::SqliteConnection, ending: &Arc<AtomicBool>) -> sqlx::Result<()> {
        // Answered by the connection's own thread, once it is done with the statement.
        connection.ping().await?;
        ending.store(false, Ordering::Relaxed);
        Ok(())
    }
}
