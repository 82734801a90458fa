//! `permit` on a selector that answers many rows: those of the caller are chosen by its query.

use diptych::{Anyone, Operations, Principal, Record, Result, Select, selector};

#[derive(Record, schemars::JsonSchema, serde::Serialize)]
struct Note {
    id: i64,
}

#[selector("notes.list")]
async fn list() -> Result<Select<Note>> {
    Ok(Select::sql("SELECT id FROM notes"))
}

fn main() {
    let _ = Operations::new().add(list::spec().allow(Anyone).permit(|_: Option<&Principal>, _| true));
}
