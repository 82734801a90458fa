//! A column with named fields.

use diptych::Column;

#[derive(Column)]
struct Point {
    x: i64,
}

fn main() {}
