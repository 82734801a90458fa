//! A view that cannot be written as JSON.

use diptych::{Anyone, Operations, Record, Result, Select, selector};

#[derive(Record)]
struct Note {
    text: String,
}

struct NoteView {
    text: String,
}

impl From<Note> for NoteView {
    fn from(note: Note) -> Self {
        Self { text: note.text }
    }
}

#[selector("notes.list")]
async fn list() -> Result<Select<Note>> {
    Ok(Select::sql("SELECT text FROM notes"))
}

fn main() {
    let _ = Operations::new().add(list::spec().allow(Anyone).present::<NoteView>());
}
