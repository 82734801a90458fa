//! Receipts: each payment gets one, soon after and once. Who pays does not wait for it, and no receipt is for a payment that was not
//! kept.

use super::view::now;
use diptych::{Delivery, Outbox, OutboxMessage, Result, Tx, query};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// A payment was received.
#[derive(Debug, Serialize, Deserialize)]
pub struct PaymentReceived {
    pub(super) payment: Uuid,
    pub(super) invoice: Uuid,
}

impl OutboxMessage for PaymentReceived {
    const TOPIC: &'static str = "payment.received";

    /// The receipts of an invoice are written in the order of its payments.
    fn key(&self) -> Option<String> {
        Some(self.invoice.to_string())
    }
}

/// Writes the receipt. In a transaction, so that it is written once; a function that has it mailed would take no `tx`, and pass on
/// `received.id()` for the mailer to know it by.
async fn write_receipt(tx: &mut Tx, received: Delivery<PaymentReceived>) -> Result<()> {
    query("UPDATE payments SET receipt_at = $2 WHERE id = $1").bind(received.payment).bind(now()).execute(tx).await?;
    Ok(())
}

/// What is done after the fact.
pub fn outbox() -> Outbox {
    Outbox::new().handle(write_receipt)
}
