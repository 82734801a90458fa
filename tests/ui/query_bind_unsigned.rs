//! Binding a type that not every database has.

use diptych::query;

fn main() {
    let _ = query("UPDATE notes SET size = $1").bind(1_u64);
}
