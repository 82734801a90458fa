//! A named argument without `#[arg]`.

use diptych::{Conn, Result, selector};

#[selector("notes.get")]
async fn get(_db: &mut Conn, id: i64) -> Result<i64> {
    Ok(id)
}

fn main() {}
