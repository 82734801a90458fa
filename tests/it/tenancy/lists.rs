//! Pages and their cursors: a cursor is of one scope.

use super::{ACME, EVERY, FOUND, World, ids, status};
use serde_json::{Value, json};

#[tokio::test]
async fn pages_concatenate_to_the_rows_of_the_tenant() {
    for backend in EVERY {
        let world = World::on(backend, FOUND[0]).await;
        for caller in world.callers(Some("ann@acme")).await {
            let (mut seen, mut after) = (Vec::new(), Value::Null);
            loop {
                let mut arguments = json!({"page_size": 2});
                if !after.is_null() {
                    arguments["after"] = after;
                }
                let page = caller.call("notes.list", arguments).await.unwrap();
                assert_eq!(page["total"], ACME, "{backend} {caller:?}");
                seen.extend(ids(&page));
                after = page["next"].clone();
                if after.is_null() {
                    break;
                }
            }
            assert_eq!(seen, (1..=ACME).collect::<Vec<_>>(), "{backend} {caller:?}");
            let last = caller.call("notes.pages", json!({"page": 5, "page_size": 2})).await.unwrap();
            let behind = caller.call("notes.pages", json!({"page": 6, "page_size": 2})).await.unwrap();
            assert_eq!((ids(&last), &last["total"], &behind["total"]), (vec![ACME], &json!(ACME), &json!(ACME)));
        }
    }
}

#[tokio::test]
async fn a_cursor_of_another_tenant_is_none() {
    for (backend, found) in EVERY.into_iter().flat_map(|backend| FOUND.map(|found| (backend, found))) {
        let world = World::on(backend, found).await;
        let (ann, bob) = (world.callers(Some("ann@acme")).await, world.callers(Some("bob@beta")).await);
        for (ann, bob) in ann.iter().zip(&bob) {
            let page = ann.call("notes.list", json!({"page_size": 2})).await.unwrap();
            let again = json!({"page_size": 2, "after": page["next"]});
            assert_eq!(ids(&ann.call("notes.list", again.clone()).await.unwrap()), [3, 4]);
            let foreign = bob.call("notes.list", again).await;
            assert_eq!(status(&foreign), 400, "{backend} {found:?} {bob:?}");
            assert_eq!(foreign.unwrap_err()["code"], "cursor", "{backend} {found:?} {bob:?}");
        }
    }
}
