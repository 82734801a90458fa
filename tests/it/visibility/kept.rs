//! Answers that were kept: what was seen then is shown as far as it may be seen now.

use super::{World, names};
use crate::counter::EVERY;
use diptych_testkit::{Surface, SurfaceClient};
use serde_json::json;
use std::{collections::BTreeSet, time::Duration};

/// What was kept of an answer is shown as far as it still may be.
#[tokio::test]
async fn what_is_answered_again_is_shown_as_far_as_it_still_may_be() {
    for backend in EVERY {
        let world = World::on(backend).await;
        let may = world.callers("ann", &["costs:read"]).await;
        let may_not = world.callers("ann", &["x"]).await;
        for (at, ((with, fields), (without, fewer))) in may.into_iter().zip(may_not).enumerate() {
            let rename = json!({"id": 3, "name": format!("paper {at}")});
            let again = async |caller: &SurfaceClient| {
                caller.call_with_key(&format!("k{at}"), "products.rename", rename.clone()).await.unwrap()
            };
            let first = again(&with).await;
            assert_eq!(names(&first), fields, "{backend} {with:?}");
            assert_eq!(names(&again(&without).await), fewer, "{backend} {with:?}");
            assert_eq!(again(&with).await, first, "the same bytes as ever");
        }
    }
}

#[tokio::test]
async fn the_answer_of_a_task_is_shown_as_far_as_it_still_may_be() {
    for backend in EVERY {
        let world = World::on(backend).await;
        let meta = json!({
            "io.modelcontextprotocol/protocolVersion": "2026-07-28",
            "io.modelcontextprotocol/clientCapabilities": {"extensions": {"io.modelcontextprotocol/tasks": {}}},
        });
        let caller =
            async |token: &str| SurfaceClient::over(&world.listening, Surface::McpStateless, Some(token)).await;
        let (with, without) = (caller("ann+costs:read").await, caller("ann+x").await);
        let params = json!({"name": "products.rename", "arguments": {"id": 1, "name": "pencil"}, "_meta": meta});
        let task = with.request("tools/call", params).await.unwrap()["taskId"].clone();
        let get = async |caller: &SurfaceClient| {
            for _ in 0..1_000 {
                let state = caller.request("tasks/get", json!({"taskId": task, "_meta": meta})).await.unwrap();
                if state["status"] == "completed" {
                    return state["result"]["structuredContent"].clone();
                }
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            panic!("the task is not done")
        };
        assert_eq!(names(&get(&with).await), BTreeSet::from(["id", "name", "cost", "hint"]), "{backend}");
        assert_eq!(names(&get(&without).await), BTreeSet::from(["id", "name", "hint"]), "{backend}");
    }
}
