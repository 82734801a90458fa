//! Invoices: created as drafts, amended, sent, voided, listed.

use super::{
    InvoiceError, Limits,
    customers::{CustomerView, list_customers},
    owner::Owner,
    view::{amount, now},
};
use chrono::{DateTime, NaiveDate, Utc};
use diptych::{
    App, Column, Conn, Fields, Filter, GET, Include, Input, Instance, OneOf, Operations, Ordering, PATCH, POST,
    PageNumber, Record, Result, Scope, Select, State, Streaming, Tx, Version, Versioned, query, query_as, query_scalar,
    selector, service, update,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use validator::Validate;

/// Where an invoice is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, Column)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// Can still be amended.
    Draft,
    /// Was sent to the customer.
    Sent,
    /// Was paid in full.
    Paid,
    /// Is no longer valid.
    Void,
}

/// An invoice, as stored.
#[derive(Debug, Clone, Record)]
pub struct Invoice {
    pub(super) id: Uuid,
    customer_id: Uuid,
    pub(super) number: String,
    pub(super) status: Status,
    pub(super) amount_cents: i64,
    pub(super) paid_cents: i64,
    due_on: NaiveDate,
    created_at: DateTime<Utc>,
    version: Version,
}

impl Versioned for Invoice {
    fn version(&self) -> Version {
        self.version
    }
}

/// An invoice, as shown.
#[derive(Debug, Serialize, JsonSchema)]
pub struct InvoiceView {
    id: Uuid,
    customer_id: Uuid,
    number: String,
    status: Status,
    /// In cents.
    amount_cents: i64,
    /// What was paid so far, in cents.
    paid_cents: i64,
    /// The amount for people.
    amount: String,
    due_on: NaiveDate,
    created_at: DateTime<Utc>,
    version: Version,
}

impl From<Invoice> for InvoiceView {
    fn from(invoice: Invoice) -> Self {
        let Invoice { id, customer_id, number, status, amount_cents, paid_cents, due_on, created_at, version } =
            invoice;
        Self {
            id,
            customer_id,
            number,
            status,
            amount_cents,
            paid_cents,
            amount: amount(amount_cents),
            due_on,
            created_at,
            version,
        }
    }
}

/// One line of an invoice.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, Validate, Record)]
#[serde(deny_unknown_fields)]
pub struct Line {
    /// What is charged.
    #[validate(length(min = 1, max = 500))]
    description: String,
    /// How many.
    #[validate(range(min = 1, max = 10000))]
    quantity: i32,
    /// The price of one, in cents.
    #[validate(range(min = 1, max = 1000000000))]
    unit_cents: i64,
}

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

/// An invoice with its lines.
#[derive(Debug)]
pub struct Detail {
    invoice: Invoice,
    lines: Vec<Line>,
}

impl Detail {
    pub(super) fn status(&self) -> Status {
        self.invoice.status
    }
}

/// An invoice with its lines, as shown.
#[derive(Debug, Serialize, JsonSchema)]
pub struct DetailView {
    #[serde(flatten)]
    invoice: InvoiceView,
    lines: Vec<Line>,
}

impl From<Detail> for DetailView {
    fn from(detail: Detail) -> Self {
        Self { invoice: detail.invoice.into(), lines: detail.lines }
    }
}

/// Which invoices.
#[derive(Debug, Deserialize, JsonSchema, Filter)]
pub struct InvoiceFilter {
    /// Any of these.
    status: Option<OneOf<Status>>,
    /// Only this customer's.
    customer_id: Option<Uuid>,
    /// The smallest amount, in cents.
    #[filter(column = "amount_cents", op = ">=")]
    min_amount: Option<i64>,
    /// The largest amount, in cents.
    #[filter(column = "amount_cents", op = "<=")]
    max_amount: Option<i64>,
    /// Due before this day.
    #[filter(column = "due_on", op = "<")]
    due_before: Option<NaiveDate>,
    /// The number starts with this.
    #[filter(column = "number", op = "starts with")]
    number: Option<String>,
}

/// In which order.
#[derive(Debug, Ordering)]
pub enum InvoiceOrder {
    /// By age.
    #[order(column = "created_at")]
    Created,
    /// By amount.
    #[order(column = "amount_cents")]
    Amount,
    /// By due date.
    #[order(column = "due_on")]
    Due,
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

/// Your invoices, newest first.
#[selector("invoices.list")]
pub async fn list_invoices(owner: &Owner) -> Result<Select<Invoice>> {
    Ok(Select::sql(
        "SELECT id, customer_id, number, status, amount_cents, paid_cents, due_on, created_at, version
         FROM invoices WHERE owner = $1",
    )
    .bind(owner.text()))
}

/// One of your invoices, without its lines; the target of everything that changes one.
#[selector("invoices.row")]
pub async fn invoice_row(
    db: &mut Conn,
    /// The invoice's id.
    #[arg]
    id: Uuid,
    owner: &Owner,
) -> Result<Option<Invoice>> {
    query_as(
        "SELECT id, customer_id, number, status, amount_cents, paid_cents, due_on, created_at, version
         FROM invoices WHERE id = $1 AND owner = $2",
    )
    .bind(id)
    .bind(owner.text())
    .optional(db)
    .await
}

/// One of your invoices, with its lines.
#[selector("invoices.get")]
pub async fn get_invoice(
    db: &mut Conn,
    /// The invoice's id.
    #[arg]
    id: Uuid,
    owner: &Owner,
) -> Result<Option<Detail>> {
    let Some(invoice) = invoice_row(db, id, owner).await? else { return Ok(None) };
    let lines =
        query_as("SELECT description, quantity, unit_cents FROM invoice_lines WHERE invoice_id = $1 ORDER BY position")
            .bind(id)
            .all(db)
            .await?;
    Ok(Some(Detail { invoice, lines }))
}

/// The answer of a service that returns an id.
pub(super) fn invoice_by_id(id: &Uuid) -> Select<Invoice> {
    Select::sql(
        "SELECT id, customer_id, number, status, amount_cents, paid_cents, due_on, created_at, version FROM invoices WHERE id = $1",
    )
    .bind(*id)
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

pub(super) fn is_draft(invoice: &Invoice) -> bool {
    invoice.status == Status::Draft
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
        .add(
            list_invoices::spec()
                .allow(Scope("invoices:read"))
                .filter::<InvoiceFilter>()
                .search(["number"])
                .fields(Fields::default())
                .include(Include::one(
                    "customer",
                    |invoice: &Invoice| invoice.customer_id,
                    list_customers::spec().allow(Scope("invoices:read")).present::<CustomerView>(),
                    "id",
                ))
                .order_by::<InvoiceOrder>("-created")
                .paginate(PageNumber::default())
                .present::<InvoiceView>()
                .stream(Streaming::default().file_name("invoices"))
                .rest(GET, "/invoices")
                .resource("invoices://list{?status*,customer_id,number,search,fields*,include,order,page,page_size}"),
        )
        .add(
            get_invoice::spec()
                .allow(Scope("invoices:read"))
                .present::<DetailView>()
                // Who reads one sees what can be done with it, by the rules of the services themselves.
                .affordances_of(
                    |detail: &Detail| &detail.invoice,
                    ["invoices.amend", "invoices.send", "invoices.pay", "invoices.void"],
                )
                .rest(GET, "/invoices/{id}")
                .resource("invoices://{id}")
                .enumerate("invoices.list", "number")
                .ui(App::html("ui://invoices/card", include_str!("card.html")).prefers_border(true)),
        )
}
