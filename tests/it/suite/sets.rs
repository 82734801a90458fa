//! Services that work on a set of rows.

use super::{
    World, everywhere,
    world::{customer, fields, invoice},
};
use diptych_testkit::SurfaceClient;
use serde_json::{Value, json};

everywhere!(
    a_set_is_all_or_those_that_are_chosen,
    an_empty_set_is_answered,
    one_that_is_not_there_stops_all,
    two_sets_that_meet_wait_for_each_other,
);

async fn sent(caller: &SurfaceClient, which: Value) -> Value {
    caller.call("drafts.send", which).await.unwrap()["numbers"].clone()
}

async fn status(caller: &SurfaceClient, id: &str) -> Value {
    caller.call("invoices.get", json!({"id": id})).await.unwrap()["status"].clone()
}

async fn a_set_is_all_or_those_that_are_chosen(world: &World) {
    let (ann, bob) = (world.ann().await, world.caller(Some("bob")).await);
    let (ada, bea) = (customer(&ann, "Ada").await, customer(&ann, "Bea").await);
    let mut ids = Vec::new();
    for (customer, number) in [(&ada, "1"), (&ada, "2"), (&bea, "3"), (&ada, "4"), (&bea, "5")] {
        ids.push(invoice(&ann, customer, number, 5_000, "2026-12-31").await);
    }
    assert_eq!(sent(&bob, json!({})).await, json!([]), "what is ann's is not among it");
    // In the order of the ids, which is that of creation, however they are named, and each once.
    assert_eq!(sent(&ann, json!({"ids": [ids[3], ids[0], ids[3]]})).await, json!(["1", "4"]));
    assert_eq!(sent(&ann, json!({"customer_id": bea})).await, json!(["3", "5"]));
    assert_eq!(status(&ann, &ids[1]).await, "draft");
    assert_eq!(sent(&ann, json!({})).await, json!(["2"]));
    assert_eq!(status(&ann, &ids[1]).await, "sent");
}

async fn an_empty_set_is_answered(world: &World) {
    let ann = world.ann().await;
    assert_eq!(sent(&ann, json!({})).await, json!([]));
    let ada = customer(&ann, "Ada").await;
    let id = invoice(&ann, &ada, "1", 5_000, "2026-12-31").await;
    if !world.is_rest() {
        // A query has no form for an empty list: there it is all of them.
        assert_eq!(sent(&ann, json!({"ids": []})).await, json!([]));
    }
    assert_eq!(status(&ann, &id).await, "draft");
}

async fn one_that_is_not_there_stops_all(world: &World) {
    let (ann, bob) = (world.ann().await, world.caller(Some("bob")).await);
    let (ada, eve) = (customer(&ann, "Ada").await, customer(&bob, "Eve").await);
    let mine = invoice(&ann, &ada, "1", 5_000, "2026-12-31").await;
    let already = invoice(&ann, &ada, "2", 5_000, "2026-12-31").await;
    ann.call("invoices.send", json!({"id": already})).await.unwrap();
    let theirs = invoice(&bob, &eve, "1", 5_000, "2026-12-31").await;
    let nobodys = "00000000-0000-4000-8000-000000000000";
    for other in [&*theirs, nobodys, &already] {
        let refused = ann.call("drafts.send", json!({"ids": [mine, other]})).await.unwrap_err();
        assert_eq!((&refused["status"], &refused["code"]), (&json!(404), &json!("not_found")), "{other}");
        assert!(!refused.to_string().contains(other), "{refused}");
    }
    let elsewhere = ann.call("drafts.send", json!({"ids": [mine], "customer_id": eve})).await.unwrap_err();
    assert_eq!(elsewhere["code"], "not_found", "what is named is not left out by another filter");
    let wrong = ann.call("drafts.send", json!({"ids": [mine, "x"]})).await.unwrap_err();
    assert_eq!(fields(&wrong), ["/ids/1: expected a UUID"]);
    assert_eq!((status(&ann, &mine).await, status(&bob, &theirs).await), (json!("draft"), json!("draft")));
}

/// Each is sent by one of them; locked in one order, they do not end each other.
async fn two_sets_that_meet_wait_for_each_other(world: &World) {
    let ann = world.ann().await;
    let ada = customer(&ann, "Ada").await;
    for round in 0..3 {
        let mut ids = Vec::new();
        for number in 0..6 {
            ids.push(invoice(&ann, &ada, &format!("{round}-{number}"), 1_000, "2026-12-31").await);
        }
        let backwards: Vec<_> = ids.iter().rev().collect();
        let one = ann.call("drafts.send", json!({"ids": ids}));
        let (one, other) = tokio::join!(one, ann.call("drafts.send", json!({"ids": backwards})));
        let (won, lost): (Vec<_>, Vec<_>) = [one, other].into_iter().partition(Result::is_ok);
        assert_eq!(won.len(), 1, "{lost:?}");
        assert_eq!(lost[0].as_ref().unwrap_err()["code"], "not_found");
    }
}
