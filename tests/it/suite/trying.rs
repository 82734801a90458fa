//! Dry runs: the answer is what it would have been, whether that is a success or a refusal, and nothing is kept.

use super::{
    World, everywhere,
    world::{customer, fields, invoice},
};
use serde_json::{Value, json};

everywhere!(a_dry_run_keeps_nothing, a_dry_run_is_refused_like_the_call, a_dry_run_is_only_where_it_is_offered);

fn new(number: &str, customer: &str, cents: i64) -> Value {
    let lines = json!([{"description": "Work", "quantity": 1, "unit_cents": cents}]);
    json!({"customer_id": customer, "number": number, "due_on": "2026-12-31", "lines": lines})
}

fn with(mut arguments: Value, dry_run: Value) -> Value {
    arguments["dry_run"] = dry_run;
    arguments
}

async fn a_dry_run_keeps_nothing(world: &World) {
    let ann = world.ann().await;
    let customer = customer(&ann, "Ada").await;
    let tried = ann.call("invoices.create", with(new("1", &customer, 5_000), json!(true))).await.unwrap();
    assert_eq!((&tried["number"], &tried["amount"], &tried["status"]), (&json!("1"), &json!("50.00"), &json!("draft")));
    assert_eq!(ann.call("invoices.list", json!({})).await.unwrap()["total"], 0);
    let problem = ann.call("invoices.get", json!({"id": tried["id"]})).await.unwrap_err();
    assert_eq!(problem["code"], "not_found");

    // The number is still free, and what is no dry run is kept.
    let made = ann.call("invoices.create", with(new("1", &customer, 5_000), json!(false))).await.unwrap();
    let id = json!({"id": made["id"]});
    ann.call("invoices.send", id.clone()).await.unwrap();
    let pay = json!({"id": made["id"], "amount_cents": 5_000, "dry_run": true});
    for _ in 0..2 {
        let paid = ann.call("invoices.pay", pay.clone()).await.unwrap();
        assert_eq!((&paid["status"], &paid["paid_cents"]), (&json!("paid"), &json!(5_000)));
    }
    let invoice = ann.call("invoices.get", id).await.unwrap();
    assert_eq!((&invoice["status"], &invoice["paid_cents"]), (&json!("sent"), &json!(0)));
}

async fn a_dry_run_is_refused_like_the_call(world: &World) {
    let ann = world.ann().await;
    let customer = customer(&ann, "Ada").await;
    let id = invoice(&ann, &customer, "1", 5_000, "2026-12-31").await;
    let other = uuid::Uuid::new_v4().to_string();
    let cases = [
        ("invoices.create", new("1", &customer, 1), 409, "unique"),
        ("invoices.create", new("2", &other, 1), 409, "no_such_customer"),
        ("invoices.create", new("", &customer, 1), 422, "invalid"),
        ("invoices.pay", json!({"id": id, "amount_cents": 1}), 409, "not_sent"),
        ("invoices.pay", json!({"id": other, "amount_cents": 1}), 404, "not_found"),
    ];
    for (operation, arguments, status, code) in cases {
        let problem = ann.call(operation, with(arguments, json!(true))).await.unwrap_err();
        assert_eq!((&problem["status"], &problem["code"]), (&json!(status), &json!(code)), "{operation}");
    }
    let reader = world.caller(Some("ann+invoices:read")).await;
    let problem = reader.call("invoices.create", with(new("3", &customer, 1), json!(true))).await.unwrap_err();
    assert_eq!(problem["status"], 403);
}

async fn a_dry_run_is_only_where_it_is_offered(world: &World) {
    let ann = world.ann().await;
    let customer = customer(&ann, "Ada").await;
    let ben = json!({"name": "Ben", "email": "ben@example.com", "dry_run": true});
    let problem = ann.call("customers.create", ben).await.unwrap_err();
    let known = "there is no such field; known are name, email, phone";
    assert_eq!(fields(&problem), [format!("/dry_run: {known}")]);
    let problem = ann.call("invoices.create", with(new("1", &customer, 1), json!("maybe"))).await.unwrap_err();
    assert_eq!(fields(&problem), ["/dry_run: expected true or false"]);
    assert_eq!(ann.call("invoices.list", json!({})).await.unwrap()["total"], 0);
}
