//! Customers.

use super::view::{amount, now};
use chrono::{DateTime, Utc};
use diptych::{
    Conn, Filter, GET, Input, Operations, Ordering, POST, PageNumber, Principal, Record, Result, Scope, Select, Tx,
    query, query_as, selector, service,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use validator::Validate;

/// A customer, as stored.
#[derive(Debug, Record)]
pub struct Customer {
    id: Uuid,
    name: String,
    email: String,
    created_at: DateTime<Utc>,
}

/// A customer, as shown.
#[derive(Debug, Serialize, JsonSchema)]
pub struct CustomerView {
    id: Uuid,
    name: String,
    email: String,
    created_at: DateTime<Utc>,
}

impl From<Customer> for CustomerView {
    fn from(customer: Customer) -> Self {
        let Customer { id, name, email, created_at } = customer;
        Self { id, name, email, created_at }
    }
}

/// A new customer.
#[derive(Debug, Deserialize, JsonSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct NewCustomer {
    /// The name on the invoice.
    #[validate(length(min = 1, max = 200))]
    name: String,
    /// Where invoices are sent; unique among your customers.
    #[validate(email)]
    email: String,
}

/// Which customers.
#[derive(Debug, Deserialize, JsonSchema, Filter)]
pub struct CustomerFilter {
    /// Part of the name.
    #[filter(op = "contains")]
    name: Option<String>,
    /// The exact email address.
    email: Option<String>,
}

/// In which order.
#[derive(Debug, Ordering)]
pub enum CustomerOrder {
    /// By name.
    Name,
    /// By age.
    #[order(column = "created_at")]
    Created,
}

/// What a customer owes.
#[derive(Debug, Record)]
struct Owed {
    invoiced_cents: i64,
    paid_cents: i64,
}

/// What a customer owes.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Balance {
    /// The sum of all invoices that were sent, in cents.
    invoiced_cents: i64,
    /// What of that was paid, in cents.
    paid_cents: i64,
    /// What is still due, for people.
    due: String,
}

/// Create a customer.
#[service("customers.create")]
pub async fn create_customer(tx: &mut Tx, Input(new): Input<NewCustomer>, who: &Principal) -> Result<Customer> {
    let customer = Customer { id: Uuid::now_v7(), name: new.name, email: new.email, created_at: now() };
    query("INSERT INTO customers (id, owner, name, email, created_at) VALUES ($1, $2, $3, $4, $5)")
        .bind(customer.id)
        .bind(who.subject())
        .bind(&customer.name)
        .bind(&customer.email)
        .bind(customer.created_at)
        .execute(tx)
        .await?;
    Ok(customer)
}

/// Your customers.
#[selector("customers.list")]
pub async fn list_customers(who: &Principal) -> Result<Select<Customer>> {
    Ok(Select::sql("SELECT id, name, email, created_at FROM customers WHERE owner = $1").bind(who.subject()))
}

/// One of your customers.
#[selector("customers.get")]
pub async fn get_customer(
    db: &mut Conn,
    /// The customer's id.
    #[arg]
    id: Uuid,
    who: &Principal,
) -> Result<Option<Customer>> {
    query_as("SELECT id, name, email, created_at FROM customers WHERE id = $1 AND owner = $2")
        .bind(id)
        .bind(who.subject())
        .optional(db)
        .await
}

/// What one of your customers owes.
#[selector("customers.balance")]
pub async fn customer_balance(
    db: &mut Conn,
    /// The customer's id.
    #[arg]
    id: Uuid,
    who: &Principal,
) -> Result<Option<Balance>> {
    if get_customer(db, id, who).await?.is_none() {
        return Ok(None);
    }
    let owed: Owed = query_as(
        "SELECT CAST(COALESCE(SUM(amount_cents), 0) AS BIGINT) AS invoiced_cents,
                CAST(COALESCE(SUM(paid_cents), 0) AS BIGINT) AS paid_cents
         FROM invoices WHERE customer_id = $1 AND owner = $2 AND status IN ('sent', 'paid')",
    )
    .bind(id)
    .bind(who.subject())
    .one(db)
    .await?;
    let Owed { invoiced_cents, paid_cents } = owed;
    Ok(Some(Balance { invoiced_cents, paid_cents, due: amount(invoiced_cents - paid_cents) }))
}

pub(super) fn operations() -> Operations {
    Operations::new()
        .add(
            create_customer::spec()
                .allow(Scope("invoices:write"))
                .present::<CustomerView>()
                .rest(POST, "/customers")
                .creates("/customers/{id}"),
        )
        .add(
            list_customers::spec()
                .allow(Scope("invoices:read"))
                .filter::<CustomerFilter>()
                .order_by::<CustomerOrder>("name")
                .paginate(PageNumber::default())
                .present::<CustomerView>()
                .rest(GET, "/customers"),
        )
        .add(
            get_customer::spec()
                .allow(Scope("invoices:read"))
                .present::<CustomerView>()
                .rest(GET, "/customers/{id}")
                .resource("customers://{id}"),
        )
        .add(customer_balance::spec().allow(Scope("invoices:read")).rest(GET, "/customers/{id}/balance"))
}
