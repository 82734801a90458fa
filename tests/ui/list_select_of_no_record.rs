//! A list whose row has no `derive(Record)`.

use diptych::{Result, Select, selector};

struct Note {
    text: String,
}

#[selector("notes.list")]
async fn list() -> Result<Select<Note>> {
    Ok(Select::sql("SELECT text FROM notes"))
}

fn main() {}
