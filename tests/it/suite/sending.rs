//! The outbox: a payment is followed by its receipt, once, and nothing else is.

use super::{
    World, everywhere,
    world::{customer, invoice},
};
use serde_json::{Value, json};
use std::time::Duration;

everywhere!(each_payment_gets_one_receipt);

async fn each_payment_gets_one_receipt(world: &World) {
    let ann = world.ann().await;
    let customer = customer(&ann, "Ada").await;
    let id = invoice(&ann, &customer, "1", 5_000, "2026-12-31").await;
    ann.call("invoices.send", json!({"id": id})).await.unwrap();
    // What is tried and what is refused sends nothing.
    let pay = |cents: i64, dry_run: bool| json!({"id": id, "amount_cents": cents, "dry_run": dry_run});
    ann.call("invoices.pay", pay(1_000, true)).await.unwrap();
    ann.call("invoices.pay", pay(6_000, false)).await.unwrap_err();
    assert_eq!(world.count("SELECT COUNT(*) FROM diptych_outbox").await, 0);
    // What is sent again is not, either.
    for _ in 0..2 {
        ann.call_with_key("k", "invoices.pay", pay(1_000, false)).await.unwrap();
    }
    ann.call("invoices.pay", pay(4_000, false)).await.unwrap();
    assert_eq!(world.count("SELECT COUNT(*) FROM diptych_outbox").await, 2);
    for _ in 0..1_000 {
        let payments = ann.call("payments.list", json!({"id": id})).await.unwrap();
        let payments = payments["items"].as_array().unwrap();
        assert_eq!(payments.len(), 2);
        if payments.iter().all(|payment| payment["receipt_at"] != Value::Null) {
            assert_eq!(world.count("SELECT COUNT(*) FROM diptych_outbox WHERE state = 'delivered'").await, 2);
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("a payment has no receipt");
}
