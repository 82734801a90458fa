//! The pools: which connections exist, how they are set up, and which runtime they belong to.
//!
//! PostgreSQL: a pool per tokio runtime, because a socket is bound to the runtime that opened it and every HTTP worker
//! is a runtime of its own (ADR 0003 has the numbers). SQLite: one writer and several readers for the whole process.

use super::{Backend, Conn, Tx, connection::Driver, fault::db_error, held::Held};
use diptych_spec::{Error, ErrorKind, Lock, Result};
use sqlx::ConnectOptions;
use std::{borrow::Cow, fmt, str::FromStr, sync::Arc, time::Duration};

/// How the database is connected to.
#[derive(Debug, Clone)]
pub struct DbOptions {
    /// Connections of this process, over all HTTP workers; 32. Each worker gets its share, at least one for reading and
    /// one for writing.
    pub max_connections: u32,
    /// How long a call waits for a free connection; 10 seconds. Then it is answered with 503.
    pub acquire_timeout: Duration,
    /// The longest a statement may run when its operation declares no deadline; 30 seconds.
    pub statement_timeout: Duration,
}

impl Default for DbOptions {
    fn default() -> Self {
        Self {
            max_connections: 32,
            acquire_timeout: Duration::from_secs(10),
            statement_timeout: Duration::from_secs(30),
        }
    }
}

/// Whether statements may be run from cached plans.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Plans {
    Cached,
    /// After DDL changed the result type of a cached plan.
    Fresh,
}

/// A database, connected. Cheap to clone.
#[derive(Clone)]
pub struct Db(Arc<Inner>);

struct Inner {
    options: DbOptions,
    pools: Pools,
}

#[allow(clippy::large_enum_variant, reason = "there is one per database, and it is never moved")]
enum Pools {
    #[cfg(feature = "sqlite")]
    Sqlite(Pair<sqlx::Sqlite>),
    #[cfg(feature = "postgres")]
    Postgres(PerRuntime),
}

/// The pools of one runtime: connections that write, and connections that were opened read-only.
struct Pair<D: sqlx::Database> {
    write: sqlx::Pool<D>,
    read: sqlx::Pool<D>,
}

impl<D: sqlx::Database> Clone for Pair<D> {
    fn clone(&self) -> Self {
        Self {
            write: self.write.clone(),
            read: self.read.clone(),
        }
    }
}

#[cfg(feature = "postgres")]
struct PerRuntime {
    connect: sqlx::postgres::PgConnectOptions,
    pools: std::sync::RwLock<Vec<(tokio::runtime::Id, Pair<sqlx::Postgres>)>>,
}

impl Db {
    /// Connects, with the default options. A SQLite file that does not exist is created.
    ///
    /// # Errors
    /// A URL of a database that is not compiled in, or a database that cannot be reached.
    pub async fn connect(url: &str) -> Result<Self> {
        Self::connect_with(url, DbOptions::default()).await
    }

    /// Connects.
    ///
    /// # Errors
    /// A URL of a database that is not compiled in, or a database that cannot be reached.
    pub async fn connect_with(url: &str, options: DbOptions) -> Result<Self> {
        let pools = match Backend::of_url(url) {
            #[cfg(feature = "sqlite")]
            Some(Backend::Sqlite) => Pools::Sqlite(sqlite(url, &options).await?),
            #[cfg(feature = "postgres")]
            Some(Backend::Postgres) => Pools::Postgres(PerRuntime::new(url, &options)?),
            #[allow(unreachable_patterns, reason = "reached when a driver is not compiled in")]
            Some(known) => {
                return Err(Error::bad_request(format!(
                    "support for {known} is not compiled in; enable its cargo feature"
                )));
            }
            None => {
                return Err(Error::bad_request(
                    "the database URL has to start with `sqlite:` or `postgres:`, such as sqlite://app.db",
                ));
            }
        };
        let db = Self(Arc::new(Inner { options, pools }));
        db.acquire(Plans::Cached, true).await?;
        Ok(db)
    }

    /// Which database it is.
    #[must_use]
    pub fn backend(&self) -> Backend {
        match &self.0.pools {
            #[cfg(feature = "sqlite")]
            Pools::Sqlite(_) => Backend::Sqlite,
            #[cfg(feature = "postgres")]
            Pools::Postgres(_) => Backend::Postgres,
        }
    }

    /// A read-only connection of its own: for reads outside any operation.
    ///
    /// # Errors
    /// [`ErrorKind::Unavailable`] when no connection becomes free in time.
    pub async fn read(&self) -> Result<Conn> {
        self.acquire(Plans::Cached, false).await
    }

    /// A write transaction of its own, for set-up and tests; end it with [`Tx::commit`]. Operations get theirs from the
    /// pipeline.
    ///
    /// # Errors
    /// [`ErrorKind::Unavailable`] when no connection becomes free in time.
    pub async fn begin(&self) -> Result<Tx> {
        self.begin_with(Plans::Cached, None, Lock::default()).await
    }

    /// A connection that writes, outside a transaction: for migrations.
    pub(crate) async fn writer(&self) -> Result<Conn> {
        let driver = match &self.0.pools {
            #[cfg(feature = "sqlite")]
            Pools::Sqlite(pair) => Driver::Sqlite(Held::idle(pair.write.acquire().await.map_err(db_error)?)),
            #[cfg(feature = "postgres")]
            Pools::Postgres(all) => Driver::Postgres(Held::idle(
                all.here(&self.0.options)
                    .write
                    .acquire()
                    .await
                    .map_err(db_error)?,
            )),
        };
        Ok(Conn::new(driver, Plans::Cached))
    }

    /// Closes every connection; waits for those that are in use.
    pub async fn close(&self) {
        match &self.0.pools {
            #[cfg(feature = "sqlite")]
            Pools::Sqlite(pair) => {
                pair.read.close().await;
                pair.write.close().await;
            }
            #[cfg(feature = "postgres")]
            Pools::Postgres(all) => {
                if let Some(pair) = all.existing() {
                    pair.read.close().await;
                    pair.write.close().await;
                }
            }
        }
    }

    pub(crate) async fn acquire(&self, plans: Plans, tested: bool) -> Result<Conn> {
        // After a restart of the server every idle connection is dead, so a tested acquire goes on until one lives.
        for _ in 0..=self.0.options.max_connections {
            let driver = match &self.0.pools {
                #[cfg(feature = "sqlite")]
                Pools::Sqlite(pair) => {
                    Driver::Sqlite(Held::idle(pair.read.acquire().await.map_err(db_error)?))
                }
                #[cfg(feature = "postgres")]
                Pools::Postgres(all) => Driver::Postgres(Held::idle(
                    all.here(&self.0.options).read.acquire().await.map_err(db_error)?,
                )),
            };
            let mut conn = Conn::new(driver, plans);
            if !tested || conn.is_alive().await {
                return Ok(conn);
            }
            conn.discard();
        }
        Err(Error::new(
            ErrorKind::Unavailable,
            "unavailable",
            "the database cannot be reached; try again",
        ))
    }

    pub(crate) async fn begin_with(
        &self,
        plans: Plans,
        deadline: Option<Duration>,
        lock: Lock,
    ) -> Result<Tx> {
        let mut last = None;
        // BEGIN is the first thing that shows a connection to be dead, and nothing has happened yet: take another.
        for _ in 0..=self.0.options.max_connections {
            let begun = match &self.0.pools {
                #[cfg(feature = "sqlite")]
                Pools::Sqlite(pair) => {
                    // SQLite knows no deadline of a statement; the pipeline's own still holds.
                    let _ = deadline;
                    let connection = pair.write.acquire().await.map_err(db_error)?;
                    Held::begin(connection, Cow::Borrowed("BEGIN IMMEDIATE"))
                        .await
                        .map(Driver::Sqlite)
                }
                #[cfg(feature = "postgres")]
                Pools::Postgres(all) => {
                    let connection = all
                        .here(&self.0.options)
                        .write
                        .acquire()
                        .await
                        .map_err(db_error)?;
                    Held::begin(connection, begin_postgres(deadline))
                        .await
                        .map(Driver::Postgres)
                }
            };
            match begun {
                Ok(driver) => return Ok(Tx::new(Conn::new(driver, plans), lock)),
                Err(error) if error.code() == "connection_lost" => last = Some(error),
                Err(error) => return Err(error),
            }
        }
        Err(last.unwrap_or_else(|| {
            Error::new(
                ErrorKind::Unavailable,
                "unavailable",
                "the database cannot be reached",
            )
        }))
    }
}

impl fmt::Debug for Db {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Db")
            .field("backend", &self.backend())
            .finish_non_exhaustive()
    }
}

/// BEGIN and a deadline of the operation's own in one round trip.
#[cfg(feature = "postgres")]
fn begin_postgres(deadline: Option<Duration>) -> Cow<'static, str> {
    match deadline {
        None => Cow::Borrowed("BEGIN"),
        Some(span) => format!("BEGIN; SET LOCAL statement_timeout = {}", span.as_millis().max(1)).into(),
    }
}

/// One writer, because SQLite has one write lock: waiting for it in the pool is fair, waiting in the database is not.
#[cfg(feature = "sqlite")]
async fn sqlite(url: &str, options: &DbOptions) -> Result<Pair<sqlx::Sqlite>> {
    use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
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
    let pool = |connections: u32| {
        SqlitePoolOptions::new()
            .max_connections(connections)
            .acquire_timeout(options.acquire_timeout)
            .test_before_acquire(false)
            .idle_timeout(None)
            .max_lifetime(None)
    };
    let write = pool(1).connect_with(connect.clone()).await.map_err(db_error)?;
    let readers = options.max_connections.saturating_sub(1).clamp(1, 8);
    let read = pool(readers).connect_lazy_with(connect.pragma("query_only", "ON"));
    Ok(Pair { write, read })
}

#[cfg(feature = "postgres")]
impl PerRuntime {
    fn new(url: &str, options: &DbOptions) -> Result<Self> {
        let connect = sqlx::postgres::PgConnectOptions::from_str(url)
            .map_err(|_| {
                Error::bad_request("the PostgreSQL URL cannot be read; write postgres://user@host/database")
            })?
            .disable_statement_logging()
            .options([(
                "statement_timeout",
                options.statement_timeout.as_millis().to_string(),
            )]);
        Ok(Self {
            connect,
            pools: std::sync::RwLock::default(),
        })
    }

    /// The pools of the runtime that this is called on, if it has any.
    fn existing(&self) -> Option<Pair<sqlx::Postgres>> {
        let here = tokio::runtime::Handle::current().id();
        let pools = self
            .pools
            .read()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        pools
            .iter()
            .find(|(runtime, _)| *runtime == here)
            .map(|(_, pair)| pair.clone())
    }

    /// The pools of the runtime that this is called on.
    fn here(&self, options: &DbOptions) -> Pair<sqlx::Postgres> {
        if let Some(pair) = self.existing() {
            return pair;
        }
        let here = tokio::runtime::Handle::current().id();
        let mut pools = self
            .pools
            .write()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        let workers = std::thread::available_parallelism().map_or(1, |n| u32::try_from(n.get()).unwrap_or(1));
        let share = (options.max_connections / (2 * workers)).max(1);
        let pool = || {
            sqlx::postgres::PgPoolOptions::new()
                .max_connections(share)
                .acquire_timeout(options.acquire_timeout)
                .test_before_acquire(false)
                .max_lifetime(Duration::from_secs(30 * 60))
        };
        let pair = Pair {
            write: pool().connect_lazy_with(self.connect.clone()),
            read: pool().connect_lazy_with(
                self.connect
                    .clone()
                    .options([("default_transaction_read_only", "on")]),
            ),
        };
        pools.push((here, pair.clone()));
        pair
    }
}
