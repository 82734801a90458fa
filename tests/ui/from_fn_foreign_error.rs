//! `from_fn` with an error that diptych cannot answer with.

use diptych::{Anyone, Operations, ServiceSpec, Tx};
use std::num::ParseIntError;

async fn add(_tx: &mut Tx) -> Result<i64, ParseIntError> {
    "1".parse()
}

fn main() {
    let _ = Operations::new().add(ServiceSpec::from_fn("notes.add", add).allow(Anyone));
}
