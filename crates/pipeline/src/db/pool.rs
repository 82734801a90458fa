//! A database that is connected to: who gets a connection, and what is done with one that turns out to be dead.
//!
//! How each database's connections are set up and kept is in `sqlite.rs`, `postgres.rs` and `mysql.rs`.

#[cfg(any(feature = "postgres", feature = "mysql"))]
use super::served::Served;
use super::{AfterCommits, Backend, Conn, Tx, connection::Driver};
use diptych_spec::{Error, ErrorKind, Isolation, Lock, Result};
use std::{fmt, sync::Arc, time::Duration};
use tokio::sync::OwnedSemaphorePermit;

/// How the database is connected to.
#[derive(Debug, Clone)]
pub struct DbOptions {
    /// Connections of this process, over all HTTP workers; 32. Each worker gets its share, at least one for reading and
    /// one for writing.
    pub max_connections: u32,
    /// How long a call waits for a free connection; 10 seconds. Then it is answered with 503.
    pub acquire_timeout: Duration,
    /// The longest a statement may run before PostgreSQL or MySQL itself ends it; 30 seconds. An engine raises it to the longest
    /// deadline that one of its operations declares; a service's own deadline holds in the database too.
    pub statement_timeout: Duration,
    /// How long a call on SQLite waits for the write lock while another program holds it; 5 seconds. Then it is answered with 503,
    /// or tried again where the service declares `.retry(…)`. Calls of this program wait for each other without it.
    pub busy_timeout: Duration,
    /// The HTTP workers that share the connections; one for each processor.
    pub workers: Option<usize>,
    /// How long what was left to be done with [`Tx::after_commit`] may take; 30 seconds.
    pub after_commit_deadline: Duration,
}

impl Default for DbOptions {
    fn default() -> Self {
        Self {
            max_connections: 32,
            acquire_timeout: Duration::from_secs(10),
            statement_timeout: Duration::from_secs(30),
            busy_timeout: Duration::from_secs(5),
            workers: None,
            after_commit_deadline: Duration::from_secs(30),
        }
    }
}

/// Between two tries to reach a server that is just starting.
const RETRY_PAUSE: Duration = Duration::from_millis(200);

/// Whether statements may be run from cached plans.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Plans {
    Cached,
    /// After DDL changed the result type of a cached plan.
    Fresh,
}

/// How a transaction is opened.
#[derive(Debug, Clone, Copy)]
#[cfg_attr(not(any(feature = "postgres", feature = "mysql")), allow(dead_code, reason = "SQLite has one way"))]
pub(crate) struct Terms {
    pub(crate) plans: Plans,
    /// How long a statement in it may run, where that is said.
    pub(crate) deadline: Option<Duration>,
    pub(crate) isolation: Isolation,
    /// How a target is locked.
    pub(crate) lock: Lock,
    /// Whether it is the author's, who may change tables in it.
    pub(crate) own: bool,
}

/// A database, connected. Cheap to clone.
#[derive(Clone)]
pub struct Db(Arc<Inner>);

struct Inner {
    options: DbOptions,
    pools: Pools,
    after: AfterCommits,
}

#[allow(clippy::large_enum_variant, reason = "there is one per database, and it is never moved")]
enum Pools {
    #[cfg(feature = "sqlite")]
    Sqlite(super::sqlite::Sqlite),
    #[cfg(feature = "postgres")]
    Postgres(Served<sqlx::Postgres>),
    #[cfg(feature = "mysql")]
    MySql(Served<sqlx::MySql>),
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
            Some(Backend::Sqlite) => Pools::Sqlite(super::sqlite::Sqlite::new(url, &options)?),
            #[cfg(feature = "postgres")]
            Some(Backend::Postgres) => Pools::Postgres(super::postgres::served(url, &options)?),
            #[cfg(feature = "mysql")]
            Some(Backend::MySql) => Pools::MySql(super::mysql::served(url, &options)?),
            #[allow(unreachable_patterns, reason = "reached when a driver is not compiled in")]
            Some(known) => {
                return Err(Error::bad_request(format!(
                    "support for {known} is not compiled in; enable its cargo feature"
                )));
            }
            None => {
                return Err(Error::bad_request(
                    "the database URL has to start with `sqlite:`, `postgres:` or `mysql:`, such as sqlite://app.db",
                ));
            }
        };
        let after = AfterCommits::new(options.after_commit_deadline);
        let db = Self(Arc::new(Inner { options, pools, after }));
        db.wait_until_there().await?;
        Ok(db)
    }

    /// Opens the first connection, which writes: it creates a SQLite file. A server that is just starting is waited for.
    async fn wait_until_there(&self) -> Result<()> {
        let until = tokio::time::Instant::now() + self.0.options.acquire_timeout;
        loop {
            match self.writer().await {
                Err(error) if error.code() == "connection_lost" && tokio::time::Instant::now() < until => {
                    tokio::time::sleep(RETRY_PAUSE).await;
                }
                done => return done.map(drop),
            }
        }
    }

    /// Which database it is.
    #[must_use]
    pub fn backend(&self) -> Backend {
        match &self.0.pools {
            #[cfg(feature = "sqlite")]
            Pools::Sqlite(_) => Backend::Sqlite,
            #[cfg(feature = "postgres")]
            Pools::Postgres(_) => Backend::Postgres,
            #[cfg(feature = "mysql")]
            Pools::MySql(_) => Backend::MySql,
        }
    }

    /// Lets statements run at least this long.
    pub(crate) fn allow_statements_of(&self, longest: Duration) {
        match &self.0.pools {
            #[cfg(feature = "sqlite")]
            Pools::Sqlite(_) => {
                let _ = longest;
            }
            #[cfg(feature = "postgres")]
            Pools::Postgres(postgres) => postgres.allow_statements_of(longest),
            #[cfg(feature = "mysql")]
            Pools::MySql(mysql) => mysql.allow_statements_of(longest),
        }
    }

    /// A read-only connection of its own: for reads outside any operation.
    ///
    /// # Errors
    /// [`ErrorKind::Unavailable`] when no connection becomes free in time.
    pub async fn read(&self) -> Result<Conn> {
        self.acquire(Plans::Cached, false).await
    }

    /// A read-only connection on which everything is read from one snapshot; end it with [`Conn::end_reading`].
    pub(crate) async fn snapshot(&self, plans: Plans, tested: bool) -> Result<Conn> {
        let conn = self.acquire(plans, tested).await?;
        let driver = match conn.driver {
            // The snapshot is taken by the first statement that reads.
            #[cfg(feature = "sqlite")]
            Driver::Sqlite(held) => held.begin("BEGIN DEFERRED".into()).await.map(Driver::Sqlite),
            #[cfg(feature = "postgres")]
            Driver::Postgres(held) => {
                held.begin("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY".into()).await.map(Driver::Postgres)
            }
            #[cfg(feature = "mysql")]
            Driver::MySql(held) => held.begin(super::mysql::SNAPSHOT.into()).await.map(Driver::MySql),
        };
        driver.map(Conn::new)
    }

    /// A read-only connection in a transaction, for what is to be gone with it, as `SET LOCAL` is; end it with [`Conn::end_reading`].
    /// On others there is no such thing, and no transaction.
    pub(crate) async fn bracket(&self, plans: Plans, tested: bool) -> Result<Conn> {
        let conn = self.acquire(plans, tested).await?;
        let driver = match conn.driver {
            #[cfg(feature = "sqlite")]
            Driver::Sqlite(held) => Driver::Sqlite(held),
            #[cfg(feature = "postgres")]
            Driver::Postgres(held) => {
                Driver::Postgres(held.begin("BEGIN ISOLATION LEVEL READ COMMITTED READ ONLY".into()).await?)
            }
            #[cfg(feature = "mysql")]
            Driver::MySql(held) => Driver::MySql(held),
        };
        Ok(Conn::new(driver))
    }

    /// A read-only connection on which everything is read from one snapshot, for as long as this; end it with [`Conn::end_stream`]. It
    /// is opened for this alone, so that what takes long keeps nothing from others, and has its place until it is closed.
    pub(crate) async fn stream(&self, place: OwnedSemaphorePermit, longest: Duration) -> Result<Conn> {
        let driver = match &self.0.pools {
            #[cfg(feature = "sqlite")]
            Pools::Sqlite(sqlite) => {
                let _ = longest;
                sqlite.streamer(place).await?.begin("BEGIN DEFERRED".into()).await.map(Driver::Sqlite)
            }
            #[cfg(feature = "postgres")]
            Pools::Postgres(postgres) => {
                postgres.streamer(place).await?.begin(super::postgres::stream(longest)).await.map(Driver::Postgres)
            }
            #[cfg(feature = "mysql")]
            Pools::MySql(mysql) => {
                mysql.streamer(place).await?.begin(super::mysql::stream(longest)).await.map(Driver::MySql)
            }
        };
        driver.map(Conn::new)
    }

    /// A write transaction of its own, for set-up and tests; end it with [`Tx::commit`]. Operations get theirs from the
    /// pipeline.
    ///
    /// # Errors
    /// [`ErrorKind::Unavailable`] when no connection becomes free in time.
    pub async fn begin(&self) -> Result<Tx> {
        let (isolation, lock) = (Isolation::default(), Lock::default());
        self.begin_with(Terms { plans: Plans::Cached, deadline: None, isolation, lock, own: true }).await
    }

    /// How long a statement may run where nothing else is said.
    #[cfg(feature = "mysql")]
    fn statement_timeout(&self) -> Duration {
        match &self.0.pools {
            Pools::MySql(mysql) => mysql.statement_timeout(),
            #[allow(unreachable_patterns, reason = "the only driver that is compiled in")]
            _ => self.0.options.statement_timeout,
        }
    }

    /// What transactions have left to be done.
    pub(crate) fn after_commits(&self) -> &AfterCommits {
        &self.0.after
    }

    /// Closes every idle connection, and lets nobody take one any more; what is in use is closed when it comes back.
    pub async fn close(&self) {
        match &self.0.pools {
            #[cfg(feature = "sqlite")]
            Pools::Sqlite(sqlite) => sqlite.close().await,
            #[cfg(feature = "postgres")]
            Pools::Postgres(postgres) => postgres.close().await,
            #[cfg(feature = "mysql")]
            Pools::MySql(mysql) => mysql.close().await,
        }
    }

    /// A connection that writes, outside a transaction: for migrations.
    pub(crate) async fn writer(&self) -> Result<Conn> {
        let driver = match &self.0.pools {
            #[cfg(feature = "sqlite")]
            Pools::Sqlite(sqlite) => Driver::Sqlite(sqlite.writer().await?),
            #[cfg(feature = "postgres")]
            Pools::Postgres(postgres) => Driver::Postgres(postgres.writer().await?),
            #[cfg(feature = "mysql")]
            Pools::MySql(mysql) => Driver::MySql(mysql.writer().await?),
        };
        Ok(Conn::new(driver))
    }

    /// A connection that writes and that no operation ever holds, so that it is free while operations wait for theirs. On
    /// SQLite there is only one that writes.
    pub(crate) async fn keeper(&self) -> Result<Conn> {
        let driver = match &self.0.pools {
            #[cfg(feature = "sqlite")]
            Pools::Sqlite(sqlite) => Driver::Sqlite(sqlite.writer().await?),
            #[cfg(feature = "postgres")]
            Pools::Postgres(postgres) => Driver::Postgres(postgres.keeper().await?),
            #[cfg(feature = "mysql")]
            Pools::MySql(mysql) => Driver::MySql(mysql.keeper().await?),
        };
        Ok(Conn::new(driver))
    }

    /// How many operations can run at once on one runtime, as far as connections go.
    pub(crate) fn places(&self) -> usize {
        match &self.0.pools {
            #[cfg(feature = "sqlite")]
            Pools::Sqlite(_) => usize::MAX,
            #[cfg(feature = "postgres")]
            Pools::Postgres(postgres) => postgres.places(),
            #[cfg(feature = "mysql")]
            Pools::MySql(mysql) => mysql.places(),
        }
    }

    pub(crate) async fn acquire(&self, plans: Plans, tested: bool) -> Result<Conn> {
        // After a restart of the server every idle connection is dead, so a tested acquire goes on until one lives.
        for _ in 0..=self.0.options.max_connections {
            let driver = match &self.0.pools {
                #[cfg(feature = "sqlite")]
                Pools::Sqlite(sqlite) => Driver::Sqlite(sqlite.reader().await?),
                #[cfg(feature = "postgres")]
                Pools::Postgres(postgres) => Driver::Postgres(postgres.reader().await?),
                #[cfg(feature = "mysql")]
                Pools::MySql(mysql) => Driver::MySql(mysql.reader().await?),
            };
            let mut conn = Conn::new(driver);
            if (tested && !conn.is_alive().await) || (plans == Plans::Fresh && conn.forget_plans().await.is_err()) {
                conn.discard();
                continue;
            }
            return Ok(conn);
        }
        Err(Error::new(ErrorKind::Unavailable, "unavailable", "the database cannot be reached; try again"))
    }

    pub(crate) async fn begin_with(&self, terms: Terms) -> Result<Tx> {
        let mut last = None;
        // BEGIN is the first thing that shows a connection to be dead, and nothing has happened yet: take another.
        for _ in 0..=self.0.options.max_connections {
            let mut conn = self.writer().await?;
            if terms.plans == Plans::Fresh && conn.forget_plans().await.is_err() {
                conn.discard();
                continue;
            }
            let begun = match conn.driver {
                #[cfg(feature = "sqlite")]
                // SQLite knows no deadline of a statement, and one isolation level: that of a single writer.
                Driver::Sqlite(held) => held.begin(super::sqlite::BEGIN.into()).await.map(Driver::Sqlite),
                #[cfg(feature = "postgres")]
                Driver::Postgres(held) => held.begin(super::postgres::begin(terms)).await.map(Driver::Postgres),
                #[cfg(feature = "mysql")]
                Driver::MySql(held) => {
                    let longest = self.statement_timeout();
                    held.begin(super::mysql::begin(terms, longest)).await.map(Driver::MySql)
                }
            };
            match begun {
                Ok(driver) => {
                    let conn = Conn { guarded: !terms.own, ..Conn::new(driver) };
                    return Ok(Tx::new(conn, terms.lock, self.0.after.clone()));
                }
                Err(error) if error.code() == "connection_lost" => last = Some(error),
                Err(error) => return Err(error),
            }
        }
        Err(last.unwrap_or_else(|| Error::new(ErrorKind::Unavailable, "unavailable", "the database cannot be reached")))
    }
}

impl fmt::Debug for Db {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Db").field("backend", &self.backend()).finish_non_exhaustive()
    }
}
