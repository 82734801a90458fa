//! SQL that is put together at run time.

use diptych::{Conn, Result, query};

pub async fn clear(db: &mut Conn, table: &str) -> Result<u64> {
    query(&format!("DELETE FROM {table}")).execute(db).await
}

fn main() {}
