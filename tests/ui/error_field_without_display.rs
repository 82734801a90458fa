//! A detail that says a field that cannot be printed.

use diptych::ServiceError;

struct Size;

#[derive(ServiceError)]
enum NoteError {
    #[problem(invalid, detail = "a note has at most {max} letters")]
    TooLong { max: Size },
}

fn main() {}
