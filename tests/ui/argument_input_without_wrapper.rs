//! The input without `Input`.

use diptych::{Result, Tx, service};
use schemars::JsonSchema;
use serde::Deserialize;
use validator::Validate;

#[derive(Deserialize, JsonSchema, Validate)]
struct NewNote {
    text: String,
}

#[service("notes.add")]
async fn add(_tx: &mut Tx, new: NewNote) -> Result<()> {
    drop(new.text);
    Ok(())
}

fn main() {}
