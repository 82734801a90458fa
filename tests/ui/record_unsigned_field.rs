//! A field whose type not every database has.

use diptych::Record;

#[derive(Record)]
struct Note {
    size: Option<u64>,
}

fn main() {}
