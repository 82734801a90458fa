//! An input that has no rules.

use diptych::{Input, Result, Tx, service};
use schemars::JsonSchema;
use serde::Deserialize;

#[derive(Deserialize, JsonSchema)]
struct NewNote {
    text: String,
}

#[service("notes.add")]
async fn add(_tx: &mut Tx, Input(new): Input<NewNote>) -> Result<()> {
    drop(new.text);
    Ok(())
}

fn main() {}
