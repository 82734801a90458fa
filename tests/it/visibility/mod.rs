//! Fields that are not for everybody: by permission, and by who reads, in answers and their schemas alike, over every surface on both
//! databases.

mod declared;
mod kept;

use crate::counter::EVERY;
use diptych::{
    Audience, Authenticated, Backend, Conn, Db, FieldSet, Filter, GET, Input, Instance, Keyset, MCPServer,
    MCPServerBuilder, Operations, Ordering, PATCH, PageNumber, Record, Result, Scope, Select, SelectorSpec, Server,
    ServiceSpec, Task, Tx, query, query_as, update,
};
use diptych_spec::{AnswerValue, Args};
use diptych_testkit::{RunningServer, Surface, SurfaceClient, TestDatabase, request};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use validator::Validate;

#[derive(Debug, Record)]
struct Product {
    id: i64,
    name: String,
    cost_cents: i64,
    note: Option<String>,
}

/// What is shown of it.
#[derive(Debug, Serialize, JsonSchema)]
struct ProductView {
    id: i64,
    name: String,
    /// What it costs us.
    cost: String,
    /// For the people who sell it.
    note: Option<String>,
    /// For whoever sells it in their place.
    hint: String,
}

impl From<Product> for ProductView {
    fn from(Product { id, name, cost_cents, note }: Product) -> Self {
        let (cost, hint) = (format!("{}.{:02}", cost_cents / 100, cost_cents % 100), format!("offer {name} first"));
        Self { id, name, cost, note, hint }
    }
}

#[derive(Deserialize, JsonSchema, Filter)]
struct ProductFilter {
    #[filter(column = "cost_cents", op = ">=")]
    min_cost: Option<i64>,
    name: Option<String>,
    #[filter(op = "contains")]
    note: Option<String>,
}

#[derive(Ordering)]
enum ProductOrder {
    Id,
    #[order(column = "cost_cents")]
    Cost,
}

#[derive(Deserialize, JsonSchema)]
struct ById {
    id: i64,
}

#[derive(Deserialize, JsonSchema, Validate)]
struct Name {
    name: String,
}

const PRODUCTS: &str = "SELECT id, name, cost_cents, note FROM products";

async fn list(_: &mut Conn) -> Result<Select<Product>> {
    Ok(Select::sql(PRODUCTS))
}

async fn get(db: &mut Conn, Args(ById { id }): Args<ById>) -> Result<Option<Product>> {
    query_as("SELECT id, name, cost_cents, note FROM products WHERE id = $1").bind(id).optional(db).await
}

async fn all(db: &mut Conn) -> Result<AnswerValue<Vec<ProductView>>> {
    let products: Vec<Product> =
        query_as("SELECT id, name, cost_cents, note FROM products ORDER BY id").all(db).await?;
    Ok(AnswerValue(products.into_iter().map(ProductView::from).collect()))
}

async fn rename(tx: &mut Tx, Instance(product): Instance<Product>, Input(Name { name }): Input<Name>) -> Result<i64> {
    update("products").key("id", product.id).set("name", &product.name, Some(name)).execute(tx).await?;
    Ok(product.id)
}

fn by_id(id: &i64) -> Select<Product> {
    Select::sql("SELECT id, name, cost_cents, note FROM products WHERE id = $1").bind(*id)
}

fn cost() -> FieldSet {
    FieldSet::of(["cost"]).columns(["cost_cents"])
}

fn hint() -> FieldSet {
    FieldSet::of(["hint"]).columns([])
}

fn operations() -> Operations {
    let costs = || Scope("costs:read");
    let listed = |name: &'static str| {
        SelectorSpec::from_fn(name, list)
            .allow(Authenticated)
            .filter::<ProductFilter>()
            .order_by::<ProductOrder>("id")
            .present::<ProductView>()
            .visible(cost(), costs())
            .audience("note", Audience::People)
            .audience(hint(), Audience::Agents)
    };
    let got = |name: &'static str| {
        SelectorSpec::from_fn(name, get)
            .allow(Authenticated)
            .present::<ProductView>()
            .visible("cost", costs())
            .audience("note", Audience::People)
            .audience("hint", Audience::Agents)
    };
    Operations::new()
        .add(listed("products.list").paginate(PageNumber::default()).rest(GET, "/products"))
        .add(listed("products.pages").paginate(Keyset::default()).rest(GET, "/pages"))
        .add(listed("products.items").rest(GET, "/items"))
        .add(got("products.get").rest(GET, "/products/{id}").resource("products://{id}"))
        .add(got("products.find").allow_none().rest(GET, "/find/{id}"))
        .add(
            SelectorSpec::from_fn("products.all", all)
                .allow(Authenticated)
                .visible("cost", costs())
                .audience("note", Audience::People)
                .audience("hint", Audience::Agents)
                .rest(GET, "/all"),
        )
        .add(
            ServiceSpec::from_fn("products.rename", rename)
                .allow(Authenticated)
                .target(SelectorSpec::from_fn("target", get))
                .output(by_id)
                .present::<ProductView>()
                .visible("cost", costs())
                .audience("note", Audience::People)
                .audience("hint", Audience::Agents)
                .dry_run(true)
                .task(Task::optional())
                .rest(PATCH, "/products/{id}"),
        )
}

fn application(db: Db) -> MCPServerBuilder {
    MCPServer::builder("products", "1").database(db).seal_key([7; 32]).mount(operations())
}

struct World {
    server: Server,
    listening: RunningServer,
    _database: TestDatabase,
}

impl World {
    async fn on(backend: Backend) -> Self {
        let database = TestDatabase::new(backend).await;
        let db = Db::connect(database.url()).await.unwrap();
        let mut tx = db.begin().await.unwrap();
        for sql in [
            "CREATE TABLE products (id BIGINT PRIMARY KEY, name TEXT NOT NULL, cost_cents BIGINT NOT NULL, note TEXT)",
            "INSERT INTO products VALUES (1, 'pen', 30, 'in the drawer'), (2, 'ink', 10, NULL), (3, 'paper', 20, 'cheap')",
        ] {
            query(sql).execute(&mut tx).await.unwrap();
        }
        tx.commit().await.unwrap();
        let server = application(db.clone()).build().await.unwrap();
        Self { server, listening: RunningServer::start(application(db)).await, _database: database }
    }

    /// The same caller by every surface, with the fields that they are shown.
    async fn callers(&self, user: &str, scopes: &[&str]) -> Vec<(SurfaceClient, BTreeSet<&'static str>)> {
        let token = [&[user], scopes].concat().join("+");
        let mut callers = vec![
            (SurfaceClient::in_process(self.server.client(), Some(&token), scopes), ["note", "hint"].as_slice()),
            (SurfaceClient::stdio(&self.server, Some(&token), scopes), &["hint"]),
        ];
        for (surface, more) in [(Surface::Rest, "note"), (Surface::McpSession, "hint"), (Surface::McpStateless, "hint")]
        {
            let more: &[&str] = if more == "note" { &["note"] } else { &["hint"] };
            callers.push((SurfaceClient::over(&self.listening, surface, Some(&token)).await, more));
        }
        let fields = |more: &[&'static str]| {
            let cost = scopes.contains(&"costs:read").then_some("cost");
            ["id", "name"].into_iter().chain(cost).chain(more.iter().copied()).collect()
        };
        callers.into_iter().map(|(caller, more)| (caller, fields(more))).collect()
    }
}

const ANN: (&str, &[&str]) = ("ann", &["costs:read"]);
const BOB: (&str, &[&str]) = ("bob", &["x"]);

fn names(row: &Value) -> BTreeSet<&str> {
    row.as_object().unwrap_or_else(|| panic!("{row}")).keys().map(String::as_str).collect()
}

fn status(answered: &std::result::Result<Value, Value>) -> u64 {
    answered.as_ref().map_or_else(|problem| problem["status"].as_u64().unwrap_or(500), |_| 200)
}

#[tokio::test]
async fn each_answer_has_what_its_reader_is_shown() {
    for backend in EVERY {
        let world = World::on(backend).await;
        for (user, scopes) in [ANN, BOB] {
            for (caller, fields) in world.callers(user, scopes).await {
                let case = format!("{backend} {user} {caller:?}");
                for name in ["products.list", "products.pages", "products.items"] {
                    let list = caller.call(name, json!({"name": "pen"})).await.unwrap();
                    assert_eq!(names(&list["items"][0]), fields, "{name} {case}");
                    assert_eq!((&list["items"][0]["id"], list["items"].as_array().unwrap().len()), (&json!(1), 1));
                    let whole = caller.call(name, json!({})).await.unwrap();
                    assert!(whole["items"].as_array().unwrap().iter().all(|row| names(row) == fields), "{name} {case}");
                }
                assert_eq!(names(&caller.call("products.get", json!({"id": 1})).await.unwrap()), fields, "{case}");
                assert_eq!(names(&caller.call("products.find", json!({"id": 1})).await.unwrap()), fields, "{case}");
                assert_eq!(caller.call("products.find", json!({"id": 9})).await.unwrap(), Value::Null, "{case}");
                let all = caller.call("products.all", json!({})).await.unwrap();
                assert!(all.as_array().unwrap().iter().all(|row| names(row) == fields), "{case}");
                let renamed = caller.call("products.rename", json!({"id": 2, "name": "blue ink"})).await.unwrap();
                assert_eq!((names(&renamed), &renamed["name"]), (fields.clone(), &json!("blue ink")), "{case}");
                if caller.speaks_mcp() {
                    let read = caller.request("resources/read", json!({"uri": "products://1"})).await.unwrap();
                    let text: Value = serde_json::from_str(read["contents"][0]["text"].as_str().unwrap()).unwrap();
                    assert_eq!(names(&text), fields, "{case}");
                }
            }
        }
    }
}

/// What is ordered or filtered by tells as much as what is shown.
#[tokio::test]
async fn nobody_asks_by_what_they_are_not_shown() {
    for backend in EVERY {
        let world = World::on(backend).await;
        for (user, scopes) in [ANN, BOB] {
            for (caller, fields) in world.callers(user, scopes).await {
                for name in ["products.list", "products.pages", "products.items"] {
                    let case = format!("{backend} {user} {name} {caller:?}");
                    for (arguments, field) in [
                        (json!({"min_cost": 20}), "cost"),
                        (json!({"order": ["cost"]}), "cost"),
                        (json!({"order": ["-cost"], "name": "pen"}), "cost"),
                        (json!({"order": ["id", "cost"]}), "cost"),
                        (json!({"note": "drawer"}), "note"),
                        (json!({"name": "pen", "order": ["-id"]}), "id"),
                    ] {
                        let expected = if fields.contains(field) { 200 } else { 403 };
                        let answered = caller.call(name, arguments.clone()).await;
                        assert_eq!(status(&answered), expected, "{arguments} {case}");
                    }
                }
            }
        }
    }
}

#[tokio::test]
async fn schemas_have_what_is_shown() {
    let world = World::on(Backend::Sqlite).await;
    for (user, scopes) in [ANN, BOB] {
        for (caller, fields) in world.callers(user, scopes).await.into_iter().filter(|(caller, _)| caller.speaks_mcp())
        {
            let tools = caller.request("tools/list", json!({})).await.unwrap();
            let output = |name: &str| {
                let tool = tools["tools"].as_array().unwrap().iter().find(|tool| tool["name"] == name).unwrap();
                tool["outputSchema"].clone()
            };
            for (name, at) in [
                ("products.list", "/properties/items/items"),
                ("products.pages", "/properties/items/items"),
                ("products.items", "/properties/items/items"),
                ("products.get", ""),
                ("products.rename", ""),
            ] {
                let schema = output(name);
                let row = schema.pointer(at).unwrap();
                assert_eq!(names(&row["properties"]), fields, "{user} {name} {caller:?}");
                let required: BTreeSet<_> =
                    row["required"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
                assert!(required.is_subset(&fields) && required.contains("name"), "{required:?} {name} {caller:?}");
                assert_eq!(required.contains("hint"), fields.contains("hint"), "{name} {caller:?}");
            }
            for name in ["products.find", "products.all"] {
                let schema = output(name).to_string();
                assert_eq!(schema.contains("\"cost\""), fields.contains("cost"), "{user} {name} {caller:?}");
                assert!(!schema.contains("\"note\"") && schema.contains("\"hint\""), "{user} {name} {caller:?}");
            }
        }
    }
    // One document for everybody who reads it says what is for some of them.
    let document = request(world.listening.socket(), "GET", "/openapi.json", &[], None).await.json();
    let row = &document["paths"]["/products/{id}"]["get"]["responses"]["200"]["content"]["application/json"]["schema"];
    assert_eq!(names(&row["properties"]), BTreeSet::from(["id", "name", "cost", "note"]));
    assert_eq!(row["properties"]["cost"]["description"], "What it costs us.\n\nShown only with `costs:read`.");
    assert!(!row["required"].as_array().unwrap().contains(&json!("cost")), "{row}");
    assert!(document["paths"]["/products"]["get"]["responses"]["403"].is_object());
}

#[tokio::test]
async fn texts_of_tools_have_what_is_shown() {
    let world = World::on(Backend::Sqlite).await;
    for ((user, scopes), header) in [(ANN, "id,name,cost,hint\r\n"), (BOB, "id,name,hint\r\n")] {
        for (caller, _) in world.callers(user, scopes).await.into_iter().filter(|(caller, _)| caller.speaks_mcp()) {
            for (format, begins) in [("csv", Some(header)), ("toon", None)] {
                let meta = json!({
                    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
                    "io.modelcontextprotocol/clientCapabilities": {},
                    "dev.diptych/format": format,
                });
                if format!("{caller:?}").contains("Session") {
                    continue;
                }
                let params = json!({"name": "products.items", "arguments": {}, "_meta": meta});
                let answer = caller.request("tools/call", params).await.unwrap();
                let text = answer["content"][0]["text"].as_str().unwrap();
                assert!(begins.is_none_or(|begins| text.starts_with(begins)), "{text}");
                assert_eq!(text.contains("cost"), user == "ann", "{format}: {text}");
                assert!(!text.contains("drawer"), "{format}: {text}");
            }
        }
    }
}
