//! An answer that can be written but has no schema.

use diptych::{Anyone, Operations, Result, Tx, service};
use serde::Serialize;

#[derive(Serialize)]
struct Note {
    text: String,
}

#[service("notes.add")]
async fn add(_tx: &mut Tx) -> Result<Note> {
    Ok(Note { text: String::new() })
}

fn main() {
    let _ = Operations::new().add(add::spec().allow(Anyone));
}
