//! What is done with invoices: they are created as drafts, amended, sent, voided.

use super::{
    InvoiceError, Limits,
    invoice::{Invoice, InvoiceView, Line, Status, invoice_by_id, invoice_row, is_draft},
    owner::Owner,
    view::now,
};
use chrono::NaiveDate;
use diptych::{
    Input, Instance, Operations, PATCH, POST, Result, Scope, State, Tx, query, query_scalar, service, update,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use validator::Validate;

/// A new invoice.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct NewInvoice {
    /// Whom it is for.
    customer_id: Uuid,
    /// Unique among your invoices, for people.
    #[validate(length(min = 1, max = 32))]
    number: String,
    /// When it has to be paid.
    due_on: NaiveDate,
    /// What is charged; at least one line.
    #[validate(length(min = 1, max = 100), nested)]
    lines: Vec<Line>,
}

/// What to change in a draft. What is left out stays.
#[derive(Debug, Deserialize, JsonSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct Amendment {
    /// Unique among your invoices, for people.
    #[validate(length(min = 1, max = 32))]
    number: Option<String>,
    /// When it has to be paid.
    due_on: Option<NaiveDate>,
    /// Replaces all lines.
    #[validate(length(min = 1, max = 100), nested)]
    lines: Option<Vec<Line>>,
}

/// Create an invoice as a draft.
#[service("invoices.create")]
pub async fn create_invoice(
    tx: &mut Tx,
    Input(new): Input<NewInvoice>,
    owner: &Owner,
    limits: State<Limits>,
) -> Result<Uuid, InvoiceError> {
    let amount = within(&limits, &new.lines)?;
    let customer: Option<Uuid> = query_scalar("SELECT id FROM customers WHERE id = $1 AND owner = $2")
        .bind(new.customer_id)
        .bind(owner.text())
        .optional(tx)
        .await?;
    let customer = customer.ok_or(InvoiceError::NoSuchCustomer)?;
    let id = Uuid::now_v7();
    query(
        "INSERT INTO invoices (id, owner, customer_id, number, status, amount_cents, due_on, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
    )
    .bind(id)
    .bind(owner.text())
    .bind(customer)
    .bind(new.number)
    .bind(Status::Draft)
    .bind(amount)
    .bind(new.due_on)
    .bind(now())
    .execute(tx)
    .await?;
    write_lines(tx, id, new.lines).await?;
    Ok(id)
}

/// Change a draft.
#[service("invoices.amend")]
pub async fn amend_invoice(
    tx: &mut Tx,
    Instance(invoice): Instance<Invoice>,
    Input(change): Input<Amendment>,
    limits: State<Limits>,
) -> Result<Uuid, InvoiceError> {
    let amount = change.lines.as_deref().map(|lines| within(&limits, lines)).transpose()?;
    let update = update("invoices")
        .key("id", invoice.id)
        .set("number", &invoice.number, change.number)
        .set("due_on", &invoice.due_on, change.due_on)
        .set("amount_cents", &invoice.amount_cents, amount);
    // New lines are another version, also where they cost the same.
    let update = match &change.lines {
        Some(_) => update.set("version", &invoice.version, Some(invoice.version.next())),
        None => update.version("version", invoice.version),
    };
    update.execute(tx).await?;
    if let Some(lines) = change.lines {
        query("DELETE FROM invoice_lines WHERE invoice_id = $1").bind(invoice.id).execute(tx).await?;
        write_lines(tx, invoice.id, lines).await?;
    }
    Ok(invoice.id)
}

/// Send a draft to its customer. It can not be amended afterwards.
#[service("invoices.send")]
pub async fn send_invoice(tx: &mut Tx, Instance(invoice): Instance<Invoice>) -> Result<Invoice> {
    query("UPDATE invoices SET status = $2, sent_at = $3, version = version + 1 WHERE id = $1")
        .bind(invoice.id)
        .bind(Status::Sent)
        .bind(now())
        .execute(tx)
        .await?;
    Ok(Invoice { status: Status::Sent, version: invoice.version.next(), ..invoice })
}

/// Declare an invoice void. This can not be undone.
#[service("invoices.void")]
pub async fn void_invoice(tx: &mut Tx, Instance(invoice): Instance<Invoice>) -> Result<Invoice> {
    query("UPDATE invoices SET status = $2, version = version + 1 WHERE id = $1")
        .bind(invoice.id)
        .bind(Status::Void)
        .execute(tx)
        .await?;
    Ok(Invoice { status: Status::Void, version: invoice.version.next(), ..invoice })
}

fn within(limits: &Limits, lines: &[Line]) -> Result<i64, InvoiceError> {
    let got = lines.iter().map(|line| i64::from(line.quantity) * line.unit_cents).sum();
    if got > limits.max_cents { Err(InvoiceError::TooLarge { max: limits.max_cents, got }) } else { Ok(got) }
}

async fn write_lines(tx: &mut Tx, invoice: Uuid, lines: Vec<Line>) -> Result<()> {
    for (position, line) in (1i32..).zip(lines) {
        query("INSERT INTO invoice_lines (invoice_id, position, description, quantity, unit_cents) VALUES ($1, $2, $3, $4, $5)")
            .bind(invoice)
            .bind(position)
            .bind(line.description)
            .bind(line.quantity)
            .bind(line.unit_cents)
            .execute(tx)
            .await?;
    }
    Ok(())
}

pub(super) fn operations() -> Operations {
    Operations::new()
        .add(
            create_invoice::spec()
                .allow(Scope("invoices:write"))
                .output(invoice_by_id)
                .present::<InvoiceView>()
                .changes("invoices://{id}")
                .dry_run(true)
                .rest(POST, "/invoices")
                .creates("/invoices/{id}"),
        )
        .add(
            create_invoice::spec()
                .named("invoices.create_many")
                .description("Create invoices as drafts: all of them, or none.")
                .allow(Scope("invoices:write"))
                .output(invoice_by_id)
                .present::<InvoiceView>()
                .changes("invoices://{id}")
                .dry_run(true)
                .bulk(1..=100)
                .rest(POST, "/invoices/many"),
        )
        .add(
            amend_invoice::spec()
                .allow(Scope("invoices:write"))
                .target(invoice_row::spec())
                .require("not_a_draft", "only a draft can be amended", is_draft)
                // Who fills in a form does not undo what somebody else has filled in meanwhile.
                .expects_version()
                .output(invoice_by_id)
                .present::<InvoiceView>()
                .changes("invoices://{id}")
                .idempotent(true)
                .rest(PATCH, "/invoices/{id}"),
        )
        .add(
            send_invoice::spec()
                .allow(Scope("invoices:write"))
                .target(invoice_row::spec())
                .require("not_a_draft", "only a draft can be sent", is_draft)
                // What is sent is what was looked at.
                .expects_version()
                .present::<InvoiceView>()
                .changes("invoices://{id}")
                .rest(POST, "/invoices/{id}/send"),
        )
        .add(
            send_invoice::spec()
                .named("invoices.send_many")
                .description("Send drafts to their customers, each for itself: those that can be sent are.")
                .allow(Scope("invoices:write"))
                .target(invoice_row::spec())
                .require("not_a_draft", "only a draft can be sent", is_draft)
                .expects_version()
                .present::<InvoiceView>()
                .changes("invoices://{id}")
                .per_item(1..=100)
                .rest(POST, "/invoices/send-many"),
        )
        .add(
            void_invoice::spec()
                .allow(Scope("invoices:write"))
                .target(invoice_row::spec())
                .require("already_paid", "an invoice with payments can not be void", |invoice: &Invoice| {
                    invoice.paid_cents == 0
                })
                .present::<InvoiceView>()
                .changes("invoices://{id}")
                .destructive(true)
                .idempotent(true)
                .rest(POST, "/invoices/{id}/void"),
        )
}
