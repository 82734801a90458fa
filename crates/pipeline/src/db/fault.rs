//! From a database error to an error a caller can act on. The database's own text stays here.

use diptych_spec::{Error, ErrorKind};
use sqlx::error::{DatabaseError, ErrorKind as Constraint};
use std::{error::Error as StdError, fmt};

/// Turns an error of sqlx into one that a service can return, by the kind of constraint that was broken.
///
/// Needed only with a concrete sqlx connection (`&mut PgConnection`); `query` and `query_as` do it themselves:
///
/// ```ignore
/// sqlx::query!("DELETE FROM invoices WHERE id = $1", id).execute(pg).await.map_err(diptych::db_error)?;
/// ```
#[must_use]
pub fn db_error(error: sqlx::Error) -> Error {
    let (kind, code, detail) = match &error {
        sqlx::Error::Database(database) => match number(&error).and_then(by_number) {
            Some(class) => class,
            None => classify(database.as_ref()),
        },
        sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed | sqlx::Error::WorkerCrashed => UNAVAILABLE,
        sqlx::Error::Io(_) | sqlx::Error::Tls(_) | sqlx::Error::BeginFailed => LOST,
        sqlx::Error::RowNotFound => (ErrorKind::NotFound, "not_found", "there is no such row"),
        _ => INTERNAL,
    };
    Error::new(kind, code, detail).with_source(Fault::of(&error))
}

/// Whether the connection is of no more use: it broke, or the server ended it (SQLSTATE classes 08 and 57P, and what MySQL
/// says when it ends one).
pub(super) fn is_lost(error: &sqlx::Error) -> bool {
    let code = error.as_database_error().and_then(|error| error.code());
    matches!(error, sqlx::Error::Io(_) | sqlx::Error::Tls(_) | sqlx::Error::Protocol(_) | sqlx::Error::WorkerCrashed)
        || code.is_some_and(|code| code.starts_with("57P") || code.starts_with("08"))
        || number(error).is_some_and(|number| LOST_NUMBERS.contains(&number))
}

/// Whether the same call can be tried again because nothing of it happened.
pub(crate) fn is_retryable(error: &Error) -> bool {
    error.kind() == ErrorKind::Unavailable && matches!(error.code(), "connection_lost" | "stale_plan")
}

/// Whether the database refused a call because of another that ran at the same time.
pub(crate) fn lost_a_race(error: &Error) -> bool {
    error.kind() == ErrorKind::Unavailable && error.code() == "serialization"
}

/// Whether a parameter is of a type that its column cannot be compared with (PostgreSQL, appendix A).
pub(crate) fn is_type_mismatch(error: &Error) -> bool {
    let fault = StdError::source(error).and_then(|source| source.downcast_ref::<Fault>());
    fault.is_some_and(|fault| matches!(fault.code.as_deref(), Some("42883" | "42804")))
}

type Class = (ErrorKind, &'static str, &'static str);

const UNAVAILABLE: Class = (ErrorKind::Unavailable, "unavailable", "the database is busy or out of reach; try again");
const LOST: Class = (ErrorKind::Unavailable, "connection_lost", "the database cannot be reached; try again");
const STALE: Class = (ErrorKind::Unavailable, "stale_plan", "the database's schema changed meanwhile; try again");
const SERIALIZATION: Class =
    (ErrorKind::Unavailable, "serialization", "another call was changing the same rows; try again");
const DEADLINE: Class = (ErrorKind::Deadline, "deadline", "the operation took longer than its deadline");
const CONSTRAINT: Class = (ErrorKind::Invalid, "constraint", "the database does not accept one of the values");
const INTERNAL: Class = (ErrorKind::Internal, "internal", "an unexpected error occurred");

fn classify(error: &dyn DatabaseError) -> Class {
    match error.kind() {
        Constraint::UniqueViolation => (ErrorKind::Conflict, "unique", "a row with the same key exists"),
        Constraint::ForeignKeyViolation => {
            (ErrorKind::Conflict, "foreign_key", "a row that this refers to does not exist, or is still referred to")
        }
        Constraint::NotNullViolation | Constraint::CheckViolation => CONSTRAINT,
        _ => by_code(error),
    }
}

/// SQLSTATE of PostgreSQL, extended result codes of SQLite.
fn by_code(error: &dyn DatabaseError) -> Class {
    let code = error.code();
    match code.as_deref().unwrap_or_default() {
        "0A000" if error.message().contains("cached plan must not change result type") => STALE,
        "40001" | "40P01" | "5" | "6" | "261" | "262" | "517" => SERIALIZATION,
        "57014" => DEADLINE,
        "57P01" | "57P02" | "57P03" | "08000" | "08003" | "08006" => LOST,
        "53300" | "53400" | "55P03" | "25P03" => UNAVAILABLE,
        // Too long, also for an index; out of range, also of dates; U+0000, which PostgreSQL keeps in no text and no JSON.
        "22001" | "22003" | "22008" | "22021" | "22P05" | "54000" | "1299" => CONSTRAINT,
        _ => INTERNAL,
    }
}

/// What MySQL says of a connection that it ends: killed, shut down, idle for too long.
const LOST_NUMBERS: [u16; 4] = [1053, 1927, 3169, 4031];

/// The number of an error of MySQL or MariaDB.
#[cfg(feature = "mysql")]
fn number(error: &sqlx::Error) -> Option<u16> {
    super::mysql::number(error)
}

#[cfg(not(feature = "mysql"))]
fn number(_: &sqlx::Error) -> Option<u16> {
    None
}

/// Error numbers of MySQL and MariaDB, whose SQLSTATE says less; `None` for those of which sqlx knows the kind.
fn by_number(number: u16) -> Option<Class> {
    Some(match number {
        // Waited for a lock, a deadlock, changed since it was read, locked with NOWAIT.
        1205 | 1213 | 1020 | 3101 | 3572 => SERIALIZATION,
        1615 => STALE,
        // Ended at its time, or from outside.
        1317 | 1969 | 3024 => DEADLINE,
        1040 | 1203 | 1206 | 1226 | 1461 => UNAVAILABLE,
        // Too long, also for an index; out of range; no such date; a text that its column cannot have; no JSON.
        1406 | 1071 | 1264 | 1292 | 1366 | 1411 | 1690 | 3140 | 3141 | 4025 | 1265 | 3819 => CONSTRAINT,
        _ if LOST_NUMBERS.contains(&number) => LOST,
        _ => return None,
    })
}

/// What the log may know of a database error: its code and what it names, never its text (which quotes values and SQL).
#[derive(Debug)]
struct Fault {
    what: &'static str,
    code: Option<String>,
    constraint: Option<String>,
    table: Option<String>,
}

impl Fault {
    fn of(error: &sqlx::Error) -> Self {
        let database = error.as_database_error();
        let what = match error {
            sqlx::Error::Database(_) => "the database refused the statement",
            sqlx::Error::PoolTimedOut => "no connection became free in time",
            sqlx::Error::PoolClosed => "the pool is closed",
            sqlx::Error::Io(_) => "the connection to the database broke",
            sqlx::Error::Tls(_) => "the TLS connection to the database failed",
            sqlx::Error::RowNotFound => "no row where one was expected",
            sqlx::Error::ColumnNotFound(_) => "the query does not return a column that the row type has",
            sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_) => {
                "a column's type in the database is not the one of the row type's field"
            }
            sqlx::Error::Encode(_) => "a parameter cannot be encoded",
            sqlx::Error::Protocol(_) => "the database broke the protocol",
            _ => "the database driver failed",
        };
        Self {
            what,
            code: match number(error) {
                Some(number) => Some(number.to_string()),
                None => database.and_then(|error| error.code()).map(|code| code.into_owned()),
            },
            constraint: database.and_then(|error| error.constraint()).map(str::to_owned),
            table: database.and_then(|error| error.table()).map(str::to_owned),
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.what)?;
        for (name, value) in [("code", &self.code), ("constraint", &self.constraint), ("table", &self.table)] {
            if let Some(value) = value {
                write!(f, ", {name} {value}")?;
            }
        }
        Ok(())
    }
}

impl StdError for Fault {}
