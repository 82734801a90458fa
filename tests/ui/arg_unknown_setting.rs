//! A setting that `#[arg]` does not have.

use diptych::{Conn, Result, selector};

#[selector("notes.get")]
async fn get(_db: &mut Conn, #[arg(name = "note_id")] id: i64) -> Result<i64> {
    Ok(id)
}

fn main() {}
