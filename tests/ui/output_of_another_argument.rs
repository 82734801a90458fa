//! An output selector for something that the service does not return.

use diptych::{Anyone, Operations, Record, Result, Select, Tx, service};

#[derive(Record)]
struct Note {
    text: String,
}

#[service("notes.add")]
async fn add(_tx: &mut Tx) -> Result<i64> {
    Ok(1)
}

fn by_name(name: &String) -> Select<Note> {
    Select::sql("SELECT text FROM notes WHERE name = $1").bind(name)
}

fn main() {
    let _ = Operations::new().add(add::spec().allow(Anyone).output(by_name));
}
