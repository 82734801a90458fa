//! Two orders of one name.

use diptych::Ordering;

#[derive(Ordering)]
enum NoteOrder {
    Text,
    #[order(rename = "text")]
    Body,
}

fn main() {}
