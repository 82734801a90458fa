//! Selectors that are no list: one row, and any other value.

use super::{
    World, everywhere,
    world::{customer, invoice},
};
use serde_json::json;

everywhere!(one_row_or_not_found, reports_and_search);

async fn one_row_or_not_found(world: &World) {
    let ann = world.ann().await;
    let id = customer(&ann, "Ada").await;
    let found = ann.call("customers.get", json!({"id": id})).await.unwrap();
    assert_eq!((&found["name"], &found["email"]), (&json!("Ada"), &json!("ada@example.com")));
    let problem = ann.call("customers.get", json!({"id": "00000000-0000-0000-0000-000000000000"})).await.unwrap_err();
    assert_eq!((&problem["status"], &problem["code"]), (&json!(404), &json!("not_found")));
    let balance = ann.call("customers.balance", json!({"id": "00000000-0000-0000-0000-000000000000"})).await;
    assert_eq!(balance.unwrap_err(), problem);
}

async fn reports_and_search(world: &World) {
    let ann = world.ann().await;
    let customer = customer(&ann, "Ada & Sons").await;
    for (number, cents, due_on) in
        [("N-1", 1_000, "2026-01-01"), ("N-2", 2_000, "2026-02-01"), ("N-3", 4_000, "2026-03-01")]
    {
        let id = invoice(&ann, &customer, number, cents, due_on).await;
        ann.call("invoices.send", json!({"id": id})).await.unwrap();
    }
    let report = ann.call("reports.overdue", json!({"as_of": "2026-02-15"})).await.unwrap();
    assert_eq!(
        report,
        json!({"as_of": "2026-02-15", "total_due_cents": 3_000, "customers": [{
            "customer_id": customer, "customer": "Ada & Sons", "invoices": 2, "due_cents": 3_000, "due": "30.00",
            "oldest": "2026-01-01",
        }]})
    );
    let reminders = ann.call("reports.reminders", json!({"as_of": "2026-02-15"})).await.unwrap();
    assert_eq!(
        reminders,
        json!({"reminders": [{
            "customer_id": customer, "customer": "Ada & Sons",
            "text": "Dear Ada & Sons, 30.00 is overdue. Please pay N-1, N-2.",
        }]})
    );
    let hits = ann.call("search", json!({"text": "n-"})).await.unwrap();
    let labels: Vec<_> = hits["hits"].as_array().unwrap().iter().map(|hit| hit["label"].as_str().unwrap()).collect();
    assert_eq!(labels, ["N-1", "N-2", "N-3"]);
    let hits = ann.call("search", json!({"text": "& s"})).await.unwrap();
    assert_eq!(hits["hits"][0]["kind"], "customer");
    let problem = ann.call("search", json!({"text": "n"})).await.unwrap_err();
    assert_eq!(problem["errors"][0]["pointer"], "/text");
}
