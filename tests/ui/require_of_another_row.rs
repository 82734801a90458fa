//! A precondition on another type than the target's.

use diptych::{Anyone, Conn, Instance, Operations, Record, Result, Tx, query_as, selector, service};

struct Invoice;

#[derive(Record)]
struct Note {
    text: String,
}

#[selector("notes.last")]
async fn last(db: &mut Conn) -> Result<Option<Note>> {
    query_as("SELECT text FROM notes").optional(db).await
}

#[service("notes.send")]
async fn send(_tx: &mut Tx, Instance(_note): Instance<Note>) -> Result<()> {
    Ok(())
}

fn main() {
    let sent = |_: &Invoice| true;
    let _ = Operations::new().add(send::spec().allow(Anyone).target(last::spec()).require("sent", "was sent", sent));
}
