//! An error that diptych cannot answer with.

use diptych::{Tx, service};
use std::num::ParseIntError;

#[service("notes.add")]
async fn add(_tx: &mut Tx) -> Result<i64, ParseIntError> {
    "1".parse()
}

fn main() {}
