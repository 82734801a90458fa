//! A row scope beside all else that a declaration can say: what it narrows nothing else widens. Fields that are hidden stay so, too.

use super::{ACME, BETA, EVERY, Found, NOTES, Note, call, fill, ids, tenancy};
use diptych::{
    Authenticated, Backend, Calls, Conn, Db, Engine, GET, Include, Input, MCPServer, Operations, Principal, Record,
    Result, RowScope, Scope, Scoped, Select, Streaming, Tx, query, query_scalar, selector, service,
};
use diptych_testkit::{RunningServer, TestDatabase, request};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};
use validator::Validate;

#[derive(Deserialize, Serialize, JsonSchema, Validate)]
struct Fresh {
    id: i64,
    text: String,
}

#[derive(Record, Serialize, JsonSchema)]
struct Untold {
    id: i64,
}

/// The notes.
#[selector("notes.list")]
async fn list() -> Result<Select<Note>> {
    Ok(Select::sql(NOTES))
}

/// Without a word of whose they are.
#[selector("notes.untold")]
async fn untold() -> Result<Select<Untold>> {
    Ok(Select::sql("SELECT id FROM notes"))
}

/// One note.
#[selector("notes.get")]
async fn get(db: &mut Conn, #[arg] id: i64) -> Result<Option<Note>> {
    diptych::query_as("SELECT id, tenant_id, text FROM notes WHERE id = $1").bind(id).optional(db).await
}

/// Add a note.
#[service("notes.add")]
async fn add(tx: &mut Tx, Input(new): Input<Fresh>, Scoped(tenant): Scoped<String>) -> Result<i64> {
    let insert = query("INSERT INTO notes VALUES ($1, $2, $3)").bind(new.id).bind(tenant).bind(new.text);
    insert.execute(tx).await.map(|_| new.id)
}

/// Empty a note.
#[service("notes.empty")]
async fn empty(tx: &mut Tx, diptych::Instance(note): diptych::Instance<Note>) -> Result<i64> {
    query("UPDATE notes SET text = '' WHERE id = $1").bind(note.id).execute(tx).await.map(|_| note.id)
}

/// Copy a note, by what others do.
#[service("notes.copy")]
async fn copy(tx: &mut Tx, #[arg] id: i64, #[arg] to: i64, calls: &Calls, _: Scoped<String>) -> Result<i64> {
    let note = calls.read::<get>(tx, json!({"id": id})).await?;
    let text = note.map(|note| note.text).unwrap_or_default();
    calls.call::<add>(tx, Input(Fresh { id: to, text })).await
}

/// In no row scope.
#[service("notes.outside")]
async fn outside(tx: &mut Tx, #[arg] id: i64, calls: &Calls) -> Result<i64> {
    calls.call::<empty>(tx, json!({"id": id})).await
}

/// The notes, of everybody.
#[selector("notes.everybody")]
async fn everybody() -> Result<Select<Note>> {
    Ok(Select::sql(NOTES))
}

/// How many notes there are: one's own, everybody's, and one's own again.
#[derive(Serialize, JsonSchema)]
struct Shares {
    own: usize,
    all: usize,
    again: usize,
}

/// Counts notes, by what others list.
#[selector("notes.shares")]
async fn shares(db: &mut Conn, calls: &Calls, _: Scoped<String>) -> Result<Shares> {
    let own = calls.read::<list>(db, ()).await?.len();
    let all = calls.read::<everybody>(db, ()).await?.len();
    let again = calls.read::<list>(db, ()).await?.len();
    Ok(Shares { own, all, again })
}

/// Counts them in a transaction, of which some is undone, and empties a note of anybody's.
#[service("notes.sweep")]
async fn sweep(tx: &mut Tx, #[arg] id: i64, calls: &Calls, _: Scoped<String>) -> Result<Shares> {
    let own = calls.read::<list>(tx, ()).await?.len();
    calls.call_by_name::<Value>(tx, "notes.empty_any", &json!({"id": 7_000})).await.unwrap_err();
    let refused = calls.call::<empty>(tx, json!({"id": id})).await.unwrap_err();
    assert_eq!(refused.code(), "not_found", "another tenant's");
    calls.call_by_name::<Value>(tx, "notes.empty_any", &json!({"id": id})).await?;
    let refused = calls.call::<empty>(tx, json!({"id": id})).await.unwrap_err();
    assert_eq!(refused.code(), "not_found", "another tenant's");
    let all = calls.read::<everybody>(tx, ()).await?.len();
    let again = calls.read::<list>(tx, ()).await?.len();
    Ok(Shares { own, all, again })
}

fn operations() -> Operations {
    let related = || list::spec().named("notes.related").allow(Authenticated);
    Operations::new()
        .add(
            list::spec()
                .allow(Authenticated)
                .search(["text"])
                // All notes are related to all: of the same tenant.
                .include(Include::many("same", |_: &Note| 101i64, related(), "id"))
                .affordances(["notes.empty"])
                .stream(Streaming::default())
                .rest(GET, "/notes"),
        )
        .add(
            list::spec()
                .named("notes.told")
                .allow(Authenticated)
                .visible("tenant_id", Scope("tenants"))
                .affordances(["notes.empty"])
                .stream(Streaming::default())
                .rest(GET, "/told"),
        )
        .add(get::spec().allow(Authenticated))
        .add(add::spec().allow(Authenticated))
        .add(add::spec().named("notes.add_many").allow(Authenticated).bulk(1..=10))
        .add(add::spec().named("notes.add_each").allow(Authenticated).per_item(1..=10))
        .add(empty::spec().allow(Authenticated).target(get::spec()))
        .add(empty::spec().named("notes.empty_each").allow(Authenticated).target(get::spec()).per_item(1..=10))
        .add(copy::spec().allow(Authenticated))
        .row_scope(tenancy(Found::InTheName))
}

async fn world(backend: Backend) -> (TestDatabase, Db, RunningServer) {
    let database = TestDatabase::new(backend).await;
    let db = Db::connect(database.url()).await.unwrap();
    fill(&db).await;
    let server = MCPServer::builder("notes", "1").database(db.clone()).mount(operations());
    let server = server.mount(Operations::new().add(outside::spec().allow(Authenticated)));
    let server = RunningServer::start(server).await;
    (database, db, server)
}

#[tokio::test]
async fn nothing_widens_a_row_scope() {
    for backend in EVERY {
        let (_database, db, server) = world(backend).await;
        let caller =
            diptych_testkit::SurfaceClient::over(&server, diptych_testkit::Surface::McpStateless, Some("ann@acme"));
        let ann = caller.await;
        let own: Vec<_> = (1..=ACME).collect();

        // Searched, with what is related, and with what can be done.
        let found = ann.call("notes.list", json!({"search": "beta", "include": ["same"]})).await.unwrap();
        assert_eq!(ids(&found), [0i64; 0], "{backend}");
        let all = ann.call("notes.list", json!({"include": ["same"]})).await.unwrap();
        assert_eq!(ids(&all), own, "{backend}");
        for row in all["items"].as_array().unwrap() {
            assert_eq!(row["same"], json!([]), "101 is another tenant's: {row}");
            assert_eq!(row["actions"], json!({"notes.empty": {"available": true}}));
        }

        // Each item is in the scope of the call.
        let item = |id: i64| json!({"id": id, "text": "new"});
        ann.call("notes.add_many", json!({"items": [item(201), item(202)]})).await.unwrap();
        let each = ann.call("notes.add_each", json!({"items": [item(203), item(203)]})).await.unwrap();
        assert_eq!((&each["succeeded"], &each["failed"]), (&json!(1), &json!(1)), "{each}");
        let each = ann.call("notes.empty_each", json!({"items": [{"id": 201}, {"id": 101}]})).await.unwrap();
        assert_eq!((&each["items"][0]["status"], &each["items"][1]["status"]), (&json!(200), &json!(404)), "{each}");

        // So is what a service calls, and one outside can call none inside.
        assert_eq!(ann.call("notes.copy", json!({"id": 101, "to": 204})).await.unwrap_err()["status"], 404);
        assert_eq!(ann.call("notes.copy", json!({"id": 1, "to": 204})).await.unwrap(), 204);
        assert!(ann.call("notes.outside", json!({"id": 101})).await.is_err());
        let mut conn = db.read().await.unwrap();
        let mut count = async |sql: &'static str| diptych::query_scalar::<i64>(sql).one(&mut conn).await.unwrap();
        assert_eq!(count("SELECT COUNT(*) FROM notes WHERE id > 200 AND tenant_id = 'acme'").await, 4, "{backend}");
        assert_eq!(count("SELECT COUNT(*) FROM notes WHERE tenant_id = 'beta' AND text = ''").await, 0, "{backend}");
    }
}

/// What is called works on its own rows: on everybody's where it says so, and whoever called it goes on with theirs.
#[tokio::test]
async fn what_is_called_is_in_its_own_scope() {
    for backend in EVERY {
        let database = TestDatabase::new(backend).await;
        let db = Db::connect(database.url()).await.unwrap();
        fill(&db).await;
        let asked = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&asked);
        let scope = RowScope::column("tenant_id").by_query(move |who: &Principal| {
            counted.fetch_add(1, Ordering::Relaxed);
            query_scalar::<String>("SELECT tenant_id FROM members WHERE subject = $1").bind(who.subject())
        });
        let why = "a report for all tenants";
        let any = empty::spec().named("notes.empty_any").target(get::spec()).unscoped(why);
        let operations = Operations::new()
            .add(list::spec().allow(Authenticated))
            .add(everybody::spec().allow(Authenticated).unscoped(why))
            .add(shares::spec().allow(Authenticated))
            .add(empty::spec().allow(Authenticated).target(get::spec()))
            .add(any.allow(Authenticated))
            .add(sweep::spec().allow(Authenticated))
            .row_scope(scope.row(|note: &Note| note.tenant_id.clone()).setting("app.tenant"));
        let engine = Engine::builder(db).operations(operations).build().unwrap();
        for (who, own, theirs) in [("ann@acme", ACME, 101), ("bob@beta", BETA, 1)] {
            for (name, given) in [("notes.shares", json!({})), ("notes.sweep", json!({"id": theirs}))] {
                let found = call(&engine, who, None, name, &given.to_string()).await.unwrap();
                assert_eq!(found, json!({"own": own, "all": ACME + BETA, "again": own}), "{backend} {name}");
                assert_eq!(asked.swap(0, Ordering::Relaxed), 1, "{backend} {name}: whose rows they are is asked once");
            }
        }
        let mut conn = engine.db().read().await.unwrap();
        let empty = query_scalar::<i64>("SELECT id FROM notes WHERE text = '' ORDER BY id").all(&mut conn).await;
        assert_eq!(empty.unwrap(), [1, 101], "{backend}");
    }
}

#[tokio::test]
async fn a_stream_is_of_the_scope_and_without_what_is_hidden() {
    for backend in EVERY {
        let (_database, _, server) = world(backend).await;
        let get = async |path: &str, user: &str, accept: &str| {
            let token = format!("Bearer {user}");
            let head = [("Authorization", &*token), ("Accept", accept)];
            let reply = request(server.socket(), "GET", path, &head, None).await;
            (reply.status, reply.body)
        };
        let (status, lines) = get("/api/notes", "ann@acme", "application/x-ndjson").await;
        let rows: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!((status, rows.len()), (200, usize::try_from(ACME).unwrap()), "{lines}");
        assert!(rows.iter().all(|row| row["tenant_id"] == "acme"), "{lines}");
        let (_, lines) = get("/api/notes?search=beta", "ann@acme", "application/x-ndjson").await;
        assert_eq!(lines, "");
        let (status, _) = get("/api/notes?include=same", "ann@acme", "application/x-ndjson").await;
        assert_eq!(status, 422);
        let (_, table) = get("/api/notes", "ann@acme", "text/csv").await;
        assert!(table.starts_with("id,tenant_id,text\r\n1,acme,acme 1\r\n"), "{table}");

        // Who may not see a field gets neither it nor its name.
        let (_, table) = get("/api/told", "ann@acme+other", "text/csv").await;
        assert!(table.starts_with("id,text\r\n1,acme 1\r\n"), "{table}");
        let (_, lines) = get("/api/told", "ann@acme+other", "application/x-ndjson").await;
        assert!(lines.starts_with("{\"id\":1,\"text\":\"acme 1\"}\n"), "{lines}");
        let (_, page) = get("/api/told", "ann@acme+other", "application/json").await;
        assert!(!page.contains("tenant_id") && page.contains("actions"), "{page}");
    }
}

/// A service that answers with a note, in which the text is hidden.
macro_rules! empty_views {
    ($name:expr) => {
        empty::spec()
            .named($name)
            .allow(Authenticated)
            .target(get::spec())
            .output(by_id)
            .visible("text", Scope("texts"))
    };
}

/// What cannot be held is found when the server is built.
#[tokio::test]
async fn what_would_widen_it_does_not_start() {
    let database = TestDatabase::sqlite();
    let db = Db::connect(database.url()).await.unwrap();
    let untold = untold::spec().allow(Authenticated);
    let operations = Operations::new()
        .add(
            list::spec()
                .allow(Authenticated)
                .include(Include::one("other", |note: &Note| note.id, untold, "id"))
                .include(Include::one("told", |note: &Note| note.id, hiding("notes.hiding"), "id")),
        )
        .add(list::spec().named("searched").allow(Authenticated).search(["text"]).visible("text", Scope("texts")))
        .add(get::spec().allow(Authenticated))
        .add(empty_views!("items").bulk(1..=3))
        .row_scope(tenancy(Found::InTheName));
    // Outside of the scope, and shows what is inside.
    let beside = Include::many("same", |note: &Note| note.id, list::spec().allow(Authenticated), "id");
    let outside = Operations::new().add(list::spec().named("beside").allow(Authenticated).include(beside));
    let told = Engine::builder(db).operations(outside.merge(operations)).build().unwrap_err().to_string();
    for wrong in [
        "beside: includes rows of `notes.list`, which has a row scope, and is in none itself",
        "notes.list: includes rows of `notes.untold`, which have no column `tenant_id`",
        "notes.list: includes `told` of `notes.hiding`: hides fields, which it would show here",
        "searched: hides `text`, which `.search(…)` looks in",
        "items: hides fields, which an answer in a list would show",
    ] {
        assert!(told.contains(wrong), "{wrong}\n\n{told}");
    }
}

fn hiding(name: &'static str) -> diptych::SelectorSpec<list> {
    list::spec().named(name).allow(Authenticated).visible("text", Scope("texts"))
}

fn by_id(id: &i64) -> Select<Note> {
    Select::sql("SELECT id, tenant_id, text FROM notes WHERE id = $1").bind(*id)
}
