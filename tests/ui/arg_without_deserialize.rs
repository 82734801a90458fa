//! An `#[arg]` whose type cannot be read from JSON.

use diptych::{Conn, Result, selector};
use schemars::JsonSchema;

#[derive(JsonSchema)]
struct Color {
    red: u8,
}

#[selector("colors.red")]
async fn red(_db: &mut Conn, #[arg] color: Color) -> Result<u8> {
    Ok(color.red)
}

fn main() {}
