//! One row where a list of them is expected.

use diptych::{Anyone, Instances, Operations, Record, Result, Tx, selector, service};

#[derive(Record)]
struct Note {
    text: String,
}

#[selector("notes.last")]
async fn last() -> Result<Option<Note>> {
    Ok(None)
}

#[service("notes.send")]
async fn send(_tx: &mut Tx, Instances(_notes): Instances<Note>) -> Result<()> {
    Ok(())
}

fn main() {
    let _ = Operations::new().add(send::spec().allow(Anyone).targets(last::spec()));
}
