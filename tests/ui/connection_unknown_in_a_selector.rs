//! A `&mut` to something that is not a connection, in a selector.

use diptych::{Anyone, Operations, Result, selector};

#[selector("notes.count")]
async fn count(_text: &mut String) -> Result<i64> {
    Ok(0)
}

fn main() {
    let _ = Operations::new().add(count::spec().allow(Anyone));
}
