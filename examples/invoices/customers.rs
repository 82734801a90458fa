//! Customers.

use super::{
    owner::Owner,
    view::{amount, now},
};
use chrono::{DateTime, Utc};
use diptych::{
    Conn, FieldChanges, Filter, GET, Input, Instance, Operations, Ordering, PATCH, POST, PageNumber, Patch, Record,
    Result, Scope, Select, Tx, query, query_as, selector, service, update,
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
    phone: Option<String>,
    created_at: DateTime<Utc>,
}

/// A customer, as shown.
#[derive(Debug, Serialize, JsonSchema)]
pub struct CustomerView {
    id: Uuid,
    name: String,
    email: String,
    phone: Option<String>,
    created_at: DateTime<Utc>,
}

impl From<Customer> for CustomerView {
    fn from(customer: Customer) -> Self {
        let Customer { id, name, email, phone, created_at } = customer;
        Self { id, name, email, phone, created_at }
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
    /// Where they can be called.
    #[validate(length(min = 3, max = 30))]
    phone: Option<String>,
}

/// What to change in a customer. What is left out stays.
#[derive(Debug, Deserialize, JsonSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct CustomerChange {
    /// The name on the invoice.
    #[validate(length(min = 1, max = 200))]
    name: Option<String>,
    /// Where invoices are sent; unique among your customers.
    #[validate(email)]
    email: Option<String>,
    /// Where they can be called; null removes the number.
    #[validate(length(min = 3, max = 30))]
    phone: Patch<String>,
}

/// A customer after a change, and the change.
#[derive(Debug)]
pub struct Changed {
    customer: Customer,
    changes: FieldChanges,
}

/// A customer after a change, and the change, as shown.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ChangedView {
    #[serde(flatten)]
    customer: CustomerView,
    /// What is not as it was before; empty when everything is.
    changes: FieldChanges,
}

impl From<Changed> for ChangedView {
    fn from(changed: Changed) -> Self {
        Self { customer: changed.customer.into(), changes: changed.changes }
    }
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
pub async fn create_customer(tx: &mut Tx, Input(new): Input<NewCustomer>, owner: &Owner) -> Result<Customer> {
    let NewCustomer { name, email, phone } = new;
    let customer = Customer { id: Uuid::now_v7(), name, email, phone, created_at: now() };
    query("INSERT INTO customers (id, owner, name, email, phone, created_at) VALUES ($1, $2, $3, $4, $5, $6)")
        .bind(customer.id)
        .bind(owner.text())
        .bind(&customer.name)
        .bind(&customer.email)
        .bind(&customer.phone)
        .bind(customer.created_at)
        .execute(tx)
        .await?;
    Ok(customer)
}

/// Change a customer. Answers what changed.
#[service("customers.update")]
pub async fn update_customer(
    tx: &mut Tx,
    Instance(customer): Instance<Customer>,
    Input(change): Input<CustomerChange>,
) -> Result<Changed> {
    let CustomerChange { name, email, phone } = change;
    let changes = update("customers")
        .key("id", customer.id)
        .set("name", &customer.name, name.clone())
        .set("email", &customer.email, email.clone())
        .set("phone", &customer.phone, phone.clone())
        .execute(tx)
        .await?;
    let customer = Customer {
        name: name.unwrap_or(customer.name),
        email: email.unwrap_or(customer.email),
        phone: phone.or(customer.phone),
        ..customer
    };
    Ok(Changed { customer, changes })
}

/// Your customers.
#[selector("customers.list")]
pub async fn list_customers(owner: &Owner) -> Result<Select<Customer>> {
    Ok(Select::sql("SELECT id, name, email, phone, created_at FROM customers WHERE owner = $1").bind(owner.text()))
}

/// One of your customers.
#[selector("customers.get")]
pub async fn get_customer(
    db: &mut Conn,
    /// The customer's id.
    #[arg]
    id: Uuid,
    owner: &Owner,
) -> Result<Option<Customer>> {
    query_as("SELECT id, name, email, phone, created_at FROM customers WHERE id = $1 AND owner = $2")
        .bind(id)
        .bind(owner.text())
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
    owner: &Owner,
) -> Result<Option<Balance>> {
    if get_customer(db, id, owner).await?.is_none() {
        return Ok(None);
    }
    let owed: Owed = query_as(
        "SELECT COALESCE(SUM(amount_cents), 0) AS invoiced_cents,
                COALESCE(SUM(paid_cents), 0) AS paid_cents
         FROM invoices WHERE customer_id = $1 AND owner = $2 AND status IN ('sent', 'paid')",
    )
    .bind(id)
    .bind(owner.text())
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
            update_customer::spec()
                .allow(Scope("invoices:write"))
                .target(get_customer::spec())
                .present::<ChangedView>()
                .changes("customers://{id}")
                .idempotent(true)
                .rest(PATCH, "/customers/{id}"),
        )
        .add(
            list_customers::spec()
                .allow(Scope("invoices:read"))
                .filter::<CustomerFilter>()
                .search(["name", "email", "phone"])
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
