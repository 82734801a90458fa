//! A selector's spec that is not added.

#![deny(unused_must_use)]

use diptych::{Conn, Result, selector};

#[selector("notes.count")]
async fn count(_db: &mut Conn) -> Result<i64> {
    Ok(0)
}

fn main() {
    count::spec();
}
