//! Lists: filter, order, pages.

use super::{
    World, everywhere,
    walking::ROOM,
    world::{customer, invoice, numbers},
};
use diptych_testkit::SurfaceClient;
use serde_json::{Value, json};

everywhere!(
    filters_narrow_the_list,
    orders_are_total,
    pages_concatenate_to_the_whole,
    page_sizes_have_a_ceiling,
    pages_behind_a_cursor_are_the_list_both_ways,
    a_cursor_is_of_one_list_alone,
    a_page_that_would_be_too_long_has_fewer_rows,
);

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
    // Rows that compare equal by a key do so by the same key again: what the schema allows is never refused.
    assert_eq!(first(json!(["-amount", "amount", "-amount"])).await, "A-9 A-8 A-7");
    assert_eq!(first(json!(["-due", "-due", "amount"])).await, "A-9 A-8 A-7");
    let problem = ann.call("invoices.list", json!({"order": ["due", "due", "due", "due"]})).await.unwrap_err();
    assert_eq!(
        problem["errors"],
        json!([{"pointer": "/order", "code": "length", "detail": "must have at most 3 elements"}])
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

/// Five customers; gives their names.
async fn five(caller: &SurfaceClient) -> [&'static str; 5] {
    let names = ["Ada", "Bob", "Cid", "Dot", "Eve"];
    for name in names {
        customer(caller, name).await;
    }
    names
}

fn names(page: &Value) -> Vec<&str> {
    page["items"].as_array().unwrap().iter().map(|customer| customer["name"].as_str().unwrap()).collect()
}

async fn pages_behind_a_cursor_are_the_list_both_ways(world: &World) {
    let ann = world.ann().await;
    let all = five(&ann).await;
    let first = ann.call("customers.walk", json!({"page_size": 2})).await.unwrap();
    assert_eq!((names(&first), &first["previous"], &first["total"]), (all[..2].to_vec(), &Value::Null, &json!(5)));
    // Who comes in front of the place shifts nothing.
    customer(&ann, "Abe").await;
    let second = ann.call("customers.walk", json!({"page_size": 2, "after": first["next"]})).await.unwrap();
    assert_eq!((names(&second), &second["page_size"]), (all[2..4].to_vec(), &json!(2)));
    let last = ann.call("customers.walk", json!({"page_size": 2, "after": second["next"]})).await.unwrap();
    assert_eq!((names(&last), &last["next"]), (all[4..].to_vec(), &Value::Null));
    let back = ann.call("customers.walk", json!({"page_size": 3, "before": last["previous"]})).await.unwrap();
    assert_eq!(names(&back), all[1..4]);
    let front = ann.call("customers.walk", json!({"page_size": 3, "before": back["previous"]})).await.unwrap();
    assert_eq!((names(&front), &front["previous"]), (vec!["Abe", "Ada"], &Value::Null));
    let again = ann.call("customers.walk", json!({"page_size": 1, "after": front["next"]})).await.unwrap();
    assert_eq!(names(&again), ["Bob"]);
    let nobody = world.caller(Some("bob")).await.call("customers.walk", json!({})).await.unwrap();
    assert_eq!(nobody, json!({"items": [], "next": null, "previous": null, "page_size": 25, "total": 0}));
}

async fn a_cursor_is_of_one_list_alone(world: &World) {
    let ann = world.ann().await;
    five(&ann).await;
    let page = ann.call("customers.walk", json!({"page_size": 2, "order": ["-name"]})).await.unwrap();
    let next = page["next"].as_str().unwrap();
    assert!(!next.contains("Dot"), "what is in it cannot be read");
    let other = if next.ends_with('A') { 'B' } else { 'A' };
    let tampered = format!("{}{other}", &next[..next.len() - 1]);
    for arguments in [
        json!({"after": next}),
        json!({"after": next, "order": ["name"]}),
        json!({"after": next, "order": ["-name", "created"]}),
        json!({"after": next, "order": ["-name"], "name": "o"}),
        json!({"before": next, "order": ["-name"]}),
        json!({"after": tampered, "order": ["-name"]}),
        json!({"after": &next[..40], "order": ["-name"]}),
        json!({"after": "x", "order": ["-name"]}),
        json!({"after": "", "order": ["-name"]}),
        json!({"after": "7".repeat(3000), "order": ["-name"]}),
    ] {
        let problem = ann.call("customers.walk", arguments.clone()).await.unwrap_err();
        assert_eq!((&problem["status"], &problem["code"]), (&json!(400), &json!("cursor")), "{arguments}: {problem}");
        assert!(problem["detail"].as_str().unwrap().contains("ask for the first page again"), "{problem}");
    }
    let both = json!({"after": next, "before": next, "page_size": 0});
    let problem = ann.call("customers.walk", both).await.unwrap_err();
    let fields: Vec<_> = problem["errors"].as_array().unwrap().iter().map(|error| &error["pointer"]).collect();
    assert_eq!((&problem["status"], fields), (&json!(422), vec![&json!("/before"), &json!("/page_size")]));
    // In the same order, and of a page of another size, it is good; whoever else brings it sees their own.
    let same = json!({"after": next, "order": ["-name"], "page_size": 9});
    assert_eq!(names(&ann.call("customers.walk", same.clone()).await.unwrap()), ["Cid", "Bob", "Ada"]);
    assert_eq!(world.caller(Some("bob")).await.call("customers.walk", same).await.unwrap()["items"], json!([]));
}

async fn a_page_that_would_be_too_long_has_fewer_rows(world: &World) {
    let ann = world.ann().await;
    let mut all = five(&ann).await.map(str::to_owned).to_vec();
    for at in 0..13 {
        all.push(format!("Fay {at:02}"));
        customer(&ann, &all[5 + at]).await;
    }
    for (argument, onward) in [("after", "next"), ("before", "previous")] {
        let mut arguments = json!({"order": ["name"]});
        if argument == "before" {
            // From the last page on.
            let mut last = ann.call("customers.stroll", arguments.clone()).await.unwrap();
            while last["next"].is_string() {
                last = ann.call("customers.stroll", json!({"order": ["name"], "after": last["next"]})).await.unwrap();
            }
            all.truncate(all.len() - names(&last).len());
            arguments["before"] = last["previous"].clone();
        }
        let mut seen = Vec::new();
        loop {
            let page = ann.call("customers.stroll", arguments.clone()).await.unwrap();
            assert!(page.to_string().len() <= ROOM, "{page}");
            assert_eq!(page["shortened"].as_bool(), (page[onward].is_string()).then_some(true), "{page}");
            let rows: Vec<_> = names(&page).into_iter().map(str::to_owned).collect();
            assert!(!rows.is_empty() && rows.len() < all.len(), "{page}");
            match argument {
                "after" => seen.extend(rows),
                _ => seen.splice(0..0, rows).for_each(drop),
            }
            if page[onward].is_null() {
                break;
            }
            arguments[argument] = page[onward].clone();
        }
        assert_eq!(seen, all, "{argument}");
    }
}
