//! A method.

use diptych::{Result, Tx, service};

struct Notes;

impl Notes {
    #[service("notes.add")]
    async fn add(&self, _tx: &mut Tx) -> Result<()> {
        Ok(())
    }
}

fn main() {
    let _ = Notes::add;
}
