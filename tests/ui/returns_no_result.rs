//! A selector that does not return a `Result`.

use diptych::{Conn, selector};

#[selector("notes.count")]
async fn count(_db: &mut Conn) -> i64 {
    0
}

fn main() {}
