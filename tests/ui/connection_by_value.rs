//! The transaction by value.

use diptych::{Result, Tx, service};

#[service("notes.add")]
async fn add(_tx: Tx) -> Result<()> {
    Ok(())
}

fn main() {}
