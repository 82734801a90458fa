//! Lists that are searched.

use super::{
    World, everywhere,
    world::{customer, fields, invoice, numbers},
};
use diptych_testkit::SurfaceClient;
use serde_json::{Value, json};

everywhere!(
    every_word_has_to_be_found,
    a_search_is_beside_the_filter_and_in_the_cursor,
    what_is_looked_for_is_neither_long_nor_many_words,
);

fn names(page: &Value) -> Vec<&str> {
    page["items"].as_array().unwrap().iter().map(|customer| customer["name"].as_str().unwrap()).collect()
}

async fn customers(caller: &SurfaceClient, names: &[&str]) {
    for (at, name) in names.iter().enumerate() {
        let mut new = json!({"name": name, "email": format!("info@firm{at}.example")});
        if at == 0 {
            new["phone"] = json!("+49 30 555");
        }
        caller.call("customers.create", new).await.unwrap();
    }
}

async fn every_word_has_to_be_found(world: &World) {
    let ann = world.ann().await;
    let all = ["100% Cotton", "Back\\slash!", "Bob & Sons", "Sons_of_Bob", "Élève Müller"];
    customers(&ann, &all).await;
    let bob = world.caller(Some("bob")).await;
    customers(&bob, &["Bob"]).await;
    for (text, expected) in [
        ("bob", &["Bob & Sons", "Sons_of_Bob"] as &[&str]),
        ("SONS bob", &["Bob & Sons", "Sons_of_Bob"]),
        ("bob firm3", &["Sons_of_Bob"]),
        ("  firm3\tbob bob ", &["Sons_of_Bob"]),
        ("555", &["100% Cotton"]),
        ("bob 555", &[]),
        ("%", &["100% Cotton"]),
        ("_", &["Sons_of_Bob"]),
        ("\\", &["Back\\slash!"]),
        ("!", &["Back\\slash!"]),
        ("b%b", &[]),
        ("élève", &["Élève Müller"]),
        ("ÉLÈVE MÜLL", &["Élève Müller"]),
        ("' OR 1=1 --", &[]),
        (" ", &all),
        ("", &all),
    ] {
        let page = ann.call("customers.list", json!({"search": text, "order": ["name"]})).await.unwrap();
        let mut found = names(&page);
        found.sort_unstable();
        assert_eq!(found, expected, "{text:?}");
        assert_eq!(page["total"], expected.len(), "{text:?}");
    }
}

async fn a_search_is_beside_the_filter_and_in_the_cursor(world: &World) {
    let ann = world.ann().await;
    let ada = customer(&ann, "Ada").await;
    for (number, cents) in [("A-1", 100), ("B-1", 200), ("A-2", 300), ("A-21", 400)] {
        invoice(&ann, &ada, number, cents, "2026-12-01").await;
    }
    let page = ann.call("invoices.list", json!({"search": "-2 a", "max_amount": 300})).await.unwrap();
    assert_eq!((numbers(&page), &page["total"]), (vec!["A-2"], &json!(1)));

    for name in ["Bea", "Cid", "Dea", "Eda"] {
        customer(&ann, name).await;
    }
    let first = ann.call("customers.walk", json!({"search": "a", "page_size": 2})).await.unwrap();
    assert_eq!((names(&first), &first["total"]), (vec!["Ada", "Bea"], &json!(4)));
    let next = json!({"search": "a", "page_size": 2, "after": first["next"]});
    let second = ann.call("customers.walk", next).await.unwrap();
    assert_eq!((names(&second), &second["next"], &second["total"]), (vec!["Dea", "Eda"], &Value::Null, &json!(4)));
    for other in [json!({"after": first["next"]}), json!({"after": first["next"], "search": "d"})] {
        let problem = ann.call("customers.walk", other).await.unwrap_err();
        assert_eq!((&problem["status"], &problem["code"]), (&json!(400), &json!("cursor")));
    }
}

async fn what_is_looked_for_is_neither_long_nor_many_words(world: &World) {
    let ann = world.ann().await;
    for (text, told) in [
        ("é".repeat(201), "/search: must have at most 200 characters"),
        ("a ".repeat(9), "/search: must have at most 8 words"),
    ] {
        let problem = ann.call("customers.list", json!({"search": text})).await.unwrap_err();
        assert_eq!(fields(&problem), [told]);
    }
    for text in ["%".repeat(200), " a b c d e f g h ".to_owned()] {
        assert_eq!(ann.call("customers.list", json!({"search": text})).await.unwrap()["total"], 0);
    }
    let problem = ann.call("customers.list", json!({"search": "a\0b"})).await.unwrap_err();
    assert_eq!(problem["errors"][0]["pointer"], "/search");
}
