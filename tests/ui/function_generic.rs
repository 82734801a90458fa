//! A generic service.

use diptych::{Result, State, Tx, service};

#[service("notes.add")]
async fn add<T: Send + Sync + 'static>(_tx: &mut Tx, _state: State<T>) -> Result<()> {
    Ok(())
}

fn main() {}
