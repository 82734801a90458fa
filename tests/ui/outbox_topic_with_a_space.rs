//! A topic that is no name.

use diptych::{Outgoing, OutboxMessage, Result, Tx, service};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
struct Paid;

impl OutboxMessage for Paid {
    const TOPIC: &'static str = "invoice paid";
}

#[service("invoices.pay")]
async fn pay(tx: &mut Tx, outgoing: &Outgoing) -> Result<()> {
    outgoing.send(tx, &Paid).await?;
    Ok(())
}

fn main() {
    let _ = pay::spec();
}
