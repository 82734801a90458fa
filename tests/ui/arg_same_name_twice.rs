//! Two `#[arg]`s of one name.

use diptych::{Conn, Result, selector};

#[selector("notes.get")]
async fn get(_db: &mut Conn, #[arg] id: i64, #[arg(rename = "id")] other: i64) -> Result<i64> {
    Ok(id + other)
}

fn main() {}
