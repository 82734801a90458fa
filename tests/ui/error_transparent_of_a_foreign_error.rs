//! A transparent variant around an error that diptych does not know.

use diptych::ServiceError;

#[derive(Debug, ServiceError)]
enum NoteError {
    #[problem(transparent)]
    Parse(std::num::ParseIntError),
}

fn main() {}
