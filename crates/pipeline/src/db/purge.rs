//! Removes what is old from a table of ours, some of it with one statement: whoever wants to write does not wait long.

use super::{Backend, Conn, Statement, fault::lost_a_race};
use diptych_spec::{IntoValue as _, Result};

/// Which rows of a table are old.
pub(crate) struct Old {
    pub(crate) table: &'static str,
    /// The columns of its primary key.
    pub(crate) key: &'static str,
    /// When a row is old: a condition on `$1`.
    pub(crate) when: &'static str,
    /// The column by which the oldest are removed first.
    pub(crate) by: &'static str,
}

impl Old {
    /// Removes at most so many, and says how many. A row that somebody is at is neither waited for nor removed.
    ///
    /// # Errors
    /// Those of the database.
    pub(crate) async fn remove(&self, before: i64, most: u64, conn: &mut Conn) -> Result<u64> {
        let Self { table, key, when, by } = self;
        let oldest = format!("SELECT {key} FROM {table} WHERE {when} ORDER BY {by} LIMIT $2");
        let sql = match conn.backend() {
            Backend::Sqlite => format!("DELETE FROM {table} WHERE ({key}) IN ({oldest})"),
            Backend::Postgres => {
                format!("DELETE FROM {table} WHERE {when} AND ({key}) IN ({oldest} FOR UPDATE SKIP LOCKED)")
            }
            Backend::MySql => format!(
                "/*M! SET STATEMENT innodb_lock_wait_timeout = 0 FOR */ DELETE /*+ SET_VAR(innodb_lock_wait_timeout = 1) */
                 FROM {table} WHERE {when} ORDER BY {by} LIMIT $2"
            ),
        };
        let mut statement = Statement::new(sql);
        statement.values = vec![before.into_value(), most.cast_signed().into_value()];
        match statement.execute(conn).await {
            // MySQL passes over no row: the next time.
            Err(error) if lost_a_race(&error) => Ok(0),
            removed => removed,
        }
    }
}
