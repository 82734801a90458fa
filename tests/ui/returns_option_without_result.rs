//! A selector that returns its row without a `Result`.

use diptych::{Conn, selector};

#[selector("notes.last")]
async fn last(_db: &mut Conn) -> Option<String> {
    None
}

fn main() {}
