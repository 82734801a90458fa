//! A transparent variant with two fields.

use diptych::{Error, ServiceError};

#[derive(Debug, ServiceError)]
enum NoteError {
    #[problem(transparent)]
    Other(Error, i64),
}

fn main() {}
