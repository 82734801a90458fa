//! A row that is an enum.

use diptych::Record;

#[derive(Record)]
enum Note {
    Short,
}

fn main() {}
