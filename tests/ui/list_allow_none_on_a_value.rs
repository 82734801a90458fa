//! `allow_none` on a selector that does not answer a row.

use diptych::{Anyone, Conn, Operations, Result, selector};

#[selector("notes.count")]
async fn count(_db: &mut Conn) -> Result<i64> {
    Ok(0)
}

fn main() {
    let _ = Operations::new().add(count::spec().allow(Anyone).allow_none());
}
