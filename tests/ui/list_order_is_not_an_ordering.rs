//! An order without `derive(Ordering)`.

use diptych::{Anyone, Operations, Record, Result, Select, selector};
use schemars::JsonSchema;
use serde::Serialize;

enum NoteOrder {
    Text,
}

#[derive(Record, Serialize, JsonSchema)]
struct Note {
    text: String,
}

#[selector("notes.list")]
async fn list() -> Result<Select<Note>> {
    Ok(Select::sql("SELECT text FROM notes"))
}

fn main() {
    let _ = Operations::new().add(list::spec().allow(Anyone).order_by::<NoteOrder>("text"));
}
