//! An input that cannot be read from JSON.

use diptych::{Input, Result, Tx, service};
use schemars::JsonSchema;
use validator::Validate;

#[derive(JsonSchema, Validate)]
struct NewNote {
    text: String,
}

#[service("notes.add")]
async fn add(_tx: &mut Tx, Input(new): Input<NewNote>) -> Result<()> {
    drop(new.text);
    Ok(())
}

fn main() {}
