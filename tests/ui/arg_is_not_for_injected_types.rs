//! `#[arg]` on an argument that is found by its type.

use diptych::{Conn, Principal, Result, selector};

#[selector("notes.mine")]
async fn mine(_db: &mut Conn, #[arg] who: Principal) -> Result<String> {
    Ok(who.subject().to_owned())
}

fn main() {}
