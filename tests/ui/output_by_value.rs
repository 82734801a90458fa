//! An output selector that takes the id by value.

use diptych::{Anyone, Operations, Record, Result, Select, Tx, service};

#[derive(Record)]
struct Note {
    text: String,
}

#[service("notes.add")]
async fn add(_tx: &mut Tx) -> Result<i64> {
    Ok(1)
}

fn by_id(id: i64) -> Select<Note> {
    Select::sql("SELECT text FROM notes WHERE id = $1").bind(id)
}

fn main() {
    let _ = Operations::new().add(add::spec().allow(Anyone).output(by_id));
}
