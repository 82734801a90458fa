//! A service that is not async.

use diptych::{Result, Tx, service};

#[service("notes.add")]
fn add(_tx: &mut Tx) -> Result<()> {
    Ok(())
}

fn main() {}
