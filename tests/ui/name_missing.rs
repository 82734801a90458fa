//! A service without a name.

use diptych::{Result, Tx, service};

#[service]
async fn add(_tx: &mut Tx) -> Result<()> {
    Ok(())
}

fn main() {}
