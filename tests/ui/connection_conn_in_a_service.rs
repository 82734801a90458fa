//! A read-only connection in a service.

use diptych::{Conn, Result, service};

#[service("notes.add")]
async fn add(_db: &mut Conn) -> Result<()> {
    Ok(())
}

fn main() {}
