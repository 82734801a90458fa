//! An input that derives nothing.

use diptych::{Input, Result, Tx, service};

struct NewNote {
    text: String,
}

#[service("notes.add")]
async fn add(_tx: &mut Tx, Input(new): Input<NewNote>) -> Result<()> {
    drop(new.text);
    Ok(())
}

fn main() {}
