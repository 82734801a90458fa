//! An `#[arg]` whose type has no schema.

use diptych::{Conn, Result, selector};
use serde::Deserialize;

#[derive(Deserialize)]
struct Color {
    red: u8,
}

#[selector("colors.red")]
async fn red(_db: &mut Conn, #[arg] color: Option<Color>) -> Result<u8> {
    Ok(color.map_or(0, |color| color.red))
}

fn main() {}
