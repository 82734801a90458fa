//! `.require` without a target.

use diptych::{Anyone, Operations, Result, Tx, service};

struct Note;

#[service("notes.add")]
async fn add(_tx: &mut Tx) -> Result<()> {
    Ok(())
}

fn main() {
    let _ = Operations::new().add(add::spec().allow(Anyone).require("sent", "was sent before", |_: &Note| true));
}
