//! `from_fn` with a function that is not async.

use diptych::{Anyone, Operations, Result, ServiceSpec, Tx};

fn add(_tx: &mut Tx) -> Result<()> {
    Ok(())
}

fn main() {
    let _ = Operations::new().add(ServiceSpec::from_fn("notes.add", add).allow(Anyone));
}
