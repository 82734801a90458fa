//! A plain value as the target.

use diptych::{Anyone, Conn, Instance, Operations, Result, Tx, selector, service};

struct Note;

#[selector("notes.count")]
async fn count(_db: &mut Conn) -> Result<i64> {
    Ok(0)
}

#[service("notes.send")]
async fn send(_tx: &mut Tx, Instance(_note): Instance<Note>) -> Result<()> {
    Ok(())
}

fn main() {
    let _ = Operations::new().add(send::spec().allow(Anyone).target(count::spec()));
}
