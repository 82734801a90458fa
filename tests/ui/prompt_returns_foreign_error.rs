//! A prompt with an error that diptych cannot answer with.

use diptych::prompt;
use std::num::ParseIntError;

#[prompt("notes.summary")]
async fn summary() -> Result<String, ParseIntError> {
    Ok(format!("Summarise {} notes.", "7".parse::<i64>()?))
}

fn main() {}
