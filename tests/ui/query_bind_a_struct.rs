//! Binding a struct.

use diptych::{Record, Select};

#[derive(Record)]
struct Note {
    text: String,
}

struct Kind;

fn main() {
    let _ = Select::<Note>::sql("SELECT text FROM notes WHERE kind = $1").bind(Kind);
}
