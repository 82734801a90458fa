//! MySQL and MariaDB: how their connections are set up, how transactions begin, and how statements are ended.
//!
//! Both speak one protocol, and every statement here is one that both take (ADR 0041). What only one of them has is in a comment
//! that only it reads: `/*M! … */` is MariaDB's, `/*!80000 … */` is that of MySQL 8.

use super::{
    DbOptions, Terms, db_error,
    held::Held,
    interrupt::Interrupt,
    served::{Access, Serve, Served},
    slots::Slots,
};
use diptych_spec::{Error, Isolation, Result};
use futures_util::FutureExt as _;
use sqlx::{AssertSqlSafe, ConnectOptions, Row as _, mysql::MySqlConnectOptions, mysql::MySqlDatabaseError};
use std::{borrow::Cow, str::FromStr, time::Duration};

/// SQL means what it means on the other databases, whatever the server is set to: `"` quotes names, `||` joins texts, a backslash is
/// a backslash, and what does not fit is refused.
const MODE: &str = "SET sql_mode = 'ANSI_QUOTES,PIPES_AS_CONCAT,NO_BACKSLASH_ESCAPES,STRICT_ALL_TABLES,ERROR_FOR_DIVISION_BY_ZERO,NO_ZERO_DATE,NO_ZERO_IN_DATE,NO_ENGINE_SUBSTITUTION'";

/// Set at the begin of a transaction, and gone when the database ended it: by a deadlock, or because a statement commits by itself.
const BEGUN: &str = "diptych_begun";

/// The transaction begins, with its isolation level and how long a statement in it may run, in one round trip. Both are always said:
/// the defaults may be others, and the one before may have said something else.
pub(super) fn begin(terms: Terms, longest: Duration) -> Cow<'static, str> {
    let level = match terms.isolation {
        Isolation::RepeatableRead => "REPEATABLE READ",
        Isolation::Serializable => "SERIALIZABLE",
        _ => "READ COMMITTED",
    };
    let longest = timeout(terms.deadline.unwrap_or(longest));
    format!("{longest}; SET TRANSACTION ISOLATION LEVEL {level}, READ WRITE; START TRANSACTION; SAVEPOINT {BEGUN}")
        .into()
}

/// A transaction begins in which everything is read from one snapshot.
pub(super) const SNAPSHOT: &str =
    "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY; START TRANSACTION WITH CONSISTENT SNAPSHOT";

/// The same for reading a whole list, which may take longer than any other statement.
pub(super) fn stream(longest: Duration) -> Cow<'static, str> {
    format!("{}; {SNAPSHOT}", timeout(longest)).into()
}

/// How long statements may run from here on. MySQL holds it for those that read.
fn timeout(longest: Duration) -> String {
    let millis = longest.as_millis().clamp(1, i32::MAX as u128);
    let (seconds, rest) = (millis / 1000, millis % 1000);
    format!("SET /*M! max_statement_time = {seconds}.{rest:03} *//*!80000 max_execution_time = {millis} */")
}

/// Lets statements of this connection run as long as they take.
pub(super) const NO_TIMEOUT: &str = "SET /*M! max_statement_time = 0 *//*!80000 max_execution_time = 0 */";

/// Lets one process migrate a database at a time.
pub(super) const MIGRATING: &str = "SELECT GET_LOCK(LEFT(CONCAT('diptych.', DATABASE()), 64), 86400)";

pub(super) fn served(url: &str, options: &DbOptions) -> Result<Served<sqlx::MySql>> {
    let connect = MySqlConnectOptions::from_str(url)
        .map_err(|_| Error::bad_request("the MySQL URL cannot be read; write mysql://user@host/database"))?
        .disable_statement_logging()
        // Ours is all of it.
        .pipes_as_concat(false)
        .no_engine_substitution(false);
    Ok(Served::new(connect, options))
}

/// Whether the database has ended the transaction with this error, or may have: after a deadlock it has, and after having waited too long
/// for a lock where it is set up so.
pub(super) fn has_ended(error: &sqlx::Error) -> bool {
    matches!(number(error), Some(1205 | 1213 | 1020))
}

/// What a statement behind such an error is told: it would be in no transaction.
pub(super) fn ended() -> Error {
    Error::internal(
        "the database ended the transaction with the error of an earlier statement, which was passed over; return that error",
    )
}

/// Whether the transaction is the one that was begun.
pub(super) async fn is_open(held: &mut Held<sqlx::MySql>) -> bool {
    held.sending();
    let sql = AssertSqlSafe(format!("RELEASE SAVEPOINT {BEGUN}"));
    let released = sqlx::raw_sql(sql).execute(held.raw()).await;
    held.replied(&released);
    released.is_ok()
}

/// The number of an error, which says more than its SQLSTATE.
pub(super) fn number(error: &sqlx::Error) -> Option<u16> {
    Some(error.as_database_error()?.try_downcast_ref::<MySqlDatabaseError>()?.number())
}

impl Serve for sqlx::MySql {
    fn options(base: &MySqlConnectOptions, _: Duration, _: Access) -> MySqlConnectOptions {
        base.clone()
    }

    fn means(keep: Option<&Slots<Self>>, longest: Duration, access: Access) -> Means {
        let access = match access {
            Access::Write => "READ WRITE",
            Access::Read => "READ ONLY",
        };
        let session =
            format!("{MODE}; {}; SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED, {access}", timeout(longest));
        Means { session, keep: keep.cloned() }
    }
}

/// How sessions are set up, and the connection that is never lent to an operation.
pub(crate) struct Means {
    session: String,
    keep: Option<Slots<sqlx::MySql>>,
}

impl Interrupt for sqlx::MySql {
    type Means = Means;
    type Reach = Thread;

    /// Sets the session up, and finds out which it is, in one round trip.
    async fn reach(connection: &mut sqlx::MySqlConnection, means: &Means) -> sqlx::Result<Option<Thread>> {
        let sql = format!("{}; SELECT CONNECTION_ID(), @@hostname", means.session);
        let rows = sqlx::raw_sql(AssertSqlSafe(sql)).fetch_all(connection).await?;
        let row = rows.first().ok_or(sqlx::Error::RowNotFound)?;
        let thread = Thread { id: row.try_get_unchecked(0)?, server: row.try_get_unchecked(1)? };
        Ok(means.keep.is_some().then_some(thread))
    }

    /// Ends the connection with the statement: sqlx has lost count of the answers of one that nobody waits for.
    async fn end(means: &Means, thread: &Thread) -> Result<()> {
        kill(means, thread).boxed().await
    }

    async fn resume(_: &mut sqlx::MySqlConnection, _: &Thread) -> sqlx::Result<()> {
        Err(sqlx::Error::Protocol("the connection was ended with its statement".to_owned()))
    }
}

async fn kill(means: &Means, thread: &Thread) -> Result<()> {
    let Some(slots) = &means.keep else { return Ok(()) };
    let mut held = Held::idle(slots.take().await?);
    held.sending();
    let is_there = sqlx::query_scalar::<_, i64>(
        "SELECT COUNT(*) FROM information_schema.processlist WHERE id = ? AND @@hostname = ?",
    );
    let is_there = is_there.bind(thread.id).bind(&*thread.server).fetch_one(held.raw()).await;
    held.replied(&is_there);
    if is_there.map_err(db_error)? == 0 {
        return Ok(());
    }
    held.sending();
    let ended = sqlx::raw_sql(AssertSqlSafe(format!("KILL {}", thread.id))).execute(held.raw()).await;
    held.replied(&ended);
    match ended {
        // It has ended by itself meanwhile.
        Err(error) if number(&error) == Some(1094) => Ok(()),
        ended => ended.map(drop).map_err(db_error),
    }
}

/// The thread of the server for a connection. After a failover, another server may have one with the same id.
#[derive(Debug, Clone)]
pub(crate) struct Thread {
    id: u64,
    server: String,
}
