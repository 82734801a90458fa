//! A transaction in a prompt.

use diptych::{Result, Tx, prompt};

#[prompt("notes.summary")]
async fn summary(_tx: &mut Tx) -> Result<String> {
    Ok("Summarise my notes.".to_owned())
}

fn main() {}
