//! An answer that borrows.

use diptych::{Principal, Result, selector};

#[selector("notes.me")]
async fn me(who: &Principal) -> Result<&str> {
    Ok(who.subject())
}

fn main() {}
