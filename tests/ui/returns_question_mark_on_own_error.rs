//! `?` on a database error in a function whose error does not take it.

use diptych::{ServiceError, Tx, query, service};

#[derive(Debug, ServiceError)]
enum NoteError {
    /// there is no room for another note
    #[problem(conflict)]
    Full,
}

#[service("notes.add")]
async fn add(tx: &mut Tx) -> Result<(), NoteError> {
    match query("INSERT INTO notes (text) VALUES ('')").execute(tx).await? {
        0 => Err(NoteError::Full),
        _ => Ok(()),
    }
}

fn main() {}
