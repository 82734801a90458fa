//! A selector made with `from_fn` that returns a plain value.

use diptych::{Anyone, Conn, Operations, Result, SelectorSpec};

async fn count(_db: &mut Conn) -> Result<i64> {
    Ok(0)
}

fn main() {
    let _ = Operations::new().add(SelectorSpec::from_fn("notes.count", count).allow(Anyone));
}
