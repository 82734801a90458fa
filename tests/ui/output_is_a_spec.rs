//! A selector's spec as the output selector.

use diptych::{Anyone, Conn, Operations, Record, Result, Tx, query_as, selector, service};

#[derive(Record)]
struct Note {
    text: String,
}

#[selector("notes.last")]
async fn last(db: &mut Conn) -> Result<Option<Note>> {
    query_as("SELECT text FROM notes").optional(db).await
}

#[service("notes.add")]
async fn add(_tx: &mut Tx) -> Result<()> {
    Ok(())
}

fn main() {
    let _ = Operations::new().add(add::spec().allow(Anyone).output(last::spec()));
}
