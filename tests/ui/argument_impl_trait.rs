//! An argument whose type is not named.

use diptych::{Result, Tx, service};

#[service("notes.add")]
async fn add(_tx: &mut Tx, #[arg] text: impl Into<String>) -> Result<()> {
    drop(text.into());
    Ok(())
}

fn main() {}
