//! A service whose answer nobody said how to show.

use diptych::{Anyone, Operations, Result, Tx, service};

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
