//! A scope without `Scope(…)`.

use diptych::{Operations, Result, Tx, service};

#[service("notes.add")]
async fn add(_tx: &mut Tx) -> Result<()> {
    Ok(())
}

fn main() {
    let _ = Operations::new().add(add::spec().allow("notes:write"));
}
