//! What can be done with a row is said with it, as the services themselves say it when they are called.

use super::{
    World, everywhere,
    world::{customer, invoice},
};
use serde_json::{Value, json};

everywhere!(a_row_says_what_can_be_done_with_it, only_what_the_caller_may_use_is_told);

async fn a_row_says_what_can_be_done_with_it(world: &World) {
    let ann = world.ann().await;
    let customer = customer(&ann, "Ada").await;
    let id = invoice(&ann, &customer, "1", 1_000, "2026-12-31").await;
    let calls = [
        ("invoices.amend", json!({"id": id})),
        ("invoices.send", json!({"id": id})),
        ("invoices.pay", json!({"id": id, "amount_cents": 1})),
        ("invoices.void", json!({"id": id})),
    ];
    let told = async || ann.call("invoices.get", json!({"id": id})).await.unwrap()["actions"].clone();
    for (done, refused) in [
        (None, json!({"invoices.pay": "not_sent"})),
        (Some(1), json!({"invoices.amend": "not_a_draft", "invoices.send": "not_a_draft"})),
        (
            Some(2),
            json!({"invoices.amend": "not_a_draft", "invoices.send": "not_a_draft", "invoices.void": "already_paid"}),
        ),
    ] {
        if let Some((name, arguments)) = done.map(|at: usize| &calls[at]) {
            ann.call(name, arguments.clone()).await.unwrap();
        }
        let actions = told().await;
        assert_eq!(actions.as_object().unwrap().len(), calls.len(), "{actions}");
        for (name, arguments) in &calls {
            let action = &actions[name];
            assert_eq!(action["code"], refused[name], "{name} {actions}");
            assert_eq!(action["available"], refused[name].is_null(), "{name} {actions}");
            if !refused[name].is_null() {
                let problem = ann.call(name, arguments.clone()).await.unwrap_err();
                assert_eq!((&problem["code"], &problem["detail"]), (&action["code"], &action["detail"]), "{name}");
            }
        }
    }
}

async fn only_what_the_caller_may_use_is_told(world: &World) {
    let ann = world.ann().await;
    let customer = customer(&ann, "Ada").await;
    let id = invoice(&ann, &customer, "1", 1_000, "2026-12-31").await;
    let reader = world.caller(Some("ann+invoices:read")).await;
    let read: Value = reader.call("invoices.get", json!({"id": id})).await.unwrap();
    assert_eq!((&read["number"], &read["actions"]), (&json!("1"), &json!({})));
}
