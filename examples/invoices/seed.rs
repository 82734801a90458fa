//! Data for the first start, so that there is something to look at.

use super::view::now;
use chrono::Duration;
use diptych::{Db, Result, query, query_scalar};
use uuid::Uuid;

/// Who owns the first data: the name to log in with.
const OWNER: &str = "ann";

/// Fills an empty database; leaves any other alone.
pub async fn seed(db: Db) -> Result<()> {
    let mut tx = db.begin().await?;
    let customers: i64 = query_scalar("SELECT COUNT(*) FROM customers").one(&mut tx).await?;
    if customers > 0 {
        tx.rollback().await;
        return Ok(());
    }
    let now = now();
    for (customer, name) in ["Blue Bakery", "Cedar Carpentry", "Delta Dental"].into_iter().enumerate() {
        let customer_id = Uuid::now_v7();
        query("INSERT INTO customers (id, owner, name, email, created_at) VALUES ($1, $2, $3, $4, $5)")
            .bind(customer_id)
            .bind(OWNER)
            .bind(name)
            .bind(format!("{}@example.com", name.to_lowercase().replace(' ', ".")))
            .bind(now - Duration::days(90))
            .execute(&mut tx)
            .await?;
        for month in 0i64..4 {
            let number = format!("2026-{:03}", customer as i64 * 4 + month + 1);
            let (status, paid) = match month {
                0 => ("paid", true),
                1 | 2 => ("sent", false),
                _ => ("draft", false),
            };
            let unit_cents = 12_500 + month * 4_000;
            let amount = unit_cents * 3;
            let invoice_id = Uuid::now_v7();
            let created = now - Duration::days(80 - month * 20);
            query(
                "INSERT INTO invoices (id, owner, customer_id, number, status, amount_cents, paid_cents, due_on, created_at)
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
            )
            .bind(invoice_id)
            .bind(OWNER)
            .bind(customer_id)
            .bind(number)
            .bind(status)
            .bind(amount)
            .bind(if paid { amount } else { 0 })
            .bind((created + Duration::days(30)).date_naive())
            .bind(created)
            .execute(&mut tx)
            .await?;
            query(
                "INSERT INTO invoice_lines (invoice_id, position, description, quantity, unit_cents)
                 VALUES ($1, 1, 'Consulting', 3, $2)",
            )
            .bind(invoice_id)
            .bind(unit_cents)
            .execute(&mut tx)
            .await?;
            if paid {
                query("INSERT INTO payments (id, invoice_id, amount_cents, received_at) VALUES ($1, $2, $3, $4)")
                    .bind(Uuid::now_v7())
                    .bind(invoice_id)
                    .bind(amount)
                    .bind(created + Duration::days(10))
                    .execute(&mut tx)
                    .await?;
            }
        }
    }
    tx.commit().await
}
