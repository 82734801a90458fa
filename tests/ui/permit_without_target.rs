//! `.permit` without a target.

use diptych::{Anyone, Operations, Principal, Result, Tx, service};

struct Note;

#[service("notes.add")]
async fn add(_tx: &mut Tx) -> Result<()> {
    Ok(())
}

fn main() {
    let _ = Operations::new().add(add::spec().allow(Anyone).permit(|_: Option<&Principal>, _: &Note| true));
}
