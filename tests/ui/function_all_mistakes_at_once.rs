//! Several mistakes: all are said in one build.

use diptych::{Conn, service};

#[service("notes add")]
fn add<T>(_db: &mut Conn, #[arg] (_a, _b): (T, T)) {}

fn main() {}
