//! A view that cannot be made from what the service returns.

use diptych::{Anyone, Operations, Result, Tx, service};
use schemars::JsonSchema;
use serde::Serialize;

struct Note {
    text: String,
}

#[derive(Serialize, JsonSchema)]
struct NoteView {
    text: String,
}

#[service("notes.add")]
async fn add(_tx: &mut Tx) -> Result<Note> {
    Ok(Note { text: String::new() })
}

fn main() {
    let _ = Operations::new().add(add::spec().allow(Anyone).present::<NoteView>());
}
