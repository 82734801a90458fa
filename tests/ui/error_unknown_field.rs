//! A detail that says a field that is not there.

use diptych::ServiceError;

#[derive(Debug, ServiceError)]
enum NoteError {
    #[problem(invalid, detail = "a note has at most {maximum} letters")]
    TooLong { max: i64 },
}

fn main() {}
