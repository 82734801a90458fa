//! Reports and search.

use super::{
    owner::Owner,
    view::{amount, cell},
};
use chrono::{NaiveDate, Utc};
use diptych::{Conn, GET, Input, Operations, Progress, Record, Result, Scope, Task, query_as, query_scalar, selector};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use validator::Validate;

/// What one customer is late with.
#[derive(Debug, Record)]
struct Late {
    customer_id: Uuid,
    customer: String,
    invoices: i64,
    due_cents: i64,
    oldest: NaiveDate,
}

/// What one customer is late with, as shown.
#[derive(Debug, Serialize, JsonSchema)]
pub struct LateCustomer {
    pub(super) customer_id: Uuid,
    pub(super) customer: String,
    /// How many invoices are overdue.
    invoices: i64,
    /// In cents.
    due_cents: i64,
    /// For people.
    pub(super) due: String,
    /// The due date of the oldest.
    oldest: NaiveDate,
}

/// Everything that is overdue.
#[derive(Debug, Serialize, JsonSchema)]
pub struct OverdueReport {
    /// The day it was made for.
    pub(super) as_of: NaiveDate,
    /// In cents.
    total_due_cents: i64,
    /// Most overdue first; at most 100.
    pub(super) customers: Vec<LateCustomer>,
}

/// A line of the export.
#[derive(Debug, Record)]
struct Exported {
    number: String,
    status: String,
    due_on: NaiveDate,
    amount_cents: i64,
    paid_cents: i64,
}

/// Something that was found.
#[derive(Debug, Record, Serialize, JsonSchema)]
pub struct Hit {
    /// `customer` or `invoice`.
    kind: String,
    id: Uuid,
    /// The customer's name or the invoice's number.
    label: String,
}

/// What was found.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Hits {
    /// At most 20.
    hits: Vec<Hit>,
}

/// What is overdue, by customer.
#[selector("reports.overdue")]
pub async fn overdue_report(
    db: &mut Conn,
    /// The day to make it for; today when left out.
    #[arg]
    as_of: Option<NaiveDate>,
    owner: &Owner,
) -> Result<OverdueReport> {
    let as_of = as_of.unwrap_or_else(|| Utc::now().date_naive());
    let late: Vec<Late> = query_as(
        "SELECT c.id AS customer_id, c.name AS customer, COUNT(*) AS invoices,
                SUM(i.amount_cents - i.paid_cents) AS due_cents, MIN(i.due_on) AS oldest
         FROM invoices i JOIN customers c ON c.id = i.customer_id
         WHERE i.owner = $1 AND i.status = 'sent' AND i.due_on < $2
         GROUP BY c.id, c.name ORDER BY oldest, c.id LIMIT 100",
    )
    .bind(owner.text())
    .bind(as_of)
    .all(db)
    .await?;
    let customers = late.into_iter().map(|late| {
        let Late { customer_id, customer, invoices, due_cents, oldest } = late;
        LateCustomer { customer_id, customer, invoices, due_cents, due: amount(due_cents), oldest }
    });
    let customers: Vec<_> = customers.collect();
    let total_due_cents = customers.iter().map(|late| late.due_cents).sum();
    Ok(OverdueReport { as_of, total_due_cents, customers })
}

/// What is overdue today, by customer, as a table.
#[selector("reports.overdue_csv")]
pub async fn overdue_csv(db: &mut Conn, owner: &Owner) -> Result<String> {
    let report = overdue_report(db, None, owner).await?;
    let mut table = "customer,invoices,due_cents,oldest\r\n".to_owned();
    for late in report.customers {
        let LateCustomer { customer, invoices, due_cents, oldest, .. } = late;
        table += &format!("{},{invoices},{due_cents},{oldest}\r\n", cell(&customer));
    }
    Ok(table)
}

/// All invoices as a table: a long read, so a task for clients that can have one.
#[selector("reports.export")]
pub async fn export(db: &mut Conn, owner: &Owner, progress: Progress) -> Result<String> {
    let total: i64 = query_scalar("SELECT COUNT(*) FROM invoices WHERE owner = $1").bind(owner.text()).one(db).await?;
    let mut table = "number,status,due_on,amount_cents,paid_cents\r\n".to_owned();
    let (mut after, mut rows) = (String::new(), 0);
    loop {
        let page: Vec<Exported> = query_as(
            "SELECT number, status, due_on, amount_cents, paid_cents FROM invoices
             WHERE owner = $1 AND number > $2 ORDER BY number LIMIT 500",
        )
        .bind(owner.text())
        .bind(&after)
        .all(db)
        .await?;
        let Some(last) = page.last() else { return Ok(table) };
        after.clone_from(&last.number);
        rows += page.len();
        for row in page {
            let Exported { number, status, due_on, amount_cents, paid_cents } = row;
            table += &format!("{},{status},{due_on},{amount_cents},{paid_cents}\r\n", cell(&number));
        }
        progress.report(rows as f64, total as f64);
    }
}

/// What to find.
#[derive(Debug, Deserialize, JsonSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct Search {
    /// What to look for.
    #[validate(length(min = 2, max = 200))]
    text: String,
}

/// Find customers by name and invoices by number.
#[selector("search")]
pub async fn search(db: &mut Conn, Input(search): Input<Search>, owner: &Owner) -> Result<Hits> {
    let hits = query_as(
        "SELECT 'customer' AS kind, id, name AS label FROM customers
         WHERE owner = $1 AND LOWER(name) LIKE '%' || $2 || '%' ESCAPE '!'
         UNION ALL
         SELECT 'invoice' AS kind, id, number AS label FROM invoices
         WHERE owner = $1 AND LOWER(number) LIKE '%' || $2 || '%' ESCAPE '!'
         ORDER BY label, id LIMIT 20",
    )
    .bind(owner.text())
    .bind(literal(&search.text))
    .all(db)
    .await?;
    Ok(Hits { hits })
}

/// The text as a LIKE pattern in which nothing is special.
fn literal(text: &str) -> String {
    text.to_lowercase().replace('!', "!!").replace('%', "!%").replace('_', "!_")
}

pub(super) fn operations() -> Operations {
    Operations::new()
        .add(overdue_report::spec().allow(Scope("invoices:read")).rest(GET, "/reports/overdue"))
        .add(
            overdue_csv::spec()
                .allow(Scope("invoices:read"))
                .mime_type("text/csv")
                .rest(GET, "/reports/overdue.csv")
                .resource("reports://overdue.csv")
                .tool(false),
        )
        .add(
            export::spec()
                .allow(Scope("invoices:read"))
                .mime_type("text/csv")
                .rest(GET, "/reports/export.csv")
                .task(Task::optional()),
        )
        .add(search::spec().allow(Scope("invoices:read")).rest(GET, "/search"))
}
