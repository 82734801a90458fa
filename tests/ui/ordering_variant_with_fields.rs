//! A variant with fields.

use diptych::Ordering;

#[derive(Ordering)]
enum NoteOrder {
    Text(String),
    Size,
}

fn main() {}
