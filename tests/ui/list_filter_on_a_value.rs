//! A filter on a selector that answers a plain value.

use diptych::{Anyone, Conn, Filter, Operations, Result, selector};
use schemars::JsonSchema;
use serde::Deserialize;

#[derive(Deserialize, JsonSchema, Filter)]
struct NoteFilter {
    text: Option<String>,
}

#[selector("notes.count")]
async fn count(_db: &mut Conn) -> Result<i64> {
    Ok(0)
}

fn main() {
    let _ = Operations::new().add(count::spec().allow(Anyone).filter::<NoteFilter>());
}
