//! PostgreSQL: a pool per tokio runtime.
//!
//! A socket is bound to the runtime that opened it, and every HTTP worker is a runtime of its own. A pool that workers share
//! breaks when one of them stops, and costs a wake-up across threads for every answer (ADR 0003 has the numbers).

use super::{DbOptions, Terms, db_error, held::Held, interrupt::Interrupt, slots::Slots};
use diptych_spec::{Error, Isolation, Result};
use sqlx::{ConnectOptions, Connection as _, Row as _, postgres::PgConnectOptions};
use std::{
    borrow::Cow,
    str::FromStr,
    sync::{PoisonError, RwLock},
    time::Duration,
};
use tokio::{
    runtime::{Handle, Id},
    sync::OwnedSemaphorePermit,
};

/// The longest that a connection is used.
const MAX_LIFETIME: Duration = Duration::from_secs(30 * 60);

pub(super) struct Postgres {
    connect: PgConnectOptions,
    acquire_timeout: Duration,
    /// Connections of each pool.
    share: u32,
    pools: RwLock<Pools>,
}

/// The pools of each runtime, and how long a statement may run on connections that are opened from now on.
struct Pools {
    statement_timeout: Duration,
    by_runtime: Vec<(Id, Pair)>,
}

/// The pools of one runtime: connections that write, connections that were opened read-only, one that writes and is
/// never lent to an operation, and those of streams.
#[derive(Clone)]
struct Pair {
    write: Slots<sqlx::Postgres>,
    read: Slots<sqlx::Postgres>,
    keep: Slots<sqlx::Postgres>,
    /// For reading whole lists. None of them is kept, and the places are those of whoever streams.
    stream: Slots<sqlx::Postgres>,
}

/// BEGIN with its isolation level, and a deadline of the operation's own, in one round trip. The level is always said: the
/// default of the database may be another one.
pub(super) fn begin(terms: Terms) -> Cow<'static, str> {
    let begin = match terms.isolation {
        Isolation::RepeatableRead => "BEGIN ISOLATION LEVEL REPEATABLE READ",
        Isolation::Serializable => "BEGIN ISOLATION LEVEL SERIALIZABLE",
        _ => "BEGIN ISOLATION LEVEL READ COMMITTED",
    };
    match terms.deadline {
        None => Cow::Borrowed(begin),
        Some(span) => format!("{begin}; SET LOCAL statement_timeout = {}", span.as_millis().max(1)).into(),
    }
}

/// BEGIN for reading a whole list, which may take longer than any other statement, in one round trip.
pub(super) fn stream(longest: Duration) -> Cow<'static, str> {
    let longest = longest.as_millis().clamp(1, i32::MAX as u128);
    format!("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL statement_timeout = {longest}").into()
}

impl Postgres {
    pub(super) fn new(url: &str, options: &DbOptions) -> Result<Self> {
        let connect = PgConnectOptions::from_str(url)
            .map_err(|_| Error::bad_request("the PostgreSQL URL cannot be read; write postgres://user@host/database"))?
            .disable_statement_logging()
            // "already exists, skipping" is nothing to tell at every start.
            .options([("client_min_messages", "warning")]);
        let processors = || std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let workers = u32::try_from(options.workers.unwrap_or_else(processors)).unwrap_or(0).max(1);
        let share = (options.max_connections / workers / 2).max(1);
        let pools = Pools { statement_timeout: options.statement_timeout, by_runtime: Vec::new() };
        Ok(Self { connect, acquire_timeout: options.acquire_timeout, share, pools: RwLock::new(pools) })
    }

    /// Lets statements run at least this long. Connections that are open already are replaced.
    pub(super) fn allow_statements_of(&self, longest: Duration) {
        let mut pools = self.pools.write().unwrap_or_else(PoisonError::into_inner);
        if longest > pools.statement_timeout {
            pools.statement_timeout = longest;
            pools.by_runtime.clear();
        }
    }

    pub(super) async fn writer(&self) -> Result<Held<sqlx::Postgres>> {
        self.here().write.take().await.map(Held::idle)
    }

    pub(super) async fn reader(&self) -> Result<Held<sqlx::Postgres>> {
        self.here().read.take().await.map(Held::idle)
    }

    pub(super) async fn keeper(&self) -> Result<Held<sqlx::Postgres>> {
        self.here().keep.take().await.map(Held::idle)
    }

    pub(super) async fn streamer(&self, place: OwnedSemaphorePermit) -> Result<Held<sqlx::Postgres>> {
        self.here().stream.take_at(place).await.map(Held::idle)
    }

    pub(super) fn places(&self) -> usize {
        usize::try_from(self.share).unwrap_or(usize::MAX)
    }

    /// Closes the connections of the runtime that this is called on. Those of another close with it.
    pub(super) async fn close(&self) {
        if let Some(pair) = self.existing(Handle::current().id()) {
            pair.read.close().await;
            pair.write.close().await;
            pair.stream.close().await;
            pair.keep.close().await;
        }
    }

    fn existing(&self, runtime: Id) -> Option<Pair> {
        let pools = self.pools.read().unwrap_or_else(PoisonError::into_inner);
        pools.by_runtime.iter().find(|(id, _)| *id == runtime).map(|(_, pair)| pair.clone())
    }

    /// The pools of the runtime that this is called on.
    fn here(&self) -> Pair {
        let runtime = Handle::current().id();
        if let Some(pair) = self.existing(runtime) {
            return pair;
        }
        let mut pools = self.pools.write().unwrap_or_else(PoisonError::into_inner);
        // Another thread of a multi-thread runtime may have been here meanwhile.
        if let Some((_, pair)) = pools.by_runtime.iter().find(|(id, _)| *id == runtime) {
            return pair.clone();
        }
        let timeout = pools.statement_timeout.as_millis().to_string();
        let connect = self.connect.clone().options([("statement_timeout", timeout)]);
        let slots =
            |connect, means, places| Slots::new(connect, means, places, self.acquire_timeout, Some(MAX_LIFETIME));
        let keep = slots(connect.clone(), None, 1);
        let means = || Some(keep.clone());
        let read_only = connect.clone().options([("default_transaction_read_only", "on")]);
        let pair = Pair {
            write: slots(connect, means(), self.share),
            read: slots(read_only.clone(), means(), self.share),
            stream: slots(read_only, means(), 0),
            keep,
        };
        pools.by_runtime.push((runtime, pair.clone()));
        pair
    }
}

impl Interrupt for sqlx::Postgres {
    /// The connection that is never lent to an operation: its own statements are short, and end by themselves.
    type Means = Option<Slots<Self>>;
    type Reach = Process;

    /// In one round trip.
    async fn reach(connection: &mut sqlx::PgConnection, means: &Self::Means) -> Option<Process> {
        means.as_ref()?;
        let sql = "SELECT pid, (EXTRACT(EPOCH FROM backend_start) * 1000000)::BIGINT FROM pg_stat_get_activity(pg_backend_pid())";
        let row = sqlx::raw_sql(sql).fetch_one(connection).await.ok()?;
        Some(Process { id: row.try_get(0).ok()?, since: row.try_get(1).ok()? })
    }

    async fn end(means: &Self::Means, process: &Process) -> Result<()> {
        let Some(slots) = means else { return Ok(()) };
        let mut held = Held::idle(slots.take().await?);
        held.sending();
        let sql = "SELECT pg_cancel_backend(pid) FROM pg_stat_get_activity($1)
                   WHERE (EXTRACT(EPOCH FROM backend_start) * 1000000)::BIGINT = $2";
        let ended = sqlx::query(sql).bind(process.id).bind(process.since).execute(held.raw()).await;
        held.replied(&ended);
        ended.map(drop).map_err(db_error)
    }

    /// Takes the answer to the statement that was ended; sqlx would give it to whatever is sent next.
    async fn resume(connection: &mut sqlx::PgConnection, _: &Process) -> sqlx::Result<()> {
        match connection.ping().await {
            Err(sqlx::Error::Database(_)) => connection.ping().await,
            done => done,
        }
    }
}

/// The process of the server for a connection. After a failover, another server may have one with the same id.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Process {
    id: i32,
    /// When it began, in microseconds since 1970.
    since: i64,
}
