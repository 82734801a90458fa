//! An input that has no schema.

use diptych::{Input, Result, Tx, service};
use serde::Deserialize;
use validator::Validate;

#[derive(Deserialize, Validate)]
struct NewNote {
    text: String,
}

#[service("notes.add")]
async fn add(_tx: &mut Tx, Input(new): Input<NewNote>) -> Result<()> {
    drop(new.text);
    Ok(())
}

fn main() {}
