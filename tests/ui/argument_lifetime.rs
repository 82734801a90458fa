//! An argument that borrows inside.

use diptych::{Principal, Result, Tx, service};

#[service("notes.add")]
async fn add(_tx: &mut Tx, _who: Option<&Principal>) -> Result<()> {
    Ok(())
}

fn main() {}
