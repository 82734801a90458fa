//! A query that is never run.

#![deny(unused_must_use)]

use diptych::{Result, Tx, query, service};

#[service("notes.clear")]
async fn clear(_tx: &mut Tx) -> Result<()> {
    query("DELETE FROM notes");
    Ok(())
}

fn main() {}
