//! Payments.

use super::{
    InvoiceError,
    invoice::{Invoice, InvoiceView, Status, invoice_by_id, invoice_row},
    means::Means,
    owner::Owner,
    receipts::PaymentReceived,
    view::{amount, now},
};
use chrono::{DateTime, Utc};
use diptych::{
    Conn, GET, Idempotency, Input, Instance, Operations, Outgoing, POST, Record, Result, Scope, Select, Tx, query,
    selector, service,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use validator::Validate;

/// A payment that was received.
#[derive(Debug, Deserialize, JsonSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct NewPayment {
    /// How much, in cents; at most what is still due.
    #[validate(range(min = 1))]
    amount_cents: i64,
    /// Anything worth remembering.
    #[validate(length(max = 500))]
    note: Option<String>,
    /// How it was paid.
    #[validate(nested)]
    means: Option<Means>,
}

/// A payment, as stored.
#[derive(Debug, Record)]
pub struct Payment {
    id: Uuid,
    amount_cents: i64,
    note: Option<String>,
    means: Option<String>,
    received_at: DateTime<Utc>,
    receipt_at: Option<DateTime<Utc>>,
}

/// A payment, as shown.
#[derive(Debug, Serialize, JsonSchema)]
pub struct PaymentView {
    id: Uuid,
    /// In cents.
    amount_cents: i64,
    /// For people.
    amount: String,
    note: Option<String>,
    means: Option<Means>,
    received_at: DateTime<Utc>,
    /// When its receipt was written; soon after it was received.
    receipt_at: Option<DateTime<Utc>>,
}

impl From<Payment> for PaymentView {
    fn from(payment: Payment) -> Self {
        let Payment { id, amount_cents, note, means, received_at, receipt_at } = payment;
        let means = Means::read(means.as_deref());
        Self { id, amount_cents, amount: amount(amount_cents), note, means, received_at, receipt_at }
    }
}

/// Record a payment. The invoice is paid once all of it is covered.
#[service("invoices.pay")]
pub async fn pay_invoice(
    tx: &mut Tx,
    Instance(invoice): Instance<Invoice>,
    Input(payment): Input<NewPayment>,
    outgoing: &Outgoing,
) -> Result<Uuid, InvoiceError> {
    let due = invoice.amount_cents - invoice.paid_cents;
    if payment.amount_cents > due {
        return Err(InvoiceError::Overpaid { due });
    }
    let id = Uuid::now_v7();
    query(
        "INSERT INTO payments (id, invoice_id, amount_cents, note, means, received_at) VALUES ($1, $2, $3, $4, $5, $6)",
    )
    .bind(id)
    .bind(invoice.id)
    .bind(payment.amount_cents)
    .bind(payment.note)
    .bind(payment.means.as_ref().map(Means::stored).transpose()?)
    .bind(now())
    .execute(tx)
    .await?;
    let status = if payment.amount_cents == due { Status::Paid } else { invoice.status };
    query("UPDATE invoices SET paid_cents = paid_cents + $2, status = $3, version = version + 1 WHERE id = $1")
        .bind(invoice.id)
        .bind(payment.amount_cents)
        .bind(status)
        .execute(tx)
        .await?;
    // There with the payment or not at all: nothing is sent when any of this is rolled back.
    outgoing.send(tx, &PaymentReceived { payment: id, invoice: invoice.id }).await?;
    Ok(invoice.id)
}

/// The payments of one of your invoices, oldest first.
#[selector("payments.list")]
pub async fn list_payments(
    db: &mut Conn,
    /// The invoice's id.
    #[arg]
    id: Uuid,
    owner: &Owner,
) -> Result<Select<Payment>> {
    invoice_row(db, id, owner).await?.ok_or_else(|| diptych::Error::not_found("there is no such invoice"))?;
    Ok(Select::sql("SELECT id, amount_cents, note, means, received_at, receipt_at FROM payments WHERE invoice_id = $1")
        .bind(id))
}

/// In which order.
#[derive(Debug, diptych::Ordering)]
pub enum PaymentOrder {
    /// When it was received.
    #[order(column = "received_at")]
    Received,
}

pub(super) fn operations() -> Operations {
    Operations::new()
        .add(
            pay_invoice::spec()
                .allow(Scope("invoices:write"))
                .target(invoice_row::spec())
                .require("not_sent", "only an invoice that was sent can be paid", |invoice: &Invoice| {
                    invoice.status == Status::Sent
                })
                .output(invoice_by_id)
                .present::<InvoiceView>()
                .changes("invoices://{id}")
                // Sent twice, it would be paid twice: models can send a key as well.
                .idempotency(Idempotency::optional().argument())
                .dry_run(true)
                .rest(POST, "/invoices/{id}/payments"),
        )
        .add(
            list_payments::spec()
                .allow(Scope("invoices:read"))
                .order_by::<PaymentOrder>("received")
                .present::<PaymentView>()
                .rest(GET, "/invoices/{id}/payments"),
        )
}
