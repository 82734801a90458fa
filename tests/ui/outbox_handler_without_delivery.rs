//! `handle` with a function that takes no `Delivery`.

use diptych::{Outbox, Result, Tx};

async fn book(_tx: &mut Tx, _number: String) -> Result<()> {
    Ok(())
}

fn main() {
    let _ = Outbox::new().handle(book);
}
