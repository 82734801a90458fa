//! Adding something that is no operation at all.

use diptych::Operations;

fn main() {
    let _ = Operations::new().add("notes.add");
}
