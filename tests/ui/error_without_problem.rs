//! A variant that does not say what it is.

use diptych::ServiceError;

#[derive(Debug, ServiceError)]
enum NoteError {
    /// the text is taken
    Taken,
}

fn main() {}
