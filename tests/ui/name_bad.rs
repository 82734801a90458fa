//! A name that MCP clients do not accept.

use diptych::{Result, Tx, service};

#[service("add a note")]
async fn add(_tx: &mut Tx) -> Result<()> {
    Ok(())
}

fn main() {}
