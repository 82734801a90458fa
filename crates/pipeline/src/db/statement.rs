//! Statements: SQL written with `$1`, and the values bound to it.

use super::{Backend, Cell, Column, Conn, Record, Row, connection::Driver, db_error, encode, record::AnyRow};
#[cfg(feature = "mysql")]
use super::{mysql, placeholders};
use crate::trace;
use diptych_spec::{Error, IntoValue, Lock, Result, Value};
use futures_util::{FutureExt as _, Stream, TryStreamExt as _};
use sqlx::{AssertSqlSafe, SqlSafeStr};
use std::{borrow::Cow, fmt, marker::PhantomData, pin::pin};
use tracing::Instrument as _;

/// A statement that gives no rows. Run it with [`Query::execute`].
#[must_use = "a query does nothing until it is executed"]
#[derive(Debug)]
pub struct Query(Statement);

/// A statement that gives rows of `T`.
#[must_use = "a query does nothing until it is executed"]
pub struct QueryAs<T>(Statement, PhantomData<fn() -> T>);

/// A statement that gives rows of one column.
#[must_use = "a query does nothing until it is executed"]
pub struct QueryScalar<T>(Statement, PhantomData<fn() -> T>);

/// An INSERT, UPDATE, DELETE or the like. Parameters are written `$1`, `$2`, … on every database.
pub fn query(sql: &'static str) -> Query {
    Query(Statement::new(sql))
}

/// A SELECT whose rows are read as `T`, by column name.
pub fn query_as<T: Record>(sql: &'static str) -> QueryAs<T> {
    QueryAs(Statement::new(sql), PhantomData)
}

/// A SELECT of one column.
pub fn query_scalar<T: Column>(sql: &'static str) -> QueryScalar<T> {
    QueryScalar(Statement::new(sql), PhantomData)
}

impl Query {
    /// Binds the next parameter.
    pub fn bind(mut self, value: impl IntoValue) -> Self {
        self.0.values.push(value.into_value());
        self
    }

    /// Runs it; gives the number of rows that were changed.
    ///
    /// # Errors
    /// Conflict for a broken unique or foreign key, invalid for a broken check, unavailable when the database is out of
    /// reach.
    pub async fn execute(self, conn: &mut Conn) -> Result<u64> {
        self.0.execute(conn).await
    }
}

impl<T: Record> QueryAs<T> {
    /// Binds the next parameter.
    pub fn bind(mut self, value: impl IntoValue) -> Self {
        self.0.values.push(value.into_value());
        self
    }

    /// All rows.
    ///
    /// # Errors
    /// As [`Query::execute`].
    pub async fn all(self, conn: &mut Conn) -> Result<Vec<T>> {
        let mut places = None;
        self.0
            .fetch(conn, Rows::All, |row| {
                let places = match &mut places {
                    Some(places) => places,
                    empty => empty.insert(row.places::<T>()?),
                };
                T::from_row(&Row { row, places, left_out: &[] })
            })
            .await
    }

    /// The first row, if there is one.
    ///
    /// # Errors
    /// As [`Query::execute`].
    pub async fn optional(self, conn: &mut Conn) -> Result<Option<T>> {
        let rows = self
            .0
            .fetch(conn, Rows::First, |row| T::from_row(&Row { row, places: &row.places::<T>()?, left_out: &[] }))
            .await?;
        Ok(rows.into_iter().next())
    }

    /// The first row; not found when there is none.
    ///
    /// # Errors
    /// As [`Query::execute`], and not found.
    pub async fn one(self, conn: &mut Conn) -> Result<T> {
        self.optional(conn).await?.ok_or_else(|| Error::not_found("there is no such row"))
    }
}

impl<T: Column + Send> QueryScalar<T> {
    /// Binds the next parameter.
    pub fn bind(mut self, value: impl IntoValue) -> Self {
        self.0.values.push(value.into_value());
        self
    }

    /// All rows.
    ///
    /// # Errors
    /// As [`Query::execute`].
    pub async fn all(self, conn: &mut Conn) -> Result<Vec<T>> {
        self.0.fetch(conn, Rows::All, |row| T::decode(&Cell { row, ordinal: 0 })).await
    }

    /// The first row, if there is one.
    ///
    /// # Errors
    /// As [`Query::execute`].
    pub async fn optional(self, conn: &mut Conn) -> Result<Option<T>> {
        let rows = self.0.fetch(conn, Rows::First, |row| T::decode(&Cell { row, ordinal: 0 })).await?;
        Ok(rows.into_iter().next())
    }

    /// The first row; not found when there is none.
    ///
    /// # Errors
    /// As [`Query::execute`], and not found.
    pub async fn one(self, conn: &mut Conn) -> Result<T> {
        self.optional(conn).await?.ok_or_else(|| Error::not_found("there is no such row"))
    }
}

impl<T> fmt::Debug for QueryAs<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("QueryAs").field(&self.0.sql).finish()
    }
}

impl<T> fmt::Debug for QueryScalar<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("QueryScalar").field(&self.0.sql).finish()
    }
}

/// SQL and its parameters.
#[derive(Debug, Clone)]
pub(crate) struct Statement {
    pub(crate) sql: Cow<'static, str>,
    pub(crate) values: Vec<Value>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rows {
    All,
    First,
}

/// SQL text that reaches a driver. Everything in it comes from source code: the author's `&'static str`, and the names
/// and operators of derives. This is the one place that says so to sqlx.
pub(super) fn audited(sql: Cow<'static, str>) -> sqlx::SqlStr {
    AssertSqlSafe(sql).into_sql_str()
}

/// Sends to whichever driver is inside, noting when a statement is under way and when it failed.
macro_rules! send {
    ($conn:expr, $sql:expr, $values:expr, |$query:ident, $raw:ident, $wrap:ident| $run:expr) => {{
        let sent = match &mut $conn.driver {
            #[cfg(feature = "sqlite")]
            Driver::Sqlite(held) => {
                let $query = sqlx::query_with(audited($sql), encode::sqlite($values)?);
                held.sending();
                let $raw = held.raw();
                #[allow(dead_code, reason = "only fetching wraps rows")]
                fn $wrap(row: &sqlx::sqlite::SqliteRow) -> AnyRow<'_> {
                    AnyRow::Sqlite(row)
                }
                let sent = $run;
                held.replied(&sent);
                sent
            }
            #[cfg(feature = "postgres")]
            Driver::Postgres(held) => {
                let $query = sqlx::query_with(audited($sql), encode::postgres($values)?);
                held.sending();
                let $raw = held.raw();
                #[allow(dead_code, reason = "only fetching wraps rows")]
                fn $wrap(row: &sqlx::postgres::PgRow) -> AnyRow<'_> {
                    AnyRow::Postgres(row)
                }
                let sent = $run;
                held.replied(&sent);
                $conn.failed |= sent.is_err();
                sent
            }
            #[cfg(feature = "mysql")]
            Driver::MySql(held) => {
                if $conn.failed {
                    return Err(mysql::ended());
                }
                if $conn.guarded {
                    mysql::refuse_ending(&$sql)?;
                }
                let Statement { sql, values } = placeholders::positional(Statement { sql: $sql, values: $values })?;
                let $query = sqlx::query_with(audited(sql), encode::mysql(values)?);
                held.sending();
                let $raw = held.raw();
                #[allow(dead_code, reason = "only fetching wraps rows")]
                fn $wrap(row: &sqlx::mysql::MySqlRow) -> AnyRow<'_> {
                    AnyRow::MySql(row)
                }
                let sent = $run;
                held.replied(&sent);
                $conn.failed |= held.is_in_transaction() && sent.as_ref().is_err_and(mysql::has_ended);
                sent
            }
        };
        sent.map_err(db_error)
    }};
}

impl Statement {
    pub(crate) fn new(sql: impl Into<Cow<'static, str>>) -> Self {
        Self { sql: sql.into(), values: Vec::new() }
    }

    pub(crate) async fn execute(self, conn: &mut Conn) -> Result<u64> {
        let span = trace::statement(conn.backend(), &self.sql);
        let sending = pin!(async {
            send!(conn, self.sql, self.values, |query, raw, wrap| {
                query.execute(raw).await.map(|done| done.rows_affected())
            })
        });
        sending.inspect(trace::failed).instrument(span).await
    }

    pub(crate) async fn fetch<T>(
        self,
        conn: &mut Conn,
        rows: Rows,
        mut read: impl FnMut(AnyRow<'_>) -> Result<T>,
    ) -> Result<Vec<T>> {
        let sql = locking(self.sql, conn);
        let span = trace::statement(conn.backend(), &sql);
        let drains = conn.backend() == Backend::MySql;
        let sending = pin!(async {
            let read_all: Result<Result<Vec<T>>> = send!(conn, sql, self.values, |query, raw, wrap| match rows {
                Rows::All => query.fetch_all(raw).await.map(|rows| rows.iter().map(|row| read(wrap(row))).collect()),
                Rows::First => {
                    let row = match drains {
                        true => first(query.fetch(raw)).await,
                        false => query.fetch_optional(raw).await,
                    };
                    row.map(|row| row.iter().map(|row| read(wrap(row))).collect())
                }
            });
            read_all?
        });
        sending.inspect(trace::failed).instrument(span).await
    }
}

/// The first of these rows, once all of them came: what is left would be the next statement's to read, and its errors, too.
async fn first<R>(rows: impl Stream<Item = sqlx::Result<R>>) -> sqlx::Result<Option<R>> {
    let mut rows = pin!(rows);
    let first = rows.try_next().await?;
    while rows.try_next().await?.is_some() {}
    Ok(first)
}

/// While a target is resolved, what is read is locked.
fn locking(sql: Cow<'static, str>, conn: &Conn) -> Cow<'static, str> {
    let clause = match (conn.backend(), conn.lock) {
        (Backend::Postgres | Backend::MySql, Lock::Update) => " FOR UPDATE",
        (Backend::Postgres, Lock::NoKeyUpdate) => " FOR NO KEY UPDATE",
        (Backend::Postgres, Lock::Share) => " FOR SHARE",
        // It knows no weaker lock for writing, and MariaDB has only these words for the other.
        (Backend::MySql, Lock::NoKeyUpdate) => " FOR UPDATE",
        (Backend::MySql, Lock::Share) => " LOCK IN SHARE MODE",
        _ => return sql,
    };
    format!("{sql}{clause}").into()
}

/// The same for a query that others are made around: MySQL does not lock what is inside, so that it has to say so itself.
pub(crate) fn locked_inside(base: Statement, conn: &Conn) -> Statement {
    match conn.backend() {
        Backend::MySql => Statement { sql: locking(base.sql, conn), values: base.values },
        _ => base,
    }
}
