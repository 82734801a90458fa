//! A variant that says nothing to the caller.

use diptych::ServiceError;

#[derive(Debug, ServiceError)]
enum NoteError {
    #[problem(conflict)]
    Taken,
}

fn main() {}
