//! Several services as one operation, over every surface.

use super::{
    World,
    calling::{NewName, names, rename, two},
    everywhere,
    world::{customer, fields},
};
use diptych::{Chain, Input, Operations, POST, ServiceSpec};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;
use validator::Validate;

everywhere!(
    a_chain_does_all_of_its_steps,
    the_step_that_fails_is_named_and_nothing_is_kept,
    a_chain_is_for_those_who_may_do_every_step,
);

/// Two customers, and a name for both.
#[derive(Deserialize, JsonSchema, Validate)]
#[serde(deny_unknown_fields)]
struct Pair {
    first: Uuid,
    second: Uuid,
    /// What the second step makes too long for itself, the first does not.
    #[validate(length(min = 1, max = 10))]
    name: String,
}

pub(super) fn operations() -> Operations {
    let new = |name: &str| Input(NewName { name: name.to_owned() });
    let pair = Chain::of::<Pair>()
        .then::<rename, _>(move |pair, ()| (new(&pair.name), json!({"id": pair.first})))
        .then::<rename, _>(move |pair, (first,)| (new(&format!("{} {first}", pair.name)), json!({"id": pair.second})))
        .answer(|pair, (first, second)| vec![first, second, pair.name]);
    let pair = ServiceSpec::new("chaining.pair", "Give two customers a name.", pair);
    Operations::new().add(pair.dry_run(true).rest(POST, "/chaining-pair"))
}

fn new(customer: &str, number: &str) -> Value {
    let lines = json!([{"description": "Work", "quantity": 1, "unit_cents": 5_000}]);
    json!({"customer_id": customer, "number": number, "due_on": "2026-12-31", "lines": lines})
}

async fn a_chain_does_all_of_its_steps(world: &World) {
    let ann = world.ann().await;
    let (ada, bea) = two(&ann).await;
    let issued = ann.call("invoices.issue", new(&ada, "1")).await.unwrap();
    assert_eq!((&issued["status"], &issued["amount"]), (&json!("sent"), &json!("50.00")));
    let stored = ann.call("invoices.get", json!({"id": issued["id"]})).await.unwrap();
    assert_eq!((&stored["status"], &stored["number"]), (&json!("sent"), &json!("1")));

    let given = |name: &str| json!({"first": ada, "second": bea, "name": name, "dry_run": name == "Try"});
    for name in ["Try", "Eve"] {
        assert_eq!(ann.call("chaining.pair", given(name)).await.unwrap(), json!(["Ada", "Bea", name]));
    }
    assert_eq!(names(&ann, [&ada, &bea]).await, ["Eve", "Eve Ada"]);
}

async fn the_step_that_fails_is_named_and_nothing_is_kept(world: &World) {
    let ann = world.ann().await;
    let (ada, bea) = two(&ann).await;
    let pair = |second: &str, name: &str| json!({"first": ada, "second": second, "name": name});
    let step = |number: u32| json!({"number": number, "operation": "calling.rename"});

    let problem = ann.call("chaining.pair", pair(&Uuid::new_v4().to_string(), "Eve")).await.unwrap_err();
    assert_eq!((&problem["code"], &problem["step"]), (&json!("not_found"), &step(2)));
    let problem = ann.call("chaining.pair", pair(&bea, "Evangelina")).await.unwrap_err();
    assert_eq!((&problem["status"], &problem["step"]), (&json!(422), &step(2)));
    assert_eq!(fields(&problem), ["/newName: must have 1 to 10 characters"], "of the step, which is named");
    let problem = ann.call("chaining.pair", pair(&bea, "")).await.unwrap_err();
    assert_eq!(
        (fields(&problem), &problem["step"]),
        (vec!["/name: must have 1 to 10 characters".into()], &Value::Null)
    );
    assert_eq!(names(&ann, [&ada, &bea]).await, ["Ada", "Bea"]);

    ann.call("invoices.issue", new(&ada, "1")).await.unwrap();
    let problem = ann.call("invoices.issue", new(&ada, "1")).await.unwrap_err();
    assert_eq!((&problem["status"], &problem["code"]), (&json!(409), &json!("unique")));
    assert_eq!(problem["step"], json!({"number": 1, "operation": "invoices.create"}));
    assert_eq!(ann.call("invoices.list", json!({})).await.unwrap()["total"], 1);
}

async fn a_chain_is_for_those_who_may_do_every_step(world: &World) {
    let ann = world.ann().await;
    let customer = customer(&ann, "Ada").await;
    let reader = world.caller(Some("ann+invoices:read")).await;
    assert_eq!(reader.call("invoices.issue", new(&customer, "1")).await.unwrap_err()["status"], 403);
    if world.is_mcp() {
        let is_listed = async |caller: &super::calling::Caller| {
            let listed = caller.request("tools/list", json!({})).await.unwrap();
            let mut tools = listed["tools"].as_array().unwrap().iter();
            tools.any(|tool| tool["name"] == "invoices.issue")
        };
        assert_eq!((is_listed(&ann).await, is_listed(&reader).await), (true, false));
    }
}
