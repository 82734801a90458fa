//! A kind of problem that does not exist.

use diptych::ServiceError;

#[derive(Debug, ServiceError)]
enum NoteError {
    /// the text is taken
    #[problem(conflikt)]
    Taken,
}

fn main() {}
