//! Migrations without the name of their folder.

fn main() {
    let _ = diptych::migrations!();
}
