//! A setting that does not exist.

use diptych::Ordering;

#[derive(Ordering)]
enum NoteOrder {
    #[order(name = "text")]
    Body,
}

fn main() {}
