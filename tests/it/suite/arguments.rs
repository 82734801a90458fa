//! What is sent wrongly is named, all of it, in the words of the wire.

use super::{
    World, everywhere,
    world::{customer, fields},
};
use serde_json::json;

everywhere!(
    every_broken_rule_is_named_at_once,
    rules_and_types_are_named_together,
    one_form_of_a_value_is_taken,
    nested_fields_are_named_by_pointer,
    unknown_and_missing_fields_are_refused,
    wrong_types_say_what_is_expected,
    hostile_text_is_only_text,
    a_nul_in_a_text_is_refused_on_every_database,
    what_a_model_writes_as_a_string_is_taken_as_meant,
    a_text_that_is_looked_for_is_not_too_long,
);

/// SQLite would keep it, PostgreSQL would not.
async fn a_nul_in_a_text_is_refused_on_every_database(world: &World) {
    let ann = world.ann().await;
    for (operation, arguments) in [
        ("customers.create", json!({"name": "a\0b", "email": "ada@example.com"})),
        ("customers.list", json!({"name": "a\0b"})),
        ("invoices.list", json!({"number": "a\0b"})),
        ("search", json!({"text": "a\0b"})),
    ] {
        let problem = ann.call(operation, arguments.clone()).await.unwrap_err();
        let text = arguments.as_object().and_then(|given| given.keys().next()).unwrap();
        let pointer = format!("/{}", if operation == "customers.create" { "name" } else { text });
        assert_eq!(fields(&problem), [format!("{pointer}: the character U+0000 is not allowed")], "{operation}");
        assert_eq!((&problem["status"], &problem["errors"][0]["code"]), (&json!(422), &json!("character")));
    }
    let customer = customer(&ann, "Ada").await;
    let lines = json!([{"description": "a\0b", "quantity": 1, "unit_cents": 1}]);
    let new = |lines| json!({"customer_id": customer, "number": "1", "due_on": "2026-12-31", "lines": lines});
    let problem = ann.call("invoices.create", new(lines.clone())).await.unwrap_err();
    assert_eq!(fields(&problem), ["/lines/0/description: the character U+0000 is not allowed"]);
    if world.is_mcp() {
        let problem = ann.call("invoices.create", new(json!(lines.to_string()))).await.unwrap_err();
        assert_eq!(fields(&problem), ["/lines/0/description: the character U+0000 is not allowed"]);
    }
}

async fn every_broken_rule_is_named_at_once(world: &World) {
    let ann = world.ann().await;
    let problem = ann.call("customers.create", json!({"name": "", "email": "nobody"})).await.unwrap_err();
    assert_eq!(
        problem,
        json!({
            "type": "about:blank",
            "title": "Unprocessable Content",
            "status": 422,
            "code": "invalid",
            "detail": "2 fields are not valid: email, name",
            "errors": [
                {"pointer": "/email", "code": "email", "detail": "must be an email address"},
                {"pointer": "/name", "code": "length", "detail": "must have 1 to 200 characters"},
            ],
        })
    );
}

/// Not first what does not decode, and the rules the next time.
async fn rules_and_types_are_named_together(world: &World) {
    let ann = world.ann().await;
    let lines = json!([{"description": "", "quantity": 0, "unit_cents": "much"}]);
    let new = json!({"customer_id": "x", "number": "", "lines": lines});
    let problem = ann.call("invoices.create", new).await.unwrap_err();
    assert_eq!(
        fields(&problem),
        [
            "/customer_id: expected a UUID",
            "/due_on: this field is required",
            "/lines/0/description: must have 1 to 500 characters",
            "/lines/0/quantity: must be at least 1 and at most 10000",
            "/lines/0/unit_cents: expected an integer",
            "/number: must have 1 to 32 characters",
        ]
    );
    let problem = ann.call("customers.create", json!({"name": "", "mail": "x"})).await.unwrap_err();
    assert_eq!(
        fields(&problem),
        [
            "/email: this field is required",
            "/mail: there is no such field; known are name, email, phone",
            "/name: must have 1 to 200 characters",
        ]
    );
}

/// What the schema says, though `uuid`, `chrono` and serde would take more.
async fn one_form_of_a_value_is_taken(world: &World) {
    let ann = world.ann().await;
    let customer = customer(&ann, "Ada").await;
    for (id, due_on, line, wrong) in [
        (
            customer.replace('-', ""),
            "2026-12-31",
            json!({"description": "a", "quantity": 1, "unit_cents": 1}),
            "/customer_id: expected a UUID",
        ),
        (
            customer.clone(),
            "2026-1-31",
            json!({"description": "a", "quantity": 1, "unit_cents": 1}),
            "/due_on: expected a date (such as 2026-01-31)",
        ),
        (customer.clone(), "2026-12-31", json!(["a", 1, 1]), "/lines/0: expected an object"),
    ] {
        let new = json!({"customer_id": id, "number": "1", "due_on": due_on, "lines": [line]});
        let problem = ann.call("invoices.create", new).await.unwrap_err();
        assert_eq!(fields(&problem), [wrong]);
    }
    let problem = ann.call("invoices.list", json!({"due_before": "2026-1-31"})).await.unwrap_err();
    assert_eq!(fields(&problem), ["/due_before: expected a date (such as 2026-01-31)"]);
    let problem = ann.call("customers.get", json!({"id": customer.replace('-', "")})).await.unwrap_err();
    assert_eq!(fields(&problem), ["/id: expected a UUID"]);
}

async fn nested_fields_are_named_by_pointer(world: &World) {
    let ann = world.ann().await;
    let customer = customer(&ann, "Ada").await;
    let lines = json!([
        {"description": "Fine", "quantity": 1, "unit_cents": 1},
        {"description": "", "quantity": 0, "unit_cents": 1},
    ]);
    let new = json!({"customer_id": customer, "number": "", "due_on": "2026-12-31", "lines": lines});
    let problem = ann.call("invoices.create", new).await.unwrap_err();
    assert_eq!(
        fields(&problem),
        [
            "/lines/1/description: must have 1 to 500 characters",
            "/lines/1/quantity: must be at least 1 and at most 10000",
            "/number: must have 1 to 32 characters",
        ]
    );
}

async fn unknown_and_missing_fields_are_refused(world: &World) {
    let ann = world.ann().await;
    let problem = ann.call("customers.create", json!({"nmae": "Ada"})).await.unwrap_err();
    assert_eq!(
        fields(&problem),
        [
            "/email: this field is required",
            "/name: this field is required",
            "/nmae: there is no such field; known are name, email, phone",
        ]
    );
    let problem = ann.call("invoices.list", json!({"state": "sent"})).await.unwrap_err();
    assert_eq!((problem["status"].clone(), problem["errors"][0]["pointer"].clone()), (json!(422), json!("/state")));
}

async fn wrong_types_say_what_is_expected(world: &World) {
    let ann = world.ann().await;
    let new = json!({"customer_id": "x", "number": "1", "due_on": "tomorrow", "lines": [{"description": 1}]});
    let problem = ann.call("invoices.create", new).await.unwrap_err();
    assert_eq!(
        fields(&problem),
        [
            "/customer_id: expected a UUID",
            "/due_on: expected a date (such as 2026-01-31)",
            "/lines/0/description: expected a string",
            "/lines/0/quantity: this field is required",
            "/lines/0/unit_cents: this field is required",
        ]
    );
    let problem =
        ann.call("invoices.list", json!({"status": ["sent", "lost"], "min_amount": "much"})).await.unwrap_err();
    assert_eq!(
        fields(&problem),
        ["/min_amount: expected an integer", "/status/1: expected one of draft, sent, paid, void"]
    );
    let problem = ann.call("invoices.get", json!({"id": "7"})).await.unwrap_err();
    assert_eq!(fields(&problem), ["/id: expected a UUID"]);
}

/// Trap 10: nothing a caller sends becomes SQL.
async fn hostile_text_is_only_text(world: &World) {
    let ann = world.ann().await;
    let hostile =
        ["'; DROP TABLE customers; --", "\" OR 1=1 --", "100%", "under_score", "$1", "bang!", "Ωmega 🙂", "a\\b"];
    for (n, name) in hostile.into_iter().enumerate() {
        let new = json!({"name": name, "email": format!("h{n}@example.com")});
        ann.call("customers.create", new).await.unwrap();
    }
    for name in hostile {
        let page = ann.call("customers.list", json!({"name": name})).await.unwrap();
        assert_eq!((page["total"].clone(), page["items"][0]["name"].clone()), (json!(1), json!(name)));
    }
    for name in ["%", "_", "!"] {
        let page = ann.call("customers.list", json!({"name": name})).await.unwrap();
        assert_eq!(page["total"], 1, "{name} matches only itself");
    }
    let problem = ann.call("customers.list", json!({"order": ["name; DROP TABLE customers"]})).await.unwrap_err();
    assert_eq!(problem["errors"][0]["pointer"], "/order/0");
    assert_eq!(ann.call("customers.list", json!({})).await.unwrap()["total"], hostile.len());
}

/// SQLite refuses patterns of 50,000 bytes, and nobody looks for that much.
async fn a_text_that_is_looked_for_is_not_too_long(world: &World) {
    let ann = world.ann().await;
    for text in ["%".repeat(1001), "é".repeat(1001)] {
        for (operation, argument) in
            [("customers.list", "name"), ("customers.list", "email"), ("invoices.list", "number")]
        {
            let problem = ann.call(operation, json!({argument: text})).await.unwrap_err();
            assert_eq!(fields(&problem), [format!("/{argument}: must have at most 1000 characters")], "{operation}");
        }
    }
    assert_eq!(ann.call("customers.list", json!({"name": "%".repeat(1000)})).await.unwrap()["total"], 0);
    assert_eq!(ann.call("customers.list", json!({"name": "é".repeat(1000)})).await.unwrap()["total"], 0);
    let ids = vec!["00000000-0000-0000-0000-000000000000"; 101];
    let problem = ann.call("drafts.send", json!({"ids": ids})).await.unwrap_err();
    assert_eq!(
        fields(&problem),
        ["/ids: must have at most 100 elements"],
        "the name that was sent, not that of the column"
    );
    let problem = ann.call("search", json!({"text": "%".repeat(201)})).await.unwrap_err();
    assert_eq!(fields(&problem), ["/text: must have 2 to 200 characters"]);
}

/// Models write `"5"` for 5. On MCP that is taken as meant, where the schema forbids a string; anywhere else it is a wrong type.
async fn what_a_model_writes_as_a_string_is_taken_as_meant(world: &World) {
    let ann = world.ann().await;
    let customer = customer(&ann, "Ada").await;
    let lines = r#"[{"description": "7", "quantity": "2", "unit_cents": 5.0}]"#;
    let new = json!({"customer_id": customer, "number": "12", "due_on": "2026-12-31", "lines": lines});
    let answer = ann.call("invoices.create", new).await;
    if world.is_mcp() {
        let invoice = answer.unwrap();
        assert_eq!(
            (&invoice["number"], &invoice["amount_cents"]),
            (&json!("12"), &json!(10)),
            "a string stays a string"
        );
        let page = ann.call("invoices.list", json!({"page_size": "5", "status": "[\"draft\"]"})).await.unwrap();
        assert_eq!((&page["page_size"], &page["total"]), (&json!(5), &json!(1)));
        let problem = ann.call("invoices.list", json!({"page": "2", "page_size": "many"})).await.unwrap_err();
        assert_eq!(fields(&problem), ["/page_size: expected an integer"]);
    } else {
        assert_eq!(answer.unwrap_err()["errors"][0]["pointer"], "/lines");
    }
}
