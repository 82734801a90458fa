//! `send` with a type that is no message.

use diptych::{Outgoing, Result, Tx, service};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
struct Paid;

#[service("invoices.pay")]
async fn pay(tx: &mut Tx, outgoing: &Outgoing) -> Result<()> {
    outgoing.send(tx, &Paid).await?;
    Ok(())
}

fn main() {}
