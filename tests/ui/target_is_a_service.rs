//! A service as the target.

use diptych::{Anyone, Instance, Operations, Result, Tx, service};

struct Note;

#[service("notes.send")]
async fn send(_tx: &mut Tx, Instance(_note): Instance<Note>) -> Result<()> {
    Ok(())
}

fn main() {
    let _ = Operations::new().add(send::spec().allow(Anyone).target(send::spec()));
}
