//! Reminders to whoever is late, one after the other; whoever waits for them hears how far they are.

use super::{
    owner::Owner,
    reports::{LateCustomer, OverdueReport, overdue_report},
};
use chrono::NaiveDate;
use diptych::{Conn, GET, Operations, Progress, Result, Scope, query_scalar, selector};
use schemars::JsonSchema;
use serde::Serialize;
use uuid::Uuid;

/// A reminder of everything that one customer is late with.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Reminder {
    customer_id: Uuid,
    customer: String,
    /// What to write.
    text: String,
}

/// One reminder for each customer who is late.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Reminders {
    /// Most overdue first; at most 100.
    reminders: Vec<Reminder>,
}

/// Reminders to all who are late, one for each customer.
#[selector("reports.reminders")]
pub async fn reminders(
    db: &mut Conn,
    /// The day to write them for; today when left out.
    #[arg]
    as_of: Option<NaiveDate>,
    owner: &Owner,
    progress: Progress,
) -> Result<Reminders> {
    let OverdueReport { as_of, customers, .. } = overdue_report(db, as_of, owner).await?;
    let total = customers.len() as f64;
    let mut reminders = Vec::with_capacity(customers.len());
    for (written, LateCustomer { customer_id, customer, due, .. }) in (1u32..).zip(customers) {
        let numbers: Vec<String> = query_scalar(
            "SELECT number FROM invoices WHERE customer_id = $1 AND status = 'sent' AND due_on < $2 ORDER BY due_on, id",
        )
        .bind(customer_id)
        .bind(as_of)
        .all(db)
        .await?;
        let text = format!("Dear {customer}, {due} is overdue. Please pay {}.", numbers.join(", "));
        progress.report_with(f64::from(written), total, &customer);
        reminders.push(Reminder { customer_id, customer, text });
    }
    Ok(Reminders { reminders })
}

pub(super) fn operations() -> Operations {
    Operations::new().add(reminders::spec().allow(Scope("invoices:read")).rest(GET, "/reports/reminders"))
}
