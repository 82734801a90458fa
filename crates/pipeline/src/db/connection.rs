//! A connection, lent to a selector as `&mut Conn`.

use super::{Backend, backend::each, held::Held};
use crate::scope::{InScope, Whose};
use diptych_spec::Lock;
use std::{
    any::Any,
    fmt,
    ops::{Deref, DerefMut},
    sync::Arc,
};

pub(crate) enum Driver {
    #[cfg(feature = "sqlite")]
    Sqlite(Held<sqlx::Sqlite>),
    #[cfg(feature = "postgres")]
    Postgres(Held<sqlx::Postgres>),
    #[cfg(feature = "mysql")]
    MySql(Held<sqlx::MySql>),
}

/// A connection. Selectors get a read-only one; a [`super::Tx`] is one that writes.
///
/// Statements are run on it with [`super::query`] and [`super::query_as`], written with `$1`, `$2`, … on every database.
pub struct Conn {
    pub(crate) driver: Driver,
    /// Rows that are read are locked this way: set while the target is resolved.
    pub(crate) lock: Lock,
    /// A statement failed and there is no more of this transaction: PostgreSQL takes no others in it, MySQL has ended it.
    pub(crate) failed: bool,
    /// It is in the transaction of a call, which no statement may end.
    #[cfg_attr(not(feature = "mysql"), allow(dead_code, reason = "only there one can"))]
    pub(crate) guarded: bool,
    /// The connection was lent out whole, so that statements could fail unseen.
    pub(crate) unseen: bool,
    /// Which rows there are, for a call in a row scope.
    pub(crate) scope: Option<Arc<InScope>>,
}

impl Conn {
    pub(crate) fn new(driver: Driver) -> Self {
        Self { driver, lock: Lock::None, failed: false, guarded: false, unseen: false, scope: None }
    }

    /// Which database it is.
    #[must_use]
    pub fn backend(&self) -> Backend {
        match &self.driver {
            #[cfg(feature = "sqlite")]
            Driver::Sqlite(_) => Backend::Sqlite,
            #[cfg(feature = "postgres")]
            Driver::Postgres(_) => Backend::Postgres,
            #[cfg(feature = "mysql")]
            Driver::MySql(_) => Backend::MySql,
        }
    }

    /// The SQLite connection itself, for plain sqlx; `None` on another database.
    #[cfg(feature = "sqlite")]
    pub fn as_sqlite(&mut self) -> Option<&mut sqlx::SqliteConnection> {
        match &mut self.driver {
            Driver::Sqlite(held) => {
                self.unseen = true;
                held.sending();
                Some(held.raw())
            }
            #[allow(unreachable_patterns, reason = "the only driver that is compiled in")]
            _ => None,
        }
    }

    /// The PostgreSQL connection itself, for plain sqlx; `None` on another database.
    #[cfg(feature = "postgres")]
    pub fn as_postgres(&mut self) -> Option<&mut sqlx::PgConnection> {
        match &mut self.driver {
            Driver::Postgres(held) => {
                self.unseen = true;
                held.sending();
                Some(held.raw())
            }
            #[allow(unreachable_patterns, reason = "the only driver that is compiled in")]
            _ => None,
        }
    }

    /// The MySQL or MariaDB connection itself, for plain sqlx; `None` on another database.
    ///
    /// It speaks the SQL of the others: names are quoted with `"`, texts are joined with `||`, a backslash is one. Parameters are `?`.
    #[cfg(feature = "mysql")]
    pub fn as_mysql(&mut self) -> Option<&mut sqlx::MySqlConnection> {
        match &mut self.driver {
            Driver::MySql(held) => {
                self.unseen = true;
                held.sending();
                Some(held.raw())
            }
            #[allow(unreachable_patterns, reason = "the only driver that is compiled in")]
            _ => None,
        }
    }

    /// Lends it to somebody else's read: that locks nothing, and has a scope of its own.
    pub(crate) fn aside(&mut self) -> Aside<'_> {
        let (lock, scope) = (std::mem::replace(&mut self.lock, Lock::None), self.scope.clone());
        Aside { conn: self, lock, scope }
    }

    pub(crate) async fn forget_plans(&mut self) -> diptych_spec::Result<()> {
        each!(&mut self.driver, Driver, |held| held.forget_plans().await)
    }

    pub(crate) async fn is_alive(&mut self) -> bool {
        each!(&mut self.driver, Driver, |held| held.is_alive().await)
    }

    /// Whoever borrowed the connection is done with it. What was sent on one that was lent out whole is answered, as far as
    /// anybody can tell; otherwise it is known.
    pub(crate) fn settle(&mut self) {
        if self.unseen {
            each!(&mut self.driver, Driver, |held| held.answered());
        }
    }

    /// Whether the call that reads by it may see this row.
    pub(crate) fn shows(&self, row: &dyn Any) -> bool {
        self.scope.as_ref().is_none_or(|scope| scope.shows(row))
    }

    /// Whose rows the call that reads by it is about.
    pub(crate) fn whose(&self) -> Option<Whose> {
        self.scope.as_ref().map(Whose::of)
    }

    /// Ends the transaction of [`super::Db::snapshot`] or [`super::Db::bracket`], in which nothing was written.
    pub(crate) async fn end_reading(self) {
        if each!(&self.driver, Driver, |held| held.is_in_transaction()) {
            each!(self.driver, Driver, |held| held.rollback().await);
        }
    }

    /// Ends the transaction of [`super::Db::stream`], whose rows were all read, and closes the connection.
    pub(crate) async fn end_stream(self) {
        each!(self.driver, Driver, |held| held.rollback_and_close().await);
    }

    /// Closes the connection instead of giving it back.
    pub(crate) fn discard(mut self) {
        each!(&mut self.driver, Driver, |held| held.spoil());
    }
}

/// A connection that is lent out in between. Afterwards it locks and narrows what is read as before.
pub(crate) struct Aside<'c> {
    conn: &'c mut Conn,
    lock: Lock,
    scope: Option<Arc<InScope>>,
}

impl Deref for Aside<'_> {
    type Target = Conn;
    fn deref(&self) -> &Conn {
        self.conn
    }
}

impl DerefMut for Aside<'_> {
    fn deref_mut(&mut self) -> &mut Conn {
        self.conn
    }
}

impl Drop for Aside<'_> {
    fn drop(&mut self) {
        self.conn.lock = self.lock;
        self.conn.scope = self.scope.take();
    }
}

impl fmt::Debug for Conn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Conn").field("backend", &self.backend()).finish_non_exhaustive()
    }
}
