//! A filter that cannot be read.

use diptych::Filter;

#[derive(Filter)]
struct NoteFilter {
    text: Option<String>,
}

fn main() {}
