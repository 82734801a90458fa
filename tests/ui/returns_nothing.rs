//! A service without a return type.

use diptych::{Tx, service};

#[service("notes.add")]
async fn add(_tx: &mut Tx) {}

fn main() {}
