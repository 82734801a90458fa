//! A list as the target.

use diptych::{Anyone, Instance, Operations, Record, Result, Select, Tx, selector, service};

#[derive(Record)]
struct Note {
    text: String,
}

#[selector("notes.list")]
async fn list() -> Result<Select<Note>> {
    Ok(Select::sql("SELECT text FROM notes"))
}

#[service("notes.send")]
async fn send(_tx: &mut Tx, Instance(_note): Instance<Note>) -> Result<()> {
    Ok(())
}

fn main() {
    let _ = Operations::new().add(send::spec().allow(Anyone).target(list::spec()));
}
