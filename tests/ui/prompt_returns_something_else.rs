//! A prompt that answers a number.

use diptych::{Result, prompt};

#[prompt("notes.summary")]
async fn summary() -> Result<i64> {
    Ok(0)
}

fn main() {}
