//! A prompt with a route.

use diptych::{Anyone, GET, Operations, Result, prompt};

#[prompt("notes.summary")]
async fn summary() -> Result<String> {
    Ok("Summarise my notes.".to_owned())
}

fn main() {
    let _ = Operations::new().add(summary::spec().allow(Anyone).rest(GET, "/summary"));
}
