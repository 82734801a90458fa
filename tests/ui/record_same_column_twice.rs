//! Two fields of one column.

use diptych::Record;

#[derive(Record)]
struct Note {
    text: String,
    #[record(column = "text")]
    body: String,
}

fn main() {}
