//! `idempotency` on a selector: what only reads can be called again anyway.

use diptych::{Anyone, Idempotency, Operations, Record, Result, Select, selector};

#[derive(Record, schemars::JsonSchema, serde::Serialize)]
struct Note {
    id: i64,
}

#[selector("notes.list")]
async fn list() -> Result<Select<Note>> {
    Ok(Select::sql("SELECT id FROM notes"))
}

fn main() {
    let _ = Operations::new().add(list::spec().allow(Anyone).idempotency(Idempotency::required()));
}
