//! A generic column.

use diptych::Column;

#[derive(Column)]
struct Id<T>(T);

fn main() {}
