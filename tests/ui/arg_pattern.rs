//! `#[arg]` on a pattern.

use diptych::{Conn, Result, selector};

#[selector("points.x")]
async fn x(_db: &mut Conn, #[arg] (x, _): (i64, i64)) -> Result<i64> {
    Ok(x)
}

fn main() {}
