//! A spec that is not added.

#![deny(unused_must_use)]

use diptych::{Anyone, Result, Tx, service};

#[service("notes.add")]
async fn add(_tx: &mut Tx) -> Result<()> {
    Ok(())
}

fn main() {
    add::spec().allow(Anyone);
}
