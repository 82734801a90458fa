//! A newtype around something that is not a column.

use diptych::Column;

#[derive(Column)]
struct Size(u64);

fn main() {}
