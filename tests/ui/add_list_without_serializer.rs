//! A list whose rows nobody said how to show.

use diptych::{Anyone, Operations, Record, Result, Select, selector};

#[derive(Record)]
struct Note {
    text: String,
}

#[selector("notes.list")]
async fn list() -> Result<Select<Note>> {
    Ok(Select::sql("SELECT text FROM notes"))
}

fn main() {
    let _ = Operations::new().add(list::spec().allow(Anyone));
}
