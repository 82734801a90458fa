//! An order of a selector that answers a plain value.

use diptych::{Anyone, Conn, Operations, Ordering, Result, selector};

#[derive(Ordering)]
enum NoteOrder {
    Text,
}

#[selector("notes.count")]
async fn count(_db: &mut Conn) -> Result<i64> {
    Ok(0)
}

fn main() {
    let _ = Operations::new().add(count::spec().allow(Anyone).order_by::<NoteOrder>("text"));
}
