//! Rows that are shown with what belongs to them.

use super::{
    World, everywhere,
    world::{customer, fields, invoice},
};
use serde_json::json;

everywhere!(rows_are_shown_with_what_belongs_to_them, what_cannot_be_included_is_told, a_reader_is_let_in_by_the_list);

async fn rows_are_shown_with_what_belongs_to_them(world: &World) {
    let ann = world.ann().await;
    let customers = [customer(&ann, "Ada").await, customer(&ann, "Bob").await];
    for n in 0..4_i64 {
        let customer = &customers[usize::try_from(n % 2).unwrap()];
        invoice(&ann, customer, &format!("A-{n}"), 100 + n, "2026-12-01").await;
    }
    let plain = ann.call("invoices.list", json!({"order": ["amount"]})).await.unwrap();
    let shown = ann.call("invoices.list", json!({"order": ["amount"], "include": ["customer"]})).await.unwrap();
    assert_eq!((&shown["total"], &shown["page_size"]), (&json!(4), &json!(25)));
    for (n, row) in shown["items"].as_array().unwrap().iter().enumerate() {
        let customer = ann.call("customers.get", json!({"id": customers[n % 2]})).await.unwrap();
        assert_eq!(row["customer"], customer);
        let mut without = row.clone();
        without.as_object_mut().unwrap().remove("customer");
        assert_eq!(without, plain["items"][n], "nothing else is another");
    }
    let none = ann.call("invoices.list", json!({"include": ["customer"], "number": "B"})).await.unwrap();
    assert_eq!((&none["items"], &none["total"]), (&json!([]), &json!(0)));
    if !world.is_rest() {
        // A query string cannot say "an empty list".
        assert_eq!(ann.call("invoices.list", json!({"order": ["amount"], "include": []})).await.unwrap(), plain);
    }
}

async fn what_cannot_be_included_is_told(world: &World) {
    let ann = world.ann().await;
    let problem = ann.call("invoices.list", json!({"include": ["owner"]})).await.unwrap_err();
    assert_eq!(
        (&problem["status"], fields(&problem)),
        (&json!(422), vec!["/include/0: expected one of customer".to_owned()])
    );
    let twice = ann.call("invoices.list", json!({"include": ["customer", "customer"]})).await.unwrap_err();
    assert_eq!(fields(&twice), ["/include: must have at most 1 elements"]);
    let problem = ann.call("customers.list", json!({"include": ["invoices"]})).await.unwrap_err();
    assert_eq!(problem["errors"][0]["code"], "unknown");
}

async fn a_reader_is_let_in_by_the_list(world: &World) {
    let ann = world.ann().await;
    let ada = customer(&ann, "Ada").await;
    invoice(&ann, &ada, "A-1", 100, "2026-12-01").await;
    if ann.speaks_mcp() && !world.is_session() {
        let listed = ann.request("tools/list", json!({})).await.unwrap();
        let tools = listed["tools"].as_array().unwrap();
        let list = tools.iter().find(|tool| tool["name"] == "invoices.list").unwrap();
        let asked = &list["inputSchema"]["properties"]["include"]["items"]["enum"];
        assert_eq!(asked, &json!(["customer"]));
        let row = &list["outputSchema"]["properties"]["items"]["items"];
        assert!(row["properties"]["customer"].is_object(), "{row}");
        assert!(row["required"].is_null(), "any field can be left out of a row whose fields are picked: {row}");
    }
    let bob = world.caller(Some("bob")).await;
    let page = bob.call("invoices.list", json!({"include": ["customer"]})).await.unwrap();
    assert_eq!(page["items"], json!([]));
}
