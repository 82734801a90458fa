//! The version of several rows.

use diptych::{Anyone, Instances, Operations, Record, Result, Select, Tx, Version, Versioned, selector, service};

#[derive(Record)]
struct Note {
    id: i64,
    version: Version,
}

impl Versioned for Note {
    fn version(&self) -> Version {
        self.version
    }
}

#[selector("notes.list")]
async fn list() -> Result<Select<Note>> {
    Ok(Select::sql("SELECT id, version FROM notes"))
}

#[service("notes.send")]
async fn send(_tx: &mut Tx, Instances(_notes): Instances<Note>) -> Result<()> {
    Ok(())
}

fn main() {
    let _ = Operations::new().add(send::spec().allow(Anyone).targets(list::spec()).expects_version());
}
