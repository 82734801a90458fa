//! A selector that calls a service.

use diptych::{Calls, Conn, Result, Tx, selector, service};

#[service("notes.clear")]
async fn clear(_tx: &mut Tx) -> Result<()> {
    Ok(())
}

#[selector("notes.count")]
async fn count(db: &mut Conn, calls: &Calls) -> Result<i64> {
    calls.call::<clear>(db, ()).await?;
    Ok(0)
}

fn main() {}
