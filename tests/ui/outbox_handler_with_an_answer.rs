//! `handle` with a function that answers something: nobody is there to read it.

use diptych::{Delivery, Outbox, OutboxMessage, Result, Tx};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
struct Paid;

impl OutboxMessage for Paid {
    const TOPIC: &'static str = "paid";
}

async fn book(_tx: &mut Tx, _paid: Delivery<Paid>) -> Result<i64> {
    Ok(1)
}

fn main() {
    let _ = Outbox::new().handle(book);
}
