//! Versions: who says which state of a row they know changes that one and no other.

use super::{
    World, everywhere,
    world::{customer, invoice},
};
use diptych_testkit::SurfaceClient;
use futures_util::future::join_all;
use serde_json::{Value, json};

everywhere!(
    a_version_is_good_for_one_change,
    of_many_who_know_the_same_version_one_wins,
    a_replay_comes_before_the_version,
    a_version_is_of_a_row_that_may_be_seen,
    a_version_is_only_where_it_is_expected,
);

async fn draft(caller: &SurfaceClient) -> String {
    let customer = customer(caller, "Ada").await;
    invoice(caller, &customer, "1", 5_000, "2026-12-31").await
}

async fn get(caller: &SurfaceClient, id: &str) -> Value {
    caller.call("invoices.get", json!({"id": id})).await.unwrap()
}

async fn a_version_is_good_for_one_change(world: &World) {
    let ann = world.ann().await;
    let id = draft(&ann).await;
    let amend = |number: &str, version: Value| json!({"id": id, "number": number, "expected_version": version});
    let read = get(&ann, &id).await;
    assert_eq!(read["version"], 1);
    let amended = ann.call("invoices.amend", amend("1b", json!(1))).await.unwrap();
    assert_eq!((&amended["number"], &amended["version"]), (&json!("1b"), &json!(2)));
    let late = ann.call("invoices.amend", amend("1c", json!(1))).await.unwrap_err();
    assert_eq!((&late["status"], &late["code"]), (&json!(412), &json!("precondition_failed")));
    assert_eq!(late["title"], "Precondition Failed");
    assert!(late["detail"].as_str().unwrap().contains("read it again"), "{late}");
    let stored = get(&ann, &id).await;
    assert_eq!((&stored["number"], &stored["version"]), (&json!("1b"), &json!(2)), "nothing was done");
    // Broken rules are told of the row that was read, conflicts too.
    let broken = ann.call("invoices.amend", amend("", json!(1))).await.unwrap_err();
    assert_eq!(broken["code"], "precondition_failed");
    assert_eq!(ann.call("invoices.amend", amend("", json!(2))).await.unwrap_err()["code"], "invalid");

    // What changes nothing is no other version; new lines are one.
    let same = ann.call("invoices.amend", amend("1b", json!(2))).await.unwrap();
    assert_eq!(same["version"], 2);
    let lines = json!([{"description": "Other work", "quantity": 1, "unit_cents": 5_000}]);
    let other = ann.call("invoices.amend", json!({"id": id, "lines": lines, "expected_version": 2})).await.unwrap();
    assert_eq!((&other["amount_cents"], &other["version"]), (&json!(5_000), &json!(3)));

    // Without one it goes as ever.
    assert_eq!(ann.call("invoices.amend", json!({"id": id, "number": "1d"})).await.unwrap()["version"], 4);
    let looked_at = json!({"id": id, "expected_version": 3});
    assert_eq!(ann.call("invoices.send", looked_at).await.unwrap_err()["code"], "precondition_failed");
    let sent = ann.call("invoices.send", json!({"id": id, "expected_version": 4})).await.unwrap();
    assert_eq!((&sent["status"], &sent["version"]), (&json!("sent"), &json!(5)));
    assert_eq!(get(&ann, &id).await["version"], 5);
}

async fn of_many_who_know_the_same_version_one_wins(world: &World) {
    let ann = world.ann().await;
    let id = draft(&ann).await;
    for version in 1..4 {
        let amend =
            |number: i32| json!({"id": id, "number": format!("{version}-{number}"), "expected_version": version});
        let done = join_all((0..8).map(|number| ann.call("invoices.amend", amend(number)))).await;
        let (won, lost): (Vec<_>, Vec<_>) = done.into_iter().partition(Result::is_ok);
        assert_eq!(won.len(), 1);
        for lost in lost {
            assert_eq!(lost.unwrap_err()["code"], "precondition_failed");
        }
        let stored = get(&ann, &id).await;
        let won = won.into_iter().next().unwrap().unwrap();
        assert_eq!((&stored["number"], &stored["version"]), (&won["number"], &json!(version + 1)));
    }
}

/// What was answered the first time is answered again, although the version has changed by it; which version is said does not make it
/// another call.
async fn a_replay_comes_before_the_version(world: &World) {
    let ann = world.ann().await;
    let id = draft(&ann).await;
    let amend = |version: i32| json!({"id": id, "number": "2", "expected_version": version});
    let first = ann.call_with_key("k", "invoices.amend", amend(1)).await.unwrap();
    for version in [1, 2, 7] {
        assert_eq!(ann.call_with_key("k", "invoices.amend", amend(version)).await.unwrap(), first);
    }
    let plain = ann.call_with_key("k", "invoices.amend", json!({"id": id, "number": "2"})).await.unwrap();
    assert_eq!((&plain, &plain["version"]), (&first, &json!(2)));
    let other = ann.call_with_key("k2", "invoices.amend", amend(1)).await.unwrap_err();
    assert_eq!(other["code"], "precondition_failed");
    // What failed was not kept.
    ann.call_with_key("k2", "invoices.amend", amend(2)).await.unwrap();
}

async fn a_version_is_of_a_row_that_may_be_seen(world: &World) {
    let (ann, bob) = (world.ann().await, world.caller(Some("bob")).await);
    let id = draft(&ann).await;
    for version in [1, 2] {
        let theirs = json!({"id": id, "number": "2", "expected_version": version});
        assert_eq!(bob.call("invoices.amend", theirs).await.unwrap_err()["code"], "not_found");
    }
    let reader = world.caller(Some("ann+invoices:read")).await;
    let refused = reader.call("invoices.send", json!({"id": id, "expected_version": 1})).await.unwrap_err();
    assert_eq!(refused["status"], 403);
}

async fn a_version_is_only_where_it_is_expected(world: &World) {
    let ann = world.ann().await;
    let id = draft(&ann).await;
    let problem = ann.call("invoices.void", json!({"id": id, "expected_version": 1})).await.unwrap_err();
    assert_eq!((&problem["code"], &problem["errors"][0]["pointer"]), (&json!("invalid"), &json!("/expected_version")));
    for wrong in [json!("one"), json!(true), Value::Null] {
        let amend = json!({"id": id, "number": "2", "expected_version": wrong});
        let problem = ann.call("invoices.amend", amend).await.unwrap_err();
        // Over REST it is a tag, which names nothing that there is.
        let code = if world.is_rest() { "precondition_failed" } else { "invalid" };
        assert_eq!(problem["code"], code, "{wrong}");
    }
    assert_eq!(get(&ann, &id).await["version"], 1);
}
