//! Invoices: what they are, listed and read. What is done with them is in `changes.rs`.

use super::{
    customers::{CustomerView, list_customers},
    owner::Owner,
    view::amount,
};
use chrono::{DateTime, NaiveDate, Utc};
use diptych::{
    App, Column, Conn, Fields, Filter, GET, Include, OneOf, Operations, Ordering, PageNumber, Record, Result, Scope,
    Select, Streaming, Version, Versioned, query_as, selector,
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
    pub(super) customer_id: Uuid,
    pub(super) number: String,
    pub(super) status: Status,
    pub(super) amount_cents: i64,
    pub(super) paid_cents: i64,
    pub(super) due_on: NaiveDate,
    pub(super) created_at: DateTime<Utc>,
    pub(super) version: Version,
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
    pub(super) description: String,
    /// How many.
    #[validate(range(min = 1, max = 10000))]
    pub(super) quantity: i32,
    /// The price of one, in cents.
    #[validate(range(min = 1, max = 1000000000))]
    pub(super) unit_cents: i64,
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

pub(super) fn is_draft(invoice: &Invoice) -> bool {
    invoice.status == Status::Draft
}

pub(super) fn operations() -> Operations {
    Operations::new()
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
