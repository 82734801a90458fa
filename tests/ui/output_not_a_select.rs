//! An output selector that does not return a `Select`.

use diptych::{Anyone, Operations, Result, Tx, service};

#[service("notes.add")]
async fn add(_tx: &mut Tx) -> Result<i64> {
    Ok(1)
}

fn main() {
    let _ = Operations::new().add(add::spec().allow(Anyone).output(|id: &i64| format!("note {id}")));
}
