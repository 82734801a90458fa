//! A `&mut` to something that is not a connection, in a service.

use diptych::{Anyone, Operations, Result, service};

#[service("notes.add")]
async fn add(_text: &mut String) -> Result<()> {
    Ok(())
}

fn main() {
    let _ = Operations::new().add(add::spec().allow(Anyone));
}
