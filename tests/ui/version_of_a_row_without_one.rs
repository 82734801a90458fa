//! `.requires_version` of a row that has none.

use diptych::{Anyone, Conn, Instance, Operations, Record, Result, Tx, query_as, selector, service};

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
    let _ = Operations::new().add(send::spec().allow(Anyone).target(last::spec()).requires_version());
}
