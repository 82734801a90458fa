//! Idempotency keys: a call that is sent again is not done again, over every surface.

use super::{
    World, everywhere,
    world::{customer, invoice},
};
use serde_json::{Value, json};

everywhere!(
    what_is_sent_again_is_done_once,
    a_key_is_for_one_call,
    a_key_is_the_callers_and_the_operations,
    what_failed_is_not_kept,
    what_is_no_key_is_refused,
    what_only_reads_takes_no_notice,
);

/// The second time nothing is looked at: the invoice is not a draft any more, and the payment would be too much.
async fn what_is_sent_again_is_done_once(world: &World) {
    let ann = world.ann().await;
    let customer = customer(&ann, "Ada").await;
    let id = invoice(&ann, &customer, "1", 1_000, "2026-12-31").await;
    let again = async |operation, arguments: Value| {
        let first = ann.call_with_key("k1", operation, arguments.clone()).await.unwrap();
        for _ in 0..2 {
            assert_eq!(ann.call_with_key("k1", operation, arguments.clone()).await.unwrap(), first, "{operation}");
        }
        first
    };
    assert_eq!(again("invoices.send", json!({"id": id})).await["status"], "sent");
    assert_eq!(ann.call("invoices.send", json!({"id": id})).await.unwrap_err()["code"], "not_a_draft");
    let paid = again("invoices.pay", json!({"id": id, "amount_cents": 700})).await;
    assert_eq!(paid["paid_cents"], 700);
    let refused = ann.call("invoices.pay", json!({"id": id, "amount_cents": 700})).await.unwrap_err();
    assert_eq!(refused["code"], "overpaid");
    again("customers.create", json!({"name": "Bea", "email": "bea@example.com"})).await;
    assert_eq!(ann.call("customers.list", json!({})).await.unwrap()["total"], 2);
    // What the answer says has changed since; the answer has not.
    ann.call("invoices.pay", json!({"id": id, "amount_cents": 300})).await.unwrap();
    assert_eq!(again("invoices.send", json!({"id": id})).await["status"], "sent");
}

async fn a_key_is_for_one_call(world: &World) {
    let ann = world.ann().await;
    let ada = json!({"name": "Ada", "email": "ada@example.com"});
    ann.call_with_key("k", "customers.create", ada.clone()).await.unwrap();
    let other = json!({"name": "Ada", "email": "ada@example.org"});
    let problem = ann.call_with_key("k", "customers.create", other.clone()).await.unwrap_err();
    assert_eq!((&problem["status"], &problem["code"]), (&json!(422), &json!("idempotency_key_reused")));
    ann.call_with_key("k2", "customers.create", other).await.unwrap();
    ann.call_with_key("k", "customers.create", ada).await.unwrap();
}

async fn a_key_is_the_callers_and_the_operations(world: &World) {
    let (ann, bob) = (world.ann().await, world.caller(Some("bob")).await);
    let new = json!({"name": "Ada", "email": "ada@example.com"});
    let hers = ann.call_with_key("k", "customers.create", new.clone()).await.unwrap();
    let his = bob.call_with_key("k", "customers.create", new.clone()).await.unwrap();
    assert_ne!(hers["id"], his["id"]);
    let id = invoice(&ann, hers["id"].as_str().unwrap(), "1", 1_000, "2026-12-31").await;
    ann.call_with_key("k", "invoices.send", json!({"id": id})).await.unwrap();
    let other = world.caller(Some("ann+invoices:read")).await;
    let refused = other.call_with_key("k", "customers.create", new).await.unwrap_err();
    assert_eq!(refused["status"], 403, "who may not call gets no answer of then either");
}

async fn what_failed_is_not_kept(world: &World) {
    let ann = world.ann().await;
    let new = |name: &str, email: &str| json!({"name": name, "email": email});
    ann.call("customers.create", new("Ada", "ada@example.com")).await.unwrap();
    for (arguments, code) in [
        (new("", "bea@example.com"), "invalid"),
        (json!({"name": "Bea", "email": "bea@example.com", "age": 7}), "invalid"),
        (new("Ada", "ada@example.com"), "unique"),
    ] {
        for _ in 0..2 {
            let problem = ann.call_with_key("k", "customers.create", arguments.clone()).await.unwrap_err();
            assert_eq!(problem["code"], code);
        }
    }
    let first = ann.call_with_key("k", "customers.create", new("Bea", "bea@example.com")).await.unwrap();
    assert_eq!(ann.call_with_key("k", "customers.create", new("Bea", "bea@example.com")).await.unwrap(), first);
}

async fn what_is_no_key_is_refused(world: &World) {
    let ann = world.ann().await;
    let new = json!({"name": "Ada", "email": "ada@example.com"});
    for key in ["a b", "\"", &"k".repeat(256)] {
        // In quotes it is another key over REST.
        let key = if world.is_rest() || key != "\"" { key } else { "" };
        let problem = ann.call_with_key(key, "customers.create", new.clone()).await.unwrap_err();
        assert_eq!((&problem["status"], &problem["code"]), (&json!(400), &json!("idempotency_key_invalid")), "{key}");
        let detail = problem["detail"].as_str().unwrap();
        let place = match (world.is_rest(), world.is_mcp()) {
            (true, _) => "the header `Idempotency-Key` has to be 1 to 255",
            (_, true) => "`_meta[\"dev.diptych/idempotency-key\"]` has to be 1 to 255",
            _ => "the idempotency key has to be 1 to 255",
        };
        assert!(detail.starts_with(place), "{detail}");
    }
    assert_eq!(ann.call("customers.list", json!({})).await.unwrap()["total"], 0);
}

async fn what_only_reads_takes_no_notice(world: &World) {
    let ann = world.ann().await;
    for name in ["Ada", "Bea"] {
        customer(&ann, name).await;
        let total = &ann.call_with_key("k", "customers.list", json!({})).await.unwrap()["total"];
        assert_eq!(*total, if name == "Ada" { 1 } else { 2 });
    }
}
