//! A view that cannot be made from the row.

use diptych::{Anyone, Operations, Record, Result, Select, selector};
use schemars::JsonSchema;
use serde::Serialize;

#[derive(Record)]
struct Note {
    text: String,
}

#[derive(Serialize, JsonSchema)]
struct NoteView {
    text: String,
}

#[selector("notes.list")]
async fn list() -> Result<Select<Note>> {
    Ok(Select::sql("SELECT text FROM notes"))
}

fn main() {
    let _ = Operations::new().add(list::spec().allow(Anyone).present::<NoteView>());
}
