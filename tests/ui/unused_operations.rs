//! Operations that are not mounted.

#![deny(unused_must_use)]

use diptych::{Anyone, Operations, Result, Tx, service};

#[service("notes.add")]
async fn add(_tx: &mut Tx) -> Result<()> {
    Ok(())
}

fn main() {
    Operations::new().add(add::spec().allow(Anyone));
}
