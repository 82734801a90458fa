//! A column of two values.

use diptych::Column;

#[derive(Column)]
struct Point(i64, i64);

fn main() {}
