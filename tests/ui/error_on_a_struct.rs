//! An error that is a struct.

use diptych::ServiceError;

#[derive(Debug, ServiceError)]
struct NoteError;

fn main() {}
