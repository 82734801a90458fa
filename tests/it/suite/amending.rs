//! Partial updates: what is left out, null and set, and what is told of the change.

use super::{World, everywhere, world::customer, world::fields, world::invoice};
use serde_json::{Value, json};

everywhere!(
    absent_null_and_set_are_told_apart,
    what_does_not_change_is_not_a_change,
    rules_hold_for_what_is_given,
    a_failed_update_leaves_everything,
);

async fn absent_null_and_set_are_told_apart(world: &World) {
    let ann = world.ann().await;
    let id = customer(&ann, "Ada").await;
    let change = async |change: Value| {
        let mut arguments = change;
        arguments["id"] = json!(id);
        let changed = ann.call("customers.update", arguments).await.unwrap();
        let stored = ann.call("customers.get", json!({"id": id})).await.unwrap();
        for (name, value) in stored.as_object().unwrap() {
            assert_eq!(changed[name], *value, "what is answered is what is stored: {name}");
        }
        (stored["phone"].clone(), changed["changes"].clone())
    };
    let set = json!([{"field": "phone", "old": null, "new": "555 0100"}]);
    assert_eq!(change(json!({"phone": "555 0100"})).await, (json!("555 0100"), set));
    let named = json!([{"field": "name", "old": "Ada", "new": "Ada Ltd"}]);
    assert_eq!(change(json!({"name": "Ada Ltd"})).await, (json!("555 0100"), named));
    let cleared = json!([{"field": "phone", "old": "555 0100", "new": null}]);
    assert_eq!(change(json!({"phone": null})).await, (Value::Null, cleared));
    let several = json!([
        {"field": "name", "old": "Ada Ltd", "new": "Ada"},
        {"field": "email", "old": "ada@example.com", "new": "a@example.com"},
        {"field": "phone", "old": null, "new": "123"},
    ]);
    let given = json!({"phone": "123", "email": "a@example.com", "name": "Ada"});
    assert_eq!(change(given).await, (json!("123"), several));
}

async fn what_does_not_change_is_not_a_change(world: &World) {
    let ann = world.ann().await;
    let id = customer(&ann, "Ada").await;
    for same in [json!({}), json!({"phone": null}), json!({"name": "Ada", "email": "ada@example.com"})] {
        let mut arguments = same.clone();
        arguments["id"] = json!(id);
        let changed = ann.call("customers.update", arguments).await.unwrap();
        assert_eq!((&changed["changes"], &changed["name"]), (&json!([]), &json!("Ada")), "{same}");
    }
}

async fn rules_hold_for_what_is_given(world: &World) {
    let ann = world.ann().await;
    let id = customer(&ann, "Ada").await;
    let refused = async |given: Value| {
        let mut arguments = given;
        arguments["id"] = json!(id);
        fields(&ann.call("customers.update", arguments).await.unwrap_err())
    };
    assert_eq!(refused(json!({"phone": "1"})).await, ["/phone: must have 3 to 30 characters"]);
    assert_eq!(
        refused(json!({"name": null, "phone": [1]})).await,
        ["/name: expected a string; leave the field out instead of null", "/phone: expected a string or null"]
    );
    assert_eq!(ann.call("customers.get", json!({"id": id})).await.unwrap()["phone"], Value::Null);
}

async fn a_failed_update_leaves_everything(world: &World) {
    let (ann, bob) = (world.ann().await, world.caller(Some("bob")).await);
    let (id, _) = (customer(&ann, "Ada").await, customer(&ann, "Bea").await);
    let taken = json!({"id": id, "phone": "555 0100", "email": "bea@example.com"});
    assert_eq!(ann.call("customers.update", taken).await.unwrap_err()["code"], "unique");
    let theirs = bob.call("customers.update", json!({"id": id, "phone": null})).await.unwrap_err();
    assert_eq!(theirs["code"], "not_found");
    assert_eq!(ann.call("customers.get", json!({"id": id})).await.unwrap()["phone"], Value::Null);
    // A conflict that is found while writing undoes what was written before it.
    let invoice = invoice(&ann, &id, "1", 5_000, "2026-12-31").await;
    let large = json!([{"description": "Gold", "quantity": 2, "unit_cents": 600_000}]);
    let refused = ann.call("invoices.amend", json!({"id": invoice, "number": "2", "lines": large})).await.unwrap_err();
    assert_eq!(refused["code"], "amount_too_large");
    assert_eq!(ann.call("invoices.get", json!({"id": invoice})).await.unwrap()["number"], "1");
}
