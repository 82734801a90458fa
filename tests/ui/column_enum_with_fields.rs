//! A column that is an enum with fields.

use diptych::Column;

#[derive(Column)]
enum Kind {
    Short,
    Long(i64),
}

fn main() {}
