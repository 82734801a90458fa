//! What a dry run leaves behind besides the data: no change is told, no task is made, the trail says that it was one; and what each
//! surface says of it.

use crate::counter::{EVERY, Number, create_table, insert, numbers};
use diptych::{
    Anyone, Audit, AuditEntry, Backend, Db, DryRun, Engine, ErrorKind, MCPServer, MCPServerBuilder, Operations, POST,
    Result, ServiceSpec, State, Task, Tx, query, query_as,
};
use diptych_pipeline::{Caller, NewTask, OnDisconnect, Surface, Via};
use diptych_spec::{Args, Arguments};
use diptych_testkit::{HttpReply, RunningServer, Surface as Over, SurfaceClient, TestDatabase, request};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Value, json};
use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

#[derive(Serialize, JsonSchema)]
struct Added {
    n: i64,
}

/// How many letters were sent.
#[derive(Clone, Default)]
struct Letters(Arc<AtomicUsize>);

async fn add(tx: &mut Tx, Args(Number { n }): Args<Number>, dry_run: DryRun, letters: State<Letters>) -> Result<Added> {
    insert(tx, n).await?;
    if !dry_run.is_on() {
        letters.0.0.fetch_add(1, Ordering::SeqCst);
    }
    Ok(Added { n })
}

async fn forget(tx: &mut Tx, Args(Number { n }): Args<Number>) -> Result<()> {
    query("DELETE FROM numbers WHERE n = $1").bind(n).execute(tx).await.map(drop)
}

async fn ignore(tx: &mut Tx, Args(Number { n }): Args<Number>) -> Result<()> {
    for _ in 0..2 {
        let _ = insert(tx, n).await;
    }
    Ok(())
}

/// Refers to a number that is looked for at COMMIT.
async fn refer(tx: &mut Tx, Args(Number { n }): Args<Number>) -> Result<()> {
    query("INSERT INTO referring VALUES ($1)").bind(n).execute(tx).await.map(drop)
}

fn operations() -> Operations {
    Operations::new()
        .add(
            ServiceSpec::from_fn("add", add)
                .allow(Anyone)
                .changes("numbers://{n}")
                .dry_run(true)
                .task(Task::optional())
                .rest(POST, "/numbers")
                .creates("/numbers/{n}"),
        )
        .add(ServiceSpec::from_fn("forget", forget).allow(Anyone).dry_run(true).rest(POST, "/forget"))
        .add(ServiceSpec::from_fn("ignore", ignore).allow(Anyone).dry_run(true))
        .add(ServiceSpec::from_fn("refer", refer).allow(Anyone).dry_run(true))
}

async fn engine(backend: Backend) -> (Engine, Letters, TestDatabase) {
    let database = TestDatabase::new(backend).await;
    let db = Db::connect(database.url()).await.unwrap();
    create_table(&db).await;
    let letters = Letters::default();
    let builder = Engine::builder(db).operations(operations()).state(letters.clone());
    (builder.build().unwrap(), letters, database)
}

#[tokio::test]
async fn nothing_is_told_and_a_function_knows() {
    for backend in EVERY {
        let (engine, letters, _database) = engine(backend).await;
        let mut changes = engine.changes().listen();
        let operation = engine.operation("add").unwrap();
        for (given, is_dry_run, sent) in [("{\"n\": 1, \"dry_run\": true}", true, 0), ("{\"n\": 1}", false, 1)] {
            let caller = Caller::new(None, Via::new(Surface::InProcess));
            let outcome = engine.dispatch(operation, Arguments::named(given), caller).await.unwrap();
            assert_eq!((outcome.json(), outcome.is_dry_run()), ("{\"n\":1}", is_dry_run));
            assert_eq!(changes.try_recv().is_err(), is_dry_run, "{backend}");
            assert_eq!(letters.0.load(Ordering::SeqCst), sent);
        }
        assert_eq!(numbers(engine.db()).await, [1]);
    }
}

#[tokio::test]
async fn what_commit_would_refuse_is_refused() {
    let (engine, _, _database) = engine(Backend::Postgres).await;
    let mut tx = engine.db().begin().await.unwrap();
    let table = "CREATE TABLE referring (n BIGINT REFERENCES numbers (n) DEFERRABLE INITIALLY DEFERRED)";
    query(table).execute(&mut tx).await.unwrap();
    tx.commit().await.unwrap();
    for given in ["{\"n\": 1}", "{\"n\": 1, \"dry_run\": true}"] {
        for (name, kind) in [("refer", ErrorKind::Conflict), ("ignore", ErrorKind::Internal)] {
            let error = crate::counter::call(&engine, name, given, OnDisconnect::Cancel).await.unwrap_err();
            assert_eq!(error.kind(), kind, "{name} {given}");
        }
    }
}

#[tokio::test]
async fn a_dry_run_is_no_task() {
    let (engine, _, _database) = engine(Backend::Sqlite).await;
    let caller = Caller::new(None, Via::new(Surface::InProcess));
    for given in ["{\"n\": 1, \"dry_run\": true}", "{\"n\": 1, \"dry_run\": \"true\"}"] {
        let new = NewTask { caller: &caller, arguments: given, capabilities: &[], answers: Default::default() };
        let error = engine.create_task(engine.operation("add").unwrap(), new).await.unwrap_err();
        assert_eq!((error.kind(), error.fields()[0].pointer.as_str()), (ErrorKind::Invalid, "/dry_run"));
    }
}

fn application(database: &TestDatabase) -> MCPServerBuilder {
    MCPServer::builder("numbers", "1.0.0")
        .database_url(database.url())
        .on_start(async |db: Db| -> Result<()> {
            create_table(&db).await;
            Ok(())
        })
        .audit(Audit::new())
        .state(Letters::default())
        .mount(operations())
}

async fn post(server: &RunningServer, target: &str, body: &str) -> HttpReply {
    request(server.socket(), "POST", target, &[("Content-Type", "application/json")], Some(body)).await
}

#[tokio::test]
async fn rest_says_that_nothing_was_created() {
    let database = TestDatabase::new(Backend::Sqlite).await;
    let server = RunningServer::start(application(&database)).await;
    let tried = post(&server, "/api/numbers?n=1&dry_run=true", "{}").await;
    assert_eq!((tried.status, tried.header("dry-run"), tried.header("location")), (200, Some("true"), None));
    assert_eq!(tried.body, "{\"n\":1}");
    let done = post(&server, "/api/numbers?n=1", "{}").await;
    assert_eq!((done.status, done.header("dry-run"), done.header("location")), (201, None, Some("/api/numbers/1")));
    let tried = post(&server, "/api/forget?n=1&dry_run=true", "{}").await;
    assert_eq!((tried.status, tried.header("dry-run")), (204, Some("true")));
    let refused = post(&server, "/api/numbers?n=1&dry_run=true", "{}").await;
    assert_eq!((refused.status, refused.header("dry-run")), (409, None));

    let document = request(server.socket(), "GET", "/openapi.json", &[], None).await.json();
    let described = &document["paths"]["/numbers"]["post"];
    let parameter = described["parameters"].as_array().unwrap().iter().find(|own| own["name"] == "dry_run").unwrap();
    assert_eq!((&parameter["in"], &parameter["required"]), (&json!("query"), &json!(false)));
    let header = |status: &str| described["responses"][status]["headers"]["Dry-Run"].is_object();
    assert_eq!((header("200"), header("201")), (true, false));
    assert!(document["paths"]["/forget"]["post"]["responses"]["204"]["headers"]["Dry-Run"].is_object());
}

/// Also to a client that would get a task.
#[tokio::test]
async fn mcp_says_so_beside_the_result() {
    let database = TestDatabase::new(Backend::Sqlite).await;
    let server = RunningServer::start(application(&database)).await;
    let caller = SurfaceClient::over(&server, Over::McpSession, None).await;
    for dry_run in [true, false] {
        let call = json!({"name": "add", "arguments": {"n": 1, "dry_run": dry_run}});
        let result = caller.request("tools/call", call).await.unwrap();
        assert_eq!((&result["structuredContent"], &result["isError"]), (&json!({"n": 1}), &json!(false)));
        let meta = if dry_run { json!({"dev.diptych/dry-run": true}) } else { Value::Null };
        assert_eq!(result["_meta"], meta);
    }

    let caller = SurfaceClient::over(&server, Over::McpStateless, None).await;
    for (n, dry_run, kind) in [(2, true, "complete"), (2, false, "task"), (1, true, "complete")] {
        let meta = json!({
            "io.modelcontextprotocol/protocolVersion": "2026-07-28",
            "io.modelcontextprotocol/clientCapabilities": {"extensions": {"io.modelcontextprotocol/tasks": {}}},
        });
        let call = json!({"name": "add", "arguments": {"n": n, "dry_run": dry_run}, "_meta": meta});
        let result = caller.request("tools/call", call).await.unwrap();
        assert_eq!(result["resultType"], kind, "{result}");
        let says = result["_meta"]["dev.diptych/dry-run"] == true;
        assert_eq!(says, dry_run && n == 2, "a refusal is none: {result}");
    }
    let tools = caller.request("tools/list", json!({})).await.unwrap();
    let add = tools["tools"].as_array().unwrap().iter().find(|tool| tool["name"] == "add").unwrap();
    assert_eq!(add["inputSchema"]["properties"]["dry_run"]["type"], "boolean");
    assert_eq!(add["inputSchema"]["required"], json!(["n"]));
}

#[tokio::test]
async fn the_trail_says_that_it_was_one() {
    for backend in EVERY {
        let database = TestDatabase::new(backend).await;
        let server = RunningServer::start(application(&database)).await;
        assert_eq!(post(&server, "/api/numbers?n=1&dry_run=true", "{}").await.status, 200);
        assert_eq!(post(&server, "/api/numbers?n=1", "{}").await.status, 201);
        assert_eq!(post(&server, "/api/numbers?n=1&dry_run=true", "{}").await.status, 409);
        drop(server);
        let db = Db::connect(database.url()).await.unwrap();
        let rows = query_as::<AuditEntry>("SELECT * FROM diptych_audit ORDER BY \"call\"");
        let rows = rows.all(&mut db.read().await.unwrap()).await.unwrap();
        let outcomes: Vec<_> = rows.iter().map(|row| row.outcome.as_str()).collect();
        assert_eq!(outcomes, ["dry_run", "committed", "conflict"], "{backend}");
    }
}
