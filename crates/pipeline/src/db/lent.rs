//! What a handler can be lent: a transaction, a connection, or one database's own.

use super::{Backend, Conn, Tx};

/// Something that a service can take as its `&mut` argument.
#[diagnostic::on_unimplemented(
    message = "a service cannot be lent `&mut {Self}`",
    label = "not a connection",
    note = "take `&mut Tx`, or a concrete `&mut PgConnection` / `&mut SqliteConnection` / `&mut MySqlConnection` of sqlx"
)]
pub trait Lent: Send + 'static {
    /// The only database it works on, if there is one.
    const BACKEND: Option<Backend> = None;
    /// Takes it out of the transaction; `None` on another database.
    fn lend(tx: &mut Tx) -> Option<&mut Self>;
}

/// Something that a selector can take as its `&mut` argument.
#[diagnostic::on_unimplemented(
    message = "a selector or prompt cannot be lent `&mut {Self}`",
    label = "not a read-only connection",
    note = "selectors and prompts only read: take `&mut Conn`, or a concrete `&mut PgConnection` / `&mut SqliteConnection` / `&mut MySqlConnection` of sqlx"
)]
pub trait ReadLent: Lent {
    /// Takes it out of the connection; `None` on another database.
    fn lend_read(conn: &mut Conn) -> Option<&mut Self>;
}

impl Lent for Tx {
    fn lend(tx: &mut Tx) -> Option<&mut Self> {
        Some(tx)
    }
}

impl Lent for Conn {
    fn lend(tx: &mut Tx) -> Option<&mut Self> {
        Some(tx)
    }
}

impl ReadLent for Conn {
    fn lend_read(conn: &mut Conn) -> Option<&mut Self> {
        Some(conn)
    }
}

#[cfg(feature = "sqlite")]
impl Lent for sqlx::SqliteConnection {
    const BACKEND: Option<Backend> = Some(Backend::Sqlite);
    fn lend(tx: &mut Tx) -> Option<&mut Self> {
        tx.as_sqlite()
    }
}

#[cfg(feature = "sqlite")]
impl ReadLent for sqlx::SqliteConnection {
    fn lend_read(conn: &mut Conn) -> Option<&mut Self> {
        conn.as_sqlite()
    }
}

#[cfg(feature = "postgres")]
impl Lent for sqlx::PgConnection {
    const BACKEND: Option<Backend> = Some(Backend::Postgres);
    fn lend(tx: &mut Tx) -> Option<&mut Self> {
        tx.as_postgres()
    }
}

#[cfg(feature = "postgres")]
impl ReadLent for sqlx::PgConnection {
    fn lend_read(conn: &mut Conn) -> Option<&mut Self> {
        conn.as_postgres()
    }
}

#[cfg(feature = "mysql")]
impl Lent for sqlx::MySqlConnection {
    const BACKEND: Option<Backend> = Some(Backend::MySql);
    fn lend(tx: &mut Tx) -> Option<&mut Self> {
        tx.as_mysql()
    }
}

#[cfg(feature = "mysql")]
impl ReadLent for sqlx::MySqlConnection {
    fn lend_read(conn: &mut Conn) -> Option<&mut Self> {
        conn.as_mysql()
    }
}
