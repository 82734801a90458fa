//! Which database it is.

use std::fmt;

/// A supported database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Backend {
    /// SQLite 3, bundled.
    Sqlite,
    /// PostgreSQL 14 or newer, and what speaks its protocol.
    Postgres,
    /// MariaDB 10.6 or newer, and MySQL 8.0 or newer.
    MySql,
}

impl Backend {
    /// The database of a URL (`sqlite://…`, `postgres://…`, `mysql://…`).
    #[must_use]
    pub fn of_url(url: &str) -> Option<Self> {
        match url.split_once(':')?.0 {
            "sqlite" => Some(Self::Sqlite),
            "postgres" | "postgresql" => Some(Self::Postgres),
            "mysql" | "mariadb" => Some(Self::MySql),
            _ => None,
        }
    }
}

impl fmt::Display for Backend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Sqlite => "SQLite",
            Self::Postgres => "PostgreSQL",
            Self::MySql => "MySQL",
        })
    }
}

/// Runs the same expression for whichever driver is inside. The body is compiled once per driver.
macro_rules! each {
    ($value:expr, $enum:ident, |$inner:ident| $body:expr) => {
        match $value {
            #[cfg(feature = "sqlite")]
            $enum::Sqlite($inner) => $body,
            #[cfg(feature = "postgres")]
            $enum::Postgres($inner) => $body,
            #[cfg(feature = "mysql")]
            $enum::MySql($inner) => $body,
        }
    };
}
pub(crate) use each;
