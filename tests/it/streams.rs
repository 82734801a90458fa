//! Event streams of the MCP endpoint over real connections: their form, what a disconnect means in each era, coming back,
//! and the end of the server.

use crate::counter::{Backend, EVERY, Gate, create_table, insert, numbers};
use diptych::{
    AnswerValue, Anyone, Conn, Db, GET, Input, MCPServer, Operations, POST, Progress, Result, SelectorSpec,
    ServiceSpec, State, Tx,
};
use diptych_testkit::{EventStream, RunningServer, TestDatabase, request};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::time::Duration;
use validator::Validate;

#[derive(Debug, Serialize, Deserialize, JsonSchema, Validate)]
pub(crate) struct Number {
    n: i64,
}

/// Waits between its write and its answer.
pub(crate) async fn slow(
    tx: &mut Tx,
    Input(new): Input<Number>,
    progress: Progress,
    gate: State<Gate>,
) -> Result<Number> {
    insert(tx, new.n).await?;
    progress.report(1.0, 2.0);
    gate.reached.notify_one();
    gate.go.notified().await;
    progress.report(2.0, 2.0);
    Ok(new)
}

pub(crate) async fn add(tx: &mut Tx, Input(new): Input<Number>) -> Result<Number> {
    insert(tx, new.n).await?;
    Ok(new)
}

pub(crate) async fn yes(_: &mut Conn) -> Result<AnswerValue<bool>> {
    Ok(AnswerValue(true))
}

struct World {
    // Before the database, so that it is stopped before that is dropped.
    server: RunningServer,
    gate: Gate,
    db: Db,
    _database: TestDatabase,
}

impl World {
    async fn on(backend: Backend) -> Self {
        let database = TestDatabase::new(backend).await;
        let db = Db::connect(database.url()).await.unwrap();
        create_table(&db).await;
        let gate = Gate::default();
        let operations = Operations::new()
            .add(ServiceSpec::from_fn("slow", slow).allow(Anyone))
            .add(ServiceSpec::from_fn("add", add).allow(Anyone).rest(POST, "/numbers").changes("numbers://all"))
            .add(SelectorSpec::from_fn("all", yes).allow(Anyone).rest(GET, "/numbers").resource("numbers://all"));
        let builder = MCPServer::builder("numbers", "1").database(db.clone()).state(gate.clone()).mount(operations);
        Self { server: RunningServer::start(builder).await, gate, db, _database: database }
    }

    async fn post(&self, headers: &[(&str, &str)], body: &Value) -> EventStream {
        let types = [("Content-Type", "application/json"), ("Accept", "application/json, text/event-stream")];
        let headers: Vec<_> = types.into_iter().chain(headers.iter().copied()).collect();
        EventStream::open(self.server.socket(), "POST", "/mcp", &headers, &body.to_string()).await
    }

    async fn modern(&self, method: &str, mut params: Value) -> EventStream {
        params["_meta"] = json!({
            "io.modelcontextprotocol/protocolVersion": "2026-07-28",
            "io.modelcontextprotocol/clientCapabilities": {},
            "progressToken": "p",
        });
        let mut headers = vec![("MCP-Protocol-Version", "2026-07-28"), ("Mcp-Method", method)];
        let name = params["name"].as_str().map(str::to_owned);
        headers.extend(name.as_deref().map(|name| ("Mcp-Name", name)));
        self.post(&headers, &json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params})).await
    }

    async fn session(&self) -> String {
        let params = json!({
            "protocolVersion": "2025-11-25",
            "capabilities": {},
            "clientInfo": {"name": "it", "version": "0"},
        });
        let body = json!({"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": params});
        self.post(&[], &body).await.headers.remove("mcp-session-id").unwrap()
    }
}

fn call(n: i64) -> Value {
    json!({"name": "slow", "arguments": {"n": n}})
}

#[tokio::test]
async fn progress_comes_before_the_answer_and_is_held_back_by_nothing() {
    let world = World::on(Backend::Sqlite).await;
    let mut stream = world.modern("tools/call", call(1)).await;
    for (name, value) in [
        ("content-type", "text/event-stream"),
        ("cache-control", "no-cache, no-store, no-transform"),
        ("content-encoding", "identity"),
        ("x-accel-buffering", "no"),
    ] {
        assert_eq!(stream.headers.get(name).map(String::as_str), Some(value));
    }
    assert_eq!(stream.next().await.unwrap().json()["params"]["progress"], 1);
    world.gate.go.notify_one();
    assert_eq!(stream.next().await.unwrap().json()["params"]["progress"], 2);
    let last = stream.next().await.unwrap();
    assert_eq!((last.id.as_deref(), &last.json()["result"]["structuredContent"]), (None, &json!({"n": 1})));
    assert_eq!(stream.next().await, None);
    // Without anything before it, the answer is JSON.
    let plain = world.modern("server/discover", json!({})).await;
    assert_eq!(plain.headers["content-type"], "application/json");
}

#[tokio::test]
async fn a_lost_connection_withdraws_a_call_of_the_new_era() {
    for backend in EVERY {
        let world = World::on(backend).await;
        let mut stream = world.modern("tools/call", call(1)).await;
        stream.next().await.unwrap();
        drop(stream);
        // The other call needs the place of the first one, which is free once that is rolled back.
        let mut stream = world.modern("tools/call", call(1)).await;
        stream.next().await.unwrap();
        world.gate.go.notify_waiters();
        world.gate.go.notify_one();
        while stream.next().await.is_some() {}
        assert_eq!(numbers(&world.db).await, [1], "{backend}");
    }
}

#[tokio::test]
async fn a_client_of_the_old_era_comes_back_for_its_answer() {
    for backend in EVERY {
        let world = World::on(backend).await;
        let session = world.session().await;
        let headers = [("Mcp-Session-Id", &*session), ("MCP-Protocol-Version", "2025-11-25")];
        let mut params = call(7);
        params["_meta"] = json!({"progressToken": 1});
        let body = json!({"jsonrpc": "2.0", "id": 9, "method": "tools/call", "params": params});
        let mut stream = world.post(&headers, &body).await;
        let first = stream.next().await.unwrap();
        assert_eq!((first.data.len(), first.retry), (0, Some(1000)), "{backend}");
        let seen = stream.next().await.unwrap();
        assert_eq!(seen.json()["params"]["progress"], 1);
        drop(stream);
        world.gate.go.notify_one();
        let back = [&headers[..], &[("Accept", "text/event-stream"), ("Last-Event-ID", seen.id.as_deref().unwrap())]];
        let mut stream = EventStream::open(world.server.socket(), "GET", "/mcp", &back.concat(), "").await;
        assert_eq!((stream.status, stream.next().await.unwrap().json()["params"]["progress"].as_i64()), (200, Some(2)));
        assert_eq!(stream.next().await.unwrap().json()["result"]["structuredContent"], json!({"n": 7}));
        assert_eq!(stream.next().await, None);
        assert_eq!(numbers(&world.db).await, [7], "{backend}");
    }
}

#[tokio::test]
async fn listeners_hear_of_a_change_made_over_rest_and_of_the_end_of_the_server() {
    for backend in EVERY {
        let world = World::on(backend).await;
        let wanted = json!({"notifications": {"resourceSubscriptions": ["numbers://all"]}});
        let mut modern = world.modern("subscriptions/listen", wanted).await;
        assert_eq!(modern.next().await.unwrap().json()["method"], "notifications/subscriptions/acknowledged");
        let session = world.session().await;
        let headers = [("Mcp-Session-Id", &*session), ("MCP-Protocol-Version", "2025-11-25")];
        let subscribe =
            json!({"jsonrpc": "2.0", "id": 1, "method": "resources/subscribe", "params": {"uri": "numbers://all"}});
        assert_eq!(world.post(&headers, &subscribe).await.status, 200);
        let get = [&headers[..], &[("Accept", "text/event-stream")]].concat();
        let mut old = EventStream::open(world.server.socket(), "GET", "/mcp", &get, "").await;
        assert_eq!(old.next().await.unwrap().data, "");
        let typed = [("Content-Type", "application/json")];
        let added = request(world.server.socket(), "POST", "/api/numbers", &typed, Some("{\"n\": 3}")).await;
        assert_eq!(added.status, 200, "{}", added.body);
        for stream in [&mut modern, &mut old] {
            let told = stream.next().await.unwrap().json();
            assert_eq!(told["method"], "notifications/resources/updated");
            assert_eq!(told["params"]["uri"], "numbers://all");
        }
        let World { server, .. } = world;
        let stopped = tokio::task::spawn_blocking(move || drop(server));
        assert_eq!(modern.next().await.unwrap().json()["result"]["resultType"], "complete");
        assert_eq!((modern.next().await, old.next().await), (None, None));
        tokio::time::timeout(Duration::from_secs(10), stopped).await.expect("streams do not hold the server").unwrap();
    }
}
