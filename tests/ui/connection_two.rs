//! Two connections.

use diptych::{Result, Tx, service};

#[service("notes.move")]
async fn move_note(_from: &mut Tx, _to: &mut Tx) -> Result<()> {
    Ok(())
}

fn main() {}
