//! Many items in one call: all of them or none, and each for itself.

use super::{
    World, everywhere,
    world::{customer, fields, invoice, numbers},
};
use diptych_testkit::SurfaceClient;
use serde_json::{Value, json};

everywhere!(
    many_are_done_in_one_call,
    one_that_fails_undoes_all,
    every_wrong_field_of_every_item_is_told,
    a_list_has_bounds,
    each_is_answered_for_itself,
    what_is_no_list_of_items_is_refused_as_a_whole,
    many_can_be_tried,
    many_that_are_sent_again_are_done_once,
);

fn new(customer: &str, number: &str) -> Value {
    let lines = json!([{"description": "Work", "quantity": 2, "unit_cents": 1_000}]);
    json!({"customer_id": customer, "number": number, "due_on": "2026-12-31", "lines": lines})
}

async fn listed(caller: &SurfaceClient) -> Vec<String> {
    let page = caller.call("invoices.list", json!({})).await.unwrap();
    let mut numbers: Vec<_> = numbers(&page).into_iter().map(str::to_owned).collect();
    numbers.sort();
    numbers
}

async fn many_are_done_in_one_call(world: &World) {
    let ann = world.ann().await;
    let ada = customer(&ann, "Ada").await;
    let items = json!([new(&ada, "C"), new(&ada, "A"), new(&ada, "B")]);
    let done = ann.call("invoices.create_many", json!({"items": items})).await.unwrap();
    assert_eq!(numbers(&done), ["C", "A", "B"], "in the order of the items");
    assert_eq!(done.as_object().unwrap().len(), 1);
    assert_eq!(done["items"][1]["amount_cents"], 2_000);
    assert_eq!(listed(&ann).await, ["A", "B", "C"]);
    let one = ann.call("invoices.get", json!({"id": done["items"][2]["id"]})).await.unwrap();
    assert_eq!((&one["number"], one["lines"].as_array().unwrap().len()), (&json!("B"), 1));
    if world.is_mcp() {
        // Models write lists and objects as texts.
        let written = json!([new(&ada, "D").to_string(), new(&ada, "E")]).to_string();
        ann.call("invoices.create_many", json!({"items": written})).await.unwrap();
        assert_eq!(listed(&ann).await, ["A", "B", "C", "D", "E"]);
    }
}

async fn one_that_fails_undoes_all(world: &World) {
    let ann = world.ann().await;
    let ada = customer(&ann, "Ada").await;
    let nobody = "00000000-0000-4000-8000-000000000000";
    for (last, code, detail) in [
        (new(&ada, "A"), "unique", "items/2: a row with the same key exists"),
        (new(nobody, "C"), "no_such_customer", "items/2: there is no such customer; create it first"),
    ] {
        let items = json!([new(&ada, "A"), new(&ada, "B"), last, new(&ada, "D")]);
        let refused = ann.call("invoices.create_many", json!({"items": items})).await.unwrap_err();
        assert_eq!((&refused["status"], &refused["code"]), (&json!(409), &json!(code)), "{refused}");
        assert_eq!(refused["detail"], detail);
        assert_eq!(
            (&refused["errors"][0]["pointer"], &refused["errors"][0]["code"]),
            (&json!("/items/2"), &json!(code))
        );
        assert!(listed(&ann).await.is_empty(), "nothing of any item is kept");
    }
}

async fn every_wrong_field_of_every_item_is_told(world: &World) {
    let ann = world.ann().await;
    let ada = customer(&ann, "Ada").await;
    let mut wrong = [new(&ada, "A"), new(&ada, ""), new(&ada, "C"), new("x", "D"), new(&ada, "E")];
    wrong[1]["lines"][0]["quantity"] = json!(0);
    wrong[2]["colour"] = json!("red");
    wrong[3].as_object_mut().unwrap().remove("due_on");
    wrong[4]["lines"] = json!([]);
    let refused = ann.call("invoices.create_many", json!({"items": wrong})).await.unwrap_err();
    assert_eq!((&refused["status"], &refused["code"]), (&json!(422), &json!("invalid")));
    assert_eq!(
        fields(&refused),
        [
            "/items/1/lines/0/quantity: must be at least 1 and at most 10000",
            "/items/1/number: must have 1 to 32 characters",
            "/items/2/colour: there is no such field; known are customer_id, number, due_on, lines",
            "/items/3/customer_id: expected a UUID",
            "/items/3/due_on: this field is required",
            "/items/4/lines: must have 1 to 100 elements",
        ]
    );
    assert!(listed(&ann).await.is_empty());
    let refused = ann.call("invoices.create_many", json!({"items": vec![new(&ada, ""); 11]})).await.unwrap_err();
    let at: Vec<_> = (0..11).map(|index| format!("/items/{index}/number: must have 1 to 32 characters")).collect();
    assert_eq!(fields(&refused), at, "in the order of the items");
}

async fn a_list_has_bounds(world: &World) {
    let ann = world.ann().await;
    let ada = customer(&ann, "Ada").await;
    let items = |count| json!({"items": vec![new(&ada, "A"); count]});
    for (operation, arguments) in [
        ("invoices.create_many", items(0)),
        ("invoices.create_many", items(101)),
        ("invoices.send_many", items(0)),
        ("invoices.send_many", items(101)),
    ] {
        let refused = ann.call(operation, arguments).await.unwrap_err();
        assert_eq!(fields(&refused), ["/items: must have 1 to 100 elements"], "{operation}");
    }
    let refused = ann.call("invoices.create_many", json!({})).await.unwrap_err();
    assert_eq!(fields(&refused), ["/items: this field is required"]);
}

async fn each_is_answered_for_itself(world: &World) {
    let (ann, bob) = (world.ann().await, world.caller(Some("bob")).await);
    let (ada, eve) = (customer(&ann, "Ada").await, customer(&bob, "Eve").await);
    let mine = [
        invoice(&ann, &ada, "1", 1_000, "2026-12-31").await,
        invoice(&ann, &ada, "2", 1_000, "2026-12-31").await,
        invoice(&ann, &ada, "3", 1_000, "2026-12-31").await,
    ];
    let theirs = invoice(&bob, &eve, "1", 1_000, "2026-12-31").await;
    let items = json!([
        {"id": mine[0]},
        {"id": theirs},
        {"id": mine[1], "expected_version": 7},
        {"id": "x"},
        {"id": mine[0]},
        {"id": mine[2], "expected_version": 1},
        {"id": mine[1], "now": true},
        {},
    ]);
    let answer = ann.call("invoices.send_many", json!({"items": items})).await.unwrap();
    assert_eq!((&answer["succeeded"], &answer["failed"]), (&json!(2), &json!(6)), "{answer}");
    let said = |index: usize| {
        let item = &answer["items"][index];
        assert_eq!(item["index"], index);
        (item["status"].as_u64().unwrap(), item["problem"]["code"].as_str().unwrap_or("-").to_owned())
    };
    let all: Vec<_> = (0..8).map(said).collect();
    let expected = [
        (200, "-"),
        (404, "not_found"),
        (412, "precondition_failed"),
        (422, "invalid"),
        (409, "not_a_draft"),
        (200, "-"),
        (422, "invalid"),
        (422, "invalid"),
    ]
    .map(|(status, code)| (status, code.to_owned()));
    assert_eq!(all, expected);
    assert_eq!(answer["items"][0]["value"]["status"], "sent");
    assert!(answer["items"][0].get("problem").is_none() && answer["items"][1].get("value").is_none());
    // Exactly what a call of the item alone is answered.
    for (index, arguments) in [(3, json!({"id": "00000000-0000-4000-8000-000000000000"})), (4, json!({"id": mine[0]}))]
    {
        let alone = ann.call("invoices.send", arguments).await.unwrap_err();
        let together = &answer["items"][if index == 3 { 1 } else { index }]["problem"];
        assert_eq!((&alone["code"], &alone["status"]), (&together["code"], &together["status"]));
        assert_eq!(&alone["detail"], &together["detail"]);
    }
    assert_eq!(fields(&answer["items"][7]["problem"]), ["/id: this field is required"], "seen from the item");
    for (id, status) in [(&mine[0], "sent"), (&mine[1], "draft"), (&mine[2], "sent")] {
        assert_eq!(ann.call("invoices.get", json!({"id": id})).await.unwrap()["status"], status);
    }
    assert_eq!(bob.call("invoices.get", json!({"id": theirs})).await.unwrap()["status"], "draft");
}

async fn what_is_no_list_of_items_is_refused_as_a_whole(world: &World) {
    let ann = world.ann().await;
    let ada = customer(&ann, "Ada").await;
    let mine = invoice(&ann, &ada, "1", 1_000, "2026-12-31").await;
    for (items, pointer) in
        [(json!([{"id": mine}, 7]), "/items/1"), (json!({"id": mine}), "/items"), (json!(null), "/items")]
    {
        let refused = ann.call("invoices.send_many", json!({"items": items})).await.unwrap_err();
        assert_eq!((&refused["status"], &refused["errors"][0]["pointer"]), (&json!(422), &json!(pointer)), "{refused}");
    }
    let refused = ann.call("invoices.send_many", json!({"items": [{"id": mine}], "id": mine})).await.unwrap_err();
    assert_eq!(fields(&refused), ["/id: there is no such field; known are items"]);
    let reader = world.caller(Some("ann+invoices:read")).await;
    let refused = reader.call("invoices.send_many", json!({"items": [{"id": mine}]})).await.unwrap_err();
    assert_eq!(refused["status"], 403);
    assert_eq!(ann.call("invoices.get", json!({"id": mine})).await.unwrap()["status"], "draft");
}

async fn many_can_be_tried(world: &World) {
    let ann = world.ann().await;
    let ada = customer(&ann, "Ada").await;
    let items = json!([new(&ada, "A"), new(&ada, "B")]);
    let tried = ann.call("invoices.create_many", json!({"items": items, "dry_run": true})).await.unwrap();
    assert_eq!(numbers(&tried), ["A", "B"]);
    assert!(listed(&ann).await.is_empty());
    let twice = json!([new(&ada, "A"), new(&ada, "A")]);
    let refused = ann.call("invoices.create_many", json!({"items": twice, "dry_run": true})).await.unwrap_err();
    assert_eq!(refused["errors"][0]["pointer"], "/items/1");
}

async fn many_that_are_sent_again_are_done_once(world: &World) {
    let ann = world.ann().await;
    let ada = customer(&ann, "Ada").await;
    let items = json!({"items": [new(&ada, "A"), new(&ada, "B")]});
    let first = ann.call_with_key("many", "invoices.create_many", items.clone()).await.unwrap();
    let again = ann.call_with_key("many", "invoices.create_many", items).await.unwrap();
    assert_eq!(first, again);
    assert_eq!(listed(&ann).await, ["A", "B"]);
    let other =
        ann.call_with_key("many", "invoices.create_many", json!({"items": [new(&ada, "A")]})).await.unwrap_err();
    assert_eq!(other["code"], "idempotency_key_reused");
    // What failed is answered again as well: it was this call's answer.
    let (sent, not) = (&first["items"][0]["id"], "00000000-0000-4000-8000-000000000000");
    let items = json!({"items": [{"id": not}, {"id": sent}]});
    let first = ann.call_with_key("each", "invoices.send_many", items.clone()).await.unwrap();
    let again = ann.call_with_key("each", "invoices.send_many", items).await.unwrap();
    assert_eq!((&first["succeeded"], &first["failed"]), (&json!(1), &json!(1)));
    assert_eq!(first, again);
}
