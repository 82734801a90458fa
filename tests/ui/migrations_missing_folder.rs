//! Migrations in a folder that is not there.

fn main() {
    let _ = diptych::migrations!("no/such/folder");
}
