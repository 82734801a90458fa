//! A row that nobody said how to show.

use diptych::{Anyone, Conn, Operations, Record, Result, query_as, selector};

#[derive(Record)]
struct Note {
    text: String,
}

#[selector("notes.last")]
async fn last(db: &mut Conn) -> Result<Option<Note>> {
    query_as("SELECT text FROM notes").optional(db).await
}

fn main() {
    let _ = Operations::new().add(last::spec().allow(Anyone));
}
