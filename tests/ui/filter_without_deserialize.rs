//! A filter that cannot be read.

use diptych::{Anyone, Filter, Operations, Record, Result, Select, selector};
use schemars::JsonSchema;
use serde::Serialize;

#[derive(Filter)]
struct NoteFilter {
    text: Option<String>,
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
    let _ = Operations::new().add(list::spec().allow(Anyone).filter::<NoteFilter>());
}
