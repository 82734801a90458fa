//! A permission closure with the wrong argument.

use diptych::{Operations, Principal, Result, Tx, service};

#[service("notes.add")]
async fn add(_tx: &mut Tx) -> Result<()> {
    Ok(())
}

fn main() {
    let _ = Operations::new().add(add::spec().allow(|who: &Principal| who.subject() == "ann"));
}
