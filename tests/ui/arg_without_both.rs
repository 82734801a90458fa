//! An `#[arg]` whose type has no derives at all.

use diptych::{Result, Tx, service};

struct Color;

#[service("colors.add")]
async fn add(_tx: &mut Tx, #[arg] _color: Color) -> Result<()> {
    Ok(())
}

fn main() {}
