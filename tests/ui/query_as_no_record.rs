//! Reading rows as a type without `derive(Record)`.

use diptych::{Conn, Result, query_as};

struct Note {
    text: String,
}

pub async fn last(db: &mut Conn) -> Result<Note> {
    query_as("SELECT text FROM notes").one(db).await
}

fn main() {}
