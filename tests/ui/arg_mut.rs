//! An `#[arg]` by `&mut`.

use diptych::{Result, Tx, service};

#[service("notes.add")]
async fn add(_tx: &mut Tx, #[arg] _text: &mut String) -> Result<()> {
    Ok(())
}

fn main() {}
