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

/// What a server may be set to otherwise, and an idle connection that lives as long as we use one.
const DEFAULTS: &str = "SET autocommit = 1, completion_type = 'NO_CHAIN', sql_auto_is_null = 0, foreign_key_checks = 1, unique_checks = 1, wait_timeout = 7200";

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
pub(super) const MIGRATING: &str =
    "SELECT CAST(COALESCE(GET_LOCK(LEFT(CONCAT('diptych.', DATABASE()), 64), 86400), 0) AS SIGNED)";

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
    matches!(number(error), Some(1020 | 1205 | 1206 | 1213 | 3101))
}

/// Words that statements begin with which commit by themselves, or end a transaction (MySQL, 15.3.3).
const ENDING: [&str; 18] = [
    "ALTER", "ANALYZE", "BEGIN", "COMMIT", "CREATE", "DROP", "FLUSH", "GRANT", "LOCK", "OPTIMIZE", "RENAME", "REPAIR",
    "RESET", "REVOKE", "ROLLBACK", "START", "TRUNCATE", "UNLOCK",
];

/// Refuses a statement that would commit what a service has done so far, and let all behind it be in no transaction.
pub(super) fn refuse_ending(sql: &str) -> Result<()> {
    let mut words = sql.split_ascii_whitespace();
    let first = words.next().unwrap_or_default();
    let is_ending = ENDING.iter().any(|word| first.eq_ignore_ascii_case(word));
    // A temporary table is in no transaction.
    if is_ending && !words.next().is_some_and(|word| word.eq_ignore_ascii_case("TEMPORARY")) {
        return Err(Error::internal(format!(
            "a service sends {}, with which MySQL commits what was done so far; do it in a migration or when the server starts",
            first.to_ascii_uppercase()
        )));
    }
    Ok(())
}

/// What a statement behind such an error is told: it would be in no transaction.
pub(super) fn ended() -> Error {
    Error::internal(
        "the database ended the transaction with the error of an earlier statement, which was passed over; return that error",
    )
}

/// Whether a transaction is open: only then this is refused.
pub(super) async fn is_in_one(held: &mut Held<sqlx::MySql>) -> bool {
    held.sending();
    let refused = sqlx::raw_sql("SET TRANSACTION READ WRITE").execute(held.raw()).await;
    held.replied(&refused);
    refused.is_err_and(|error| number(&error) == Some(1568))
}

/// Whether the transaction is the one that was begun. Savepoints in it are gone then: it is asked before COMMIT.
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
        let session = format!(
            "{MODE}; {DEFAULTS}; {}; SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED, {access}",
            timeout(longest)
        );
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
        let name = format!("diptych.{}", uuid::Uuid::new_v4().simple());
        let sql = format!("{}; SELECT CONNECTION_ID(), GET_LOCK('{name}', 0)", means.session);
        let rows = sqlx::raw_sql(AssertSqlSafe(sql)).fetch_all(connection).await?;
        let row = rows.first().ok_or(sqlx::Error::RowNotFound)?;
        let thread = Thread { id: row.try_get_unchecked(0)?, name };
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
    let is_there = sqlx::query_scalar::<_, i64>("SELECT COUNT(*) FROM (SELECT 1) AS one WHERE IS_USED_LOCK(?) = ?");
    let is_there = is_there.bind(&*thread.name).bind(thread.id).fetch_one(held.raw()).await;
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

/// The thread of the server for a connection. Another server, or the same one started again, may have one with the same id, but not with
/// a lock of this name.
#[derive(Debug, Clone)]
pub(crate) struct Thread {
    id: u64,
    name: String,
}
