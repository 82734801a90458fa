//! PostgreSQL: how its connections are set up, how transactions begin, and how statements are ended.

use super::{
    DbOptions, Terms, db_error,
    held::Held,
    interrupt::Interrupt,
    served::{Access, Serve, Served},
    slots::Slots,
};
use diptych_spec::{Error, Isolation, Result};
use sqlx::{ConnectOptions, Connection as _, Row as _, postgres::PgConnectOptions};
use std::{borrow::Cow, str::FromStr, time::Duration};

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

pub(super) fn served(url: &str, options: &DbOptions) -> Result<Served<sqlx::Postgres>> {
    let connect = PgConnectOptions::from_str(url)
        .map_err(|_| Error::bad_request("the PostgreSQL URL cannot be read; write postgres://user@host/database"))?
        .disable_statement_logging()
        // "already exists, skipping" is nothing to tell at every start.
        .options([("client_min_messages", "warning")]);
    Ok(Served::new(connect, options))
}

impl Serve for sqlx::Postgres {
    fn options(base: &PgConnectOptions, longest: Duration, access: Access) -> PgConnectOptions {
        let options = base.clone().options([("statement_timeout", longest.as_millis().to_string())]);
        match access {
            Access::Write => options,
            Access::Read => options.options([("default_transaction_read_only", "on")]),
        }
    }

    fn means(keep: Option<&Slots<Self>>, _: Duration, _: Access) -> Self::Means {
        keep.cloned()
    }
}

impl Interrupt for sqlx::Postgres {
    /// The connection that is never lent to an operation: its own statements are short, and end by themselves.
    type Means = Option<Slots<Self>>;
    type Reach = Process;

    /// In one round trip.
    async fn reach(connection: &mut sqlx::PgConnection, means: &Self::Means) -> sqlx::Result<Option<Process>> {
        if means.is_none() {
            return Ok(None);
        }
        let sql = "SELECT pid, (EXTRACT(EPOCH FROM backend_start) * 1000000)::BIGINT FROM pg_stat_get_activity(pg_backend_pid())";
        let found = async {
            let row = sqlx::raw_sql(sql).fetch_one(connection).await.ok()?;
            Some(Process { id: row.try_get(0).ok()?, since: row.try_get(1).ok()? })
        };
        Ok(found.await)
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
