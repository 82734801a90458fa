//! Lists: filter, order, pages.

use super::{
    World, everywhere,
    world::{customer, invoice, numbers},
};
use diptych_testkit::SurfaceClient;
use serde_json::{Value, json};

everywhere!(filters_narrow_the_list, orders_are_total, pages_concatenate_to_the_whole, page_sizes_have_a_ceiling);

/// Nine invoices of two customers: amounts 100 to 900, due on the 1st to the 9th, every third one sent.
async fn nine(caller: &SurfaceClient) -> [String; 2] {
    let customers = [customer(caller, "Ada").await, customer(caller, "Bob").await];
    for n in 1..=9i64 {
        let customer = &customers[usize::try_from(n % 2).unwrap()];
        let id = invoice(caller, customer, &format!("A-{n}"), n * 100, &format!("2026-12-0{n}")).await;
        if n % 3 == 0 {
            caller.call("invoices.send", json!({"id": id})).await.unwrap();
        }
    }
    customers
}

async fn filters_narrow_the_list(world: &World) {
    let ann = world.ann().await;
    let [even, _] = nine(&ann).await;
    let cases: [(Value, &[&str]); 9] = [
        (json!({"status": ["sent"]}), &["A-3", "A-6", "A-9"]),
        (json!({"status": ["sent", "paid"], "min_amount": 600}), &["A-6", "A-9"]),
        (json!({"status": []}), &[]),
        (json!({"customer_id": even}), &["A-2", "A-4", "A-6", "A-8"]),
        (json!({"min_amount": 800}), &["A-8", "A-9"]),
        (json!({"min_amount": 200, "max_amount": 300}), &["A-2", "A-3"]),
        (json!({"due_before": "2026-12-03"}), &["A-1", "A-2"]),
        (json!({"number": "a-4"}), &["A-4"]),
        (json!({"number": "-4"}), &[]),
    ];
    for (mut arguments, expected) in cases {
        if world.is_rest() && arguments["status"] == json!([]) {
            // A query string cannot say "an empty list".
            continue;
        }
        arguments["order"] = json!(["amount"]);
        let page = ann.call("invoices.list", arguments.clone()).await.unwrap();
        assert_eq!(numbers(&page), expected, "{arguments}");
        assert_eq!(page["total"], expected.len(), "{arguments}");
    }
}

async fn orders_are_total(world: &World) {
    let ann = world.ann().await;
    nine(&ann).await;
    let first = async |order: Value| {
        let page = ann.call("invoices.list", json!({"order": order, "page_size": 3})).await.unwrap();
        numbers(&page).join(" ")
    };
    assert_eq!(first(json!(["amount"])).await, "A-1 A-2 A-3");
    assert_eq!(first(json!(["-amount"])).await, "A-9 A-8 A-7");
    assert_eq!(first(json!(["-due", "amount"])).await, "A-9 A-8 A-7");
    let newest = ann.call("invoices.list", json!({"page_size": 3})).await.unwrap();
    assert_eq!(numbers(&newest), ["A-9", "A-8", "A-7"], "newest first unless said otherwise");
    let problem = ann.call("invoices.list", json!({"order": ["amount", "-amount"]})).await.unwrap_err();
    assert_eq!(
        problem["errors"][0],
        json!({"pointer": "/order/1", "code": "duplicate", "detail": "this key is given twice"})
    );
}

async fn pages_concatenate_to_the_whole(world: &World) {
    let ann = world.ann().await;
    nine(&ann).await;
    for size in [1, 2, 4, 9, 100] {
        let mut seen = Vec::new();
        for page in 1.. {
            let arguments = json!({"order": ["-due"], "page": page, "page_size": size});
            let page = ann.call("invoices.list", arguments).await.unwrap();
            assert_eq!((&page["total"], &page["page_size"]), (&json!(9), &json!(size)));
            if page["items"] == json!([]) {
                break;
            }
            seen.extend(numbers(&page).into_iter().map(str::to_owned));
        }
        assert_eq!(seen.join(" "), "A-9 A-8 A-7 A-6 A-5 A-4 A-3 A-2 A-1", "pages of {size}");
    }
}

async fn page_sizes_have_a_ceiling(world: &World) {
    let ann = world.ann().await;
    let problem = ann.call("invoices.list", json!({"page": 0, "page_size": 101})).await.unwrap_err();
    assert_eq!(
        problem["errors"],
        json!([
            {"pointer": "/page", "code": "range", "detail": "must be at least 1 and at most 10000000"},
            {"pointer": "/page_size", "code": "range", "detail": "must be at least 1 and at most 100"},
        ])
    );
    let page = ann.call("invoices.list", json!({"page_size": 2.0, "min_amount": 1e2})).await.unwrap();
    assert_eq!(page["page_size"], 2, "2.0 is an integer to JSON Schema");
    let page = ann.call("invoices.list", json!({})).await.unwrap();
    assert_eq!(page, json!({"items": [], "total": 0, "page": 1, "page_size": 25}));
}
