//! Services: what they answer, what they refuse, and that two at once do not both win.

use super::{
    World, everywhere,
    world::{customer, fields, invoice},
};
use serde_json::{Value, json};

everywhere!(
    an_invoice_lives_its_life,
    conflicts_have_codes,
    a_payment_says_by_which_means,
    of_two_payments_at_once_one_wins,
    whoever_cannot_be_asked_deletes_nothing,
);

async fn an_invoice_lives_its_life(world: &World) {
    let ann = world.ann().await;
    let customer = customer(&ann, "Ada").await;
    let id = invoice(&ann, &customer, "2026-1", 5_000, "2026-12-31").await;

    let lines = json!([{"description": "Work", "quantity": 3, "unit_cents": 2_000}]);
    let amended = ann.call("invoices.amend", json!({"id": id, "number": "2026-1b", "lines": lines})).await.unwrap();
    assert_eq!(
        (&amended["number"], &amended["amount_cents"], &amended["due_on"]),
        (&json!("2026-1b"), &json!(6_000), &json!("2026-12-31"))
    );

    assert_eq!(ann.call("invoices.send", json!({"id": id})).await.unwrap()["status"], "sent");
    let paid = ann.call("invoices.pay", json!({"id": id, "amount_cents": 1_000})).await.unwrap();
    assert_eq!((&paid["status"], &paid["paid_cents"]), (&json!("sent"), &json!(1_000)));
    let paid = ann.call("invoices.pay", json!({"id": id, "amount_cents": 5_000, "note": "rest"})).await.unwrap();
    assert_eq!((&paid["status"], &paid["paid_cents"]), (&json!("paid"), &json!(6_000)));

    let detail = ann.call("invoices.get", json!({"id": id})).await.unwrap();
    assert_eq!(detail["lines"], json!([{"description": "Work", "quantity": 3, "unit_cents": 2_000}]));
    assert_eq!(detail["amount"], "60.00");
    let payments = ann.call("payments.list", json!({"id": id})).await.unwrap();
    let amounts: Vec<_> =
        payments["items"].as_array().unwrap().iter().map(|payment| &payment["amount_cents"]).collect();
    assert_eq!(amounts, [&json!(1_000), &json!(5_000)]);
    let balance = ann.call("customers.balance", json!({"id": customer})).await.unwrap();
    assert_eq!(balance, json!({"invoiced_cents": 6_000, "paid_cents": 6_000, "due": "0.00"}));
}

async fn conflicts_have_codes(world: &World) {
    let ann = world.ann().await;
    let customer_id = customer(&ann, "Ada").await;
    let id = invoice(&ann, &customer_id, "1", 5_000, "2026-12-31").await;
    let lines = json!([{"description": "Gold", "quantity": 2, "unit_cents": 600_000}]);
    let new = |number: &str, customer: &str, lines: &Value| json!({"customer_id": customer, "number": number, "due_on": "2026-12-31", "lines": lines});
    let small = json!([{"description": "Work", "quantity": 1, "unit_cents": 1}]);
    let cases = [
        ("customers.create", json!({"name": "Ada", "email": "ada@example.com"}), "unique"),
        ("invoices.create", new("1", &customer_id, &small), "unique"),
        ("invoices.create", new("2", &customer_id, &lines), "amount_too_large"),
        ("invoices.create", new("2", &id, &small), "no_such_customer"),
        ("invoices.pay", json!({"id": id, "amount_cents": 1}), "not_sent"),
    ];
    for (operation, arguments, code) in cases {
        let problem = ann.call(operation, arguments).await.unwrap_err();
        assert_eq!((&problem["status"], &problem["code"]), (&json!(409), &json!(code)), "{operation}");
    }
    ann.call("invoices.send", json!({"id": id})).await.unwrap();
    for operation in ["invoices.send", "invoices.amend"] {
        let problem = ann.call(operation, json!({"id": id})).await.unwrap_err();
        assert_eq!(problem["code"], "not_a_draft", "{operation}");
    }
    let problem = ann.call("invoices.pay", json!({"id": id, "amount_cents": 5_001})).await.unwrap_err();
    assert_eq!((&problem["code"], &problem["detail"]), (&json!("overpaid"), &json!("only 5000 cents are due")));
    assert_eq!(ann.call("invoices.list", json!({})).await.unwrap()["total"], 1, "what was refused left nothing");
}

/// One of several, each with fields and rules of its own.
async fn a_payment_says_by_which_means(world: &World) {
    let ann = world.ann().await;
    let customer = customer(&ann, "Ada").await;
    let id = invoice(&ann, &customer, "1", 1_000, "2026-12-31").await;
    ann.call("invoices.send", json!({"id": id})).await.unwrap();
    let pay = async |means: Value| ann.call("invoices.pay", json!({"id": id, "amount_cents": 1, "means": means})).await;
    let all = [
        json!({"kind": "card", "last_four": "1234"}),
        json!({"kind": "transfer", "reference": "RF18"}),
        json!({"kind": "cash"}),
    ];
    for means in &all {
        pay(means.clone()).await.unwrap();
    }
    let payments = ann.call("payments.list", json!({"id": id})).await.unwrap();
    let told: Vec<_> = payments["items"].as_array().unwrap().iter().map(|payment| payment["means"].clone()).collect();
    assert_eq!(told, all);
    for (means, told) in [
        (json!({"kind": "card", "last_four": "12"}), "/means/last_four: must have exactly 4 characters"),
        (json!({"kind": "transfer", "reference": ""}), "/means/reference: must have 1 to 140 characters"),
        (json!({"kind": "transfer", "last_four": "1234"}), "/means/last_four: there is no such field"),
        (json!({"kind": "card"}), "/means/last_four: this field is required"),
    ] {
        let problem = pay(means).await.unwrap_err();
        assert_eq!(problem["status"], 422);
        assert!(fields(&problem).iter().any(|field| field == told), "{problem}");
    }
}

/// The target is locked from the moment it is resolved: the second payment sees the first.
async fn of_two_payments_at_once_one_wins(world: &World) {
    let ann = world.ann().await;
    let customer = customer(&ann, "Ada").await;
    for round in 0..5 {
        let id = invoice(&ann, &customer, &round.to_string(), 1_000, "2026-12-31").await;
        ann.call("invoices.send", json!({"id": id})).await.unwrap();
        let pay = || ann.call("invoices.pay", json!({"id": id, "amount_cents": 700}));
        let (a, b, c) = tokio::join!(pay(), pay(), pay());
        let won = [a, b, c].into_iter().filter(Result::is_ok).count();
        assert_eq!(won, 1);
        assert_eq!(ann.call("invoices.get", json!({"id": id})).await.unwrap()["paid_cents"], 700);
    }
}

/// None of these callers can be asked: each is told what would be, in the form of its surface.
async fn whoever_cannot_be_asked_deletes_nothing(world: &World) {
    let ann = world.ann().await;
    let customer = customer(&ann, "Ada").await;
    let id = invoice(&ann, &customer, "1", 5_000, "2026-12-31").await;
    let questions = if world.is_mcp() && !world.is_session() {
        let call = json!({"name": "invoices.delete", "arguments": {"id": id}});
        let error = ann.request("tools/call", call).await.unwrap_err();
        assert_eq!(error["code"], -32021);
        assert_eq!(error["data"]["requiredCapabilities"], json!({"elicitation": {"form": {}}}));
        error["data"]["questions"].clone()
    } else {
        let problem = ann.call("invoices.delete", json!({"id": id})).await.unwrap_err();
        assert_eq!((&problem["status"], &problem["code"]), (&json!(409), &json!("input_required")));
        problem["questions"].clone()
    };
    assert_eq!((&questions[0]["key"], questions.as_array().unwrap().len()), (&json!("sure"), 1));
    ann.call("invoices.send", json!({"id": id})).await.unwrap();
    let problem = ann.call("invoices.delete", json!({"id": id})).await.unwrap_err();
    assert_eq!(problem["code"], "not_a_draft", "what can not be done is not asked about");
    assert_eq!(ann.call("invoices.get", json!({"id": id})).await.unwrap()["status"], "sent");
}
