//! One operation that calls another: same caller, same transaction, same checks, over every surface.

use super::{
    World, everywhere,
    world::{customer, fields},
};
use diptych::{
    Calls, Conn, GET, Input, Instance, Operations, POST, Principal, Record, Result, Scope, ServiceError, Tx, query,
    query_as, query_scalar, selector, service,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;
use validator::Validate;

everywhere!(
    what_is_called_is_kept_together,
    the_permission_of_what_is_called_is_asked,
    what_is_missing_undoes_everything,
    an_error_that_is_swallowed_leaves_nothing,
    arguments_that_the_function_made_are_its_own_fault,
    selectors_are_read_by_both,
    operations_are_called_by_name,
    calls_of_calls_have_an_end,
    a_dry_run_goes_all_the_way_down,
);

#[derive(Debug, Clone, Record)]
pub(super) struct Named {
    id: Uuid,
    name: String,
}

/// One of your customers.
#[selector("calling.row")]
async fn row(db: &mut Conn, #[arg] id: Uuid, who: &Principal) -> Result<Option<Named>> {
    let row = query_as("SELECT id, name FROM customers WHERE id = $1 AND owner = $2");
    row.bind(id).bind(who.subject()).optional(db).await
}

/// How many customers have this name.
#[selector("calling.count")]
async fn count(db: &mut Conn, #[arg] name: String) -> Result<i64> {
    query_scalar("SELECT COUNT(*) FROM customers WHERE name = $1").bind(name).one(db).await
}

/// The same, and how many have another.
#[selector("calling.counts")]
async fn counts(db: &mut Conn, #[arg] name: String, calls: &Calls) -> Result<Vec<i64>> {
    let all: i64 = query_scalar("SELECT COUNT(*) FROM customers").one(db).await?;
    let same = calls.read::<count>(db, json!({"name": name})).await?;
    Ok(vec![same, all - same])
}

/// A name.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, Validate)]
#[serde(deny_unknown_fields)]
pub(super) struct NewName {
    /// The name.
    #[validate(length(min = 1, max = 10))]
    #[serde(rename = "newName")]
    pub(super) name: String,
}

/// Give a customer another name.
#[service("calling.rename")]
pub(super) async fn rename(tx: &mut Tx, Instance(row): Instance<Named>, Input(new): Input<NewName>) -> Result<String> {
    query("UPDATE customers SET name = $2 WHERE id = $1").bind(row.id).bind(&new.name).execute(tx).await?;
    Ok(row.name)
}

/// Two customers and a name.
#[derive(Debug, Deserialize, JsonSchema, Validate)]
#[serde(deny_unknown_fields)]
struct Both {
    first: Uuid,
    second: Uuid,
    /// Longer than what is called takes.
    name: String,
}

/// Give two customers one name; says what the names were.
#[service("calling.both")]
async fn both(tx: &mut Tx, Input(both): Input<Both>, calls: &Calls) -> Result<Vec<String>> {
    let new = NewName { name: both.name };
    let first = calls.call::<rename>(tx, (Input(new.clone()), json!({"id": both.first}))).await?;
    let second = calls.call::<rename>(tx, (Input(new), json!({"id": both.second}))).await?;
    Ok(vec![first, second])
}

/// Give the first customer a name, and try to do the same for the second; says why that was not done.
#[service("calling.attempt")]
async fn attempt(tx: &mut Tx, Input(both): Input<Both>, calls: &Calls) -> Result<Option<String>> {
    let new = NewName { name: both.name };
    calls.call::<rename>(tx, (Input(new.clone()), json!({"id": both.first}))).await?;
    let done = calls.call::<spoil>(tx, (Input(new), json!({"id": both.second}))).await;
    Ok(done.err().map(|error| error.code().to_owned()))
}

#[derive(Debug, ServiceError)]
enum Spoilt {
    #[problem(conflict, code = "spoilt", detail = "it is spoilt on purpose")]
    OnPurpose,
    #[problem(transparent)]
    Other(diptych::Error),
}

/// Give a customer another name, then everybody one that is taken already.
#[service("calling.spoil")]
async fn spoil(
    tx: &mut Tx,
    Instance(row): Instance<Named>,
    Input(new): Input<NewName>,
    calls: &Calls,
) -> Result<i64, Spoilt> {
    calls.call::<rename>(tx, (Input(new.clone()), json!({"id": row.id}))).await?;
    if new.name == "unique" {
        // On PostgreSQL, nothing more can be done after this but to go back.
        query("UPDATE customers SET email = 'same@example.com'").execute(tx).await?;
    }
    Err(Spoilt::OnPurpose)
}

/// Create a customer and say how many have its name.
#[service("calling.create")]
async fn create(tx: &mut Tx, #[arg] name: String, calls: &Calls) -> Result<Value> {
    let new = json!({"name": name, "email": "new@example.com"});
    let made: Value = calls.call_by_name(tx, "customers.create", &new).await?;
    let same = calls.read::<count>(tx, json!({"name": name})).await?;
    let page: Value = calls.read_by_name(tx, "customers.list", &json!({"page_size": 1})).await?;
    Ok(json!({"id": made["id"], "same": same, "total": page["total"]}))
}

/// Call itself so many times, and rename the customer at the end.
#[service("calling.deeper")]
async fn deeper(tx: &mut Tx, #[arg] times: u32, #[arg] id: Uuid, calls: &Calls) -> Result<u32> {
    if times == 0 {
        calls.call::<rename>(tx, (Input(NewName { name: "Deep".to_owned() }), json!({"id": id}))).await?;
        return Ok(0);
    }
    let below = calls.call::<deeper>(tx, json!({"times": times - 1, "id": id})).await?;
    Ok(below + 1)
}

pub(super) fn operations() -> Operations {
    let write = || Scope("invoices:write");
    Operations::new()
        .add(row::spec().allow(Scope("invoices:read")).present::<Shown>().rest(GET, "/calling/{id}"))
        .add(count::spec().allow(Scope("invoices:read")).rest(GET, "/calling-count"))
        .add(counts::spec().allow(Scope("invoices:read")).rest(GET, "/calling-counts"))
        .add(
            rename::spec()
                .allow(write())
                .target(row::spec())
                .require("locked", "this customer keeps its name", |row| row.name != "Locked")
                .dry_run(true)
                .rest(POST, "/calling/{id}/rename"),
        )
        .add(spoil::spec().allow(write()).target(row::spec()).rest(POST, "/calling/{id}/spoil"))
        .add(both::spec().allow(Scope("invoices:read")).dry_run(true).rest(POST, "/calling-both"))
        .add(attempt::spec().allow(write()).rest(POST, "/calling-attempt"))
        .add(create::spec().allow(write()).rest(POST, "/calling-create"))
        .add(deeper::spec().allow(write()).rest(POST, "/calling-deeper"))
}

#[derive(Serialize, JsonSchema)]
struct Shown {
    name: String,
}

impl From<Named> for Shown {
    fn from(row: Named) -> Self {
        Self { name: row.name }
    }
}

pub(super) type Caller = diptych_testkit::SurfaceClient;

pub(super) async fn two(ann: &Caller) -> (String, String) {
    (customer(ann, "Ada").await, customer(ann, "Bea").await)
}

pub(super) async fn names(ann: &Caller, ids: [&str; 2]) -> [String; 2] {
    let [first, second] = ids.map(async |id| {
        let shown = ann.call("calling.row", json!({"id": id})).await.unwrap();
        shown["name"].as_str().unwrap().to_owned()
    });
    [first.await, second.await]
}

async fn what_is_called_is_kept_together(world: &World) {
    let ann = world.ann().await;
    let (ada, bea) = two(&ann).await;
    let given = json!({"first": ada, "second": bea, "name": "Eve"});
    assert_eq!(ann.call("calling.both", given).await.unwrap(), json!(["Ada", "Bea"]));
    assert_eq!(names(&ann, [&ada, &bea]).await, ["Eve", "Eve"]);
}

async fn the_permission_of_what_is_called_is_asked(world: &World) {
    let ann = world.ann().await;
    let (ada, bea) = two(&ann).await;
    let reader = world.caller(Some("ann+invoices:read")).await;
    let given = json!({"first": ada, "second": bea, "name": "Eve"});
    assert_eq!(reader.call("calling.both", given).await.unwrap_err()["status"], 403);
    assert_eq!(names(&ann, [&ada, &bea]).await, ["Ada", "Bea"]);
}

async fn what_is_missing_undoes_everything(world: &World) {
    let (ann, bob) = (world.ann().await, world.caller(Some("bob")).await);
    let (ada, bea) = two(&ann).await;
    let bobs = customer(&bob, "Cid").await;
    for second in [Uuid::new_v4().to_string(), bobs] {
        let given = json!({"first": ada, "second": second, "name": "Eve"});
        let problem = ann.call("calling.both", given).await.unwrap_err();
        assert_eq!((&problem["status"], &problem["code"]), (&json!(404), &json!("not_found")));
        assert_eq!(names(&ann, [&ada, &bea]).await, ["Ada", "Bea"]);
    }
    ann.call("calling.rename", json!({"id": bea, "newName": "Locked"})).await.unwrap();
    let given = json!({"first": ada, "second": bea, "name": "Eve"});
    let problem = ann.call("calling.both", given).await.unwrap_err();
    assert_eq!((&problem["status"], &problem["code"]), (&json!(409), &json!("locked")));
    assert_eq!(names(&ann, [&ada, &bea]).await, ["Ada", "Locked"]);
}

async fn an_error_that_is_swallowed_leaves_nothing(world: &World) {
    let ann = world.ann().await;
    let (ada, bea) = two(&ann).await;
    for (name, code) in [("Eve", "spoilt"), ("unique", "unique")] {
        let given = json!({"first": ada, "second": bea, "name": name});
        assert_eq!(ann.call("calling.attempt", given).await.unwrap(), code);
        assert_eq!(names(&ann, [&ada, &bea]).await, [name, "Bea"], "what was called is undone, the rest is kept");
    }
}

async fn arguments_that_the_function_made_are_its_own_fault(world: &World) {
    let ann = world.ann().await;
    let (ada, bea) = two(&ann).await;
    let given = |name: &str| json!({"first": ada, "second": bea, "name": name});
    let problem = ann.call("calling.both", given("longer than ten")).await.unwrap_err();
    assert_eq!(problem["status"], 500, "{problem}");
    assert!(!problem.to_string().contains("newName"), "the caller has not sent that: {problem}");
    // Its own caller is told.
    let given = json!({"id": ada, "newName": "longer than ten"});
    let problem = ann.call("calling.rename", given).await.unwrap_err();
    assert_eq!(fields(&problem), ["/newName: must have 1 to 10 characters"]);
    assert_eq!(names(&ann, [&ada, &bea]).await, ["Ada", "Bea"]);
}

async fn selectors_are_read_by_both(world: &World) {
    let ann = world.ann().await;
    two(&ann).await;
    assert_eq!(ann.call("calling.counts", json!({"name": "Ada"})).await.unwrap(), json!([1, 1]));
}

async fn operations_are_called_by_name(world: &World) {
    let ann = world.ann().await;
    two(&ann).await;
    let made = ann.call("calling.create", json!({"name": "Ada"})).await.unwrap();
    assert_eq!((&made["same"], &made["total"]), (&json!(2), &json!(3)), "what was done is read");
    let shown = ann.call("customers.get", json!({"id": made["id"]})).await.unwrap();
    assert_eq!(shown["name"], "Ada");
}

async fn calls_of_calls_have_an_end(world: &World) {
    let ann = world.ann().await;
    let (ada, bea) = two(&ann).await;
    // With `rename` at the end that is nine.
    let problem = ann.call("calling.deeper", json!({"times": 8, "id": ada})).await.unwrap_err();
    assert_eq!(problem["status"], 500, "{problem}");
    assert_eq!(ann.call("calling.deeper", json!({"times": 6, "id": bea})).await.unwrap(), 6);
    assert_eq!(names(&ann, [&ada, &bea]).await, ["Ada", "Deep"]);
}

async fn a_dry_run_goes_all_the_way_down(world: &World) {
    let ann = world.ann().await;
    let (ada, bea) = two(&ann).await;
    let given = json!({"first": ada, "second": bea, "name": "Eve", "dry_run": true});
    assert_eq!(ann.call("calling.both", given).await.unwrap(), json!(["Ada", "Bea"]));
    assert_eq!(names(&ann, [&ada, &bea]).await, ["Ada", "Bea"]);
}
