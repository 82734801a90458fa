//! The attribute on something that is not a function.

use diptych::service;

#[service("notes.add")]
struct AddNote;

fn main() {
    let _ = AddNote;
}
