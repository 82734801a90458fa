//! A name without quotes.

use diptych::{Conn, Result, selector};

#[selector(notes.count)]
async fn count(_db: &mut Conn) -> Result<i64> {
    Ok(0)
}

fn main() {}
