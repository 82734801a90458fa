//! An error of one's own without `derive(ServiceError)`.

use diptych::{Tx, service};

#[derive(Debug)]
enum NoteError {
    Full,
}

#[service("notes.add")]
async fn add(_tx: &mut Tx) -> Result<(), NoteError> {
    Err(NoteError::Full)
}

fn main() {}
