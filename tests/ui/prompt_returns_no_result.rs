//! A prompt that cannot fail.

use diptych::prompt;

#[prompt("notes.summary")]
async fn summary() -> String {
    "Summarise my notes.".to_owned()
}

fn main() {}
