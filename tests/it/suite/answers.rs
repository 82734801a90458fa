//! Answers that are not what their own schema says: in a debug build the call fails, and keeps nothing.

use super::{World, everywhere, world::customer};
use diptych::{Conn, GET, Operations, POST, Result, Scope, Tx, query, selector, service};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;

everywhere!(an_answer_is_what_its_schema_says);

#[derive(Serialize, JsonSchema)]
struct Share {
    /// JSON has no NaN: serde writes null.
    share: f64,
}

/// A part of a whole.
#[selector("answers.share")]
async fn share(_db: &mut Conn, #[arg] part: f64, #[arg] whole: f64) -> Result<Share> {
    Ok(Share { share: part / whole })
}

/// Rename all customers.
#[service("answers.rename")]
async fn rename(tx: &mut Tx, #[arg] name: String, #[arg] whole: f64) -> Result<Share> {
    query("UPDATE customers SET name = $1").bind(name).execute(tx).await?;
    Ok(Share { share: 0.0 / whole })
}

pub(super) fn operations() -> Operations {
    Operations::new()
        .add(share::spec().allow(Scope("invoices:read")).rest(GET, "/share"))
        .add(rename::spec().allow(Scope("invoices:write")).rest(POST, "/rename"))
}

async fn an_answer_is_what_its_schema_says(world: &World) {
    let ann = world.ann().await;
    customer(&ann, "Ada").await;
    let name = async || ann.call("customers.list", json!({})).await.unwrap()["items"][0]["name"].clone();
    assert_eq!(ann.call("answers.share", json!({"part": 1, "whole": 4})).await.unwrap(), json!({"share": 0.25}));
    ann.call("answers.rename", json!({"name": "Eve", "whole": 4})).await.unwrap();
    assert_eq!(name().await, "Eve");
    if cfg!(debug_assertions) {
        let problem = ann.call("answers.share", json!({"part": 0, "whole": 0})).await.unwrap_err();
        assert_eq!((&problem["status"], &problem["detail"]), (&json!(500), &json!("an unexpected error occurred")));
        let problem = ann.call("answers.rename", json!({"name": "Bob", "whole": 0})).await.unwrap_err();
        assert_eq!(problem["status"], 500);
        assert_eq!(name().await, "Eve", "what cannot be shown is not kept");
    }
}
