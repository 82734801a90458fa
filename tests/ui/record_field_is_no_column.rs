//! A field that is not a column.

use diptych::Record;

struct Point;

#[derive(Record)]
struct Note {
    text: String,
    place: Point,
}

fn main() {}
