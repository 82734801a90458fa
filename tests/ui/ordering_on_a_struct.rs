//! An order that is a struct.

use diptych::Ordering;

#[derive(Ordering)]
struct NoteOrder {
    text: String,
}

fn main() {}
