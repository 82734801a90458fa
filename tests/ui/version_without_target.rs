//! `.expects_version` without a target.

use diptych::{Anyone, Operations, Result, Tx, service};

#[service("notes.add")]
async fn add(_tx: &mut Tx) -> Result<()> {
    Ok(())
}

fn main() {
    let _ = Operations::new().add(add::spec().allow(Anyone).expects_version());
}
