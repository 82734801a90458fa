//! A transaction in a selector.

use diptych::{Result, Tx, selector};

#[selector("notes.count")]
async fn count(_tx: &mut Tx) -> Result<i64> {
    Ok(0)
}

fn main() {}
