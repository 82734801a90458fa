//! Rows of which a caller picks the fields.

use super::{
    World, everywhere,
    world::{customer, fields, invoice},
};
use serde_json::json;

everywhere!(rows_have_the_fields_that_were_picked, what_cannot_be_picked_is_told);

async fn rows_have_the_fields_that_were_picked(world: &World) {
    let ann = world.ann().await;
    let ada = customer(&ann, "Ada").await;
    for (number, cents) in [("A-1", 150), ("A-2", 250)] {
        invoice(&ann, &ada, number, cents, "2026-12-01").await;
    }
    let list = async |mut arguments: serde_json::Value| {
        arguments["order"] = json!(["due", "amount"]);
        ann.call("invoices.list", arguments).await.unwrap()
    };
    let page = list(json!({"fields": ["amount", "number", "amount"]})).await;
    // In the order of the row, each once, with what is around the rows.
    let expected = json!({
        "items": [{"number": "A-1", "amount": "1.50"}, {"number": "A-2", "amount": "2.50"}],
        "total": 2, "page": 1, "page_size": 25,
    });
    assert_eq!(page.to_string(), expected.to_string());
    let page = list(json!({"fields": ["number"], "include": ["customer"], "search": "2"})).await;
    let row = &page["items"][0];
    assert_eq!((&row["number"], &row["customer"]["name"]), (&json!("A-2"), &json!("Ada")));
    assert_eq!(row.as_object().unwrap().len(), 2);
    let all = list(json!({})).await;
    assert!(all["items"][0].as_object().unwrap().len() > 5);
}

async fn what_cannot_be_picked_is_told(world: &World) {
    let ann = world.ann().await;
    let problem = ann.call("invoices.list", json!({"fields": ["id", "owner", "customer"]})).await.unwrap_err();
    let known = "expected one of id, customer_id, number, status, amount_cents, paid_cents, amount, due_on, created_at, version";
    assert_eq!(fields(&problem), [format!("/fields/1: {known}"), format!("/fields/2: {known}")]);
    let problem = ann.call("customers.list", json!({"fields": ["id"]})).await.unwrap_err();
    assert_eq!(problem["errors"][0]["code"], "unknown");
}
