//! Who hears of a change: those whose rows have changed, in both eras, however whose they are is found.

use super::{EVERY, FOUND, Found, NewNote, add, everything, fill, list, tenancy};
use diptych::{
    Authenticated, Backend, Calls, Db, Input, MCPServer, Operations, Result, Scoped, SelectorSpec, ServiceSpec, Tx,
};
use diptych_testkit::{EventStream, RunningServer, Surface, SurfaceClient, TestDatabase};
use serde_json::json;

/// Adds a note by what others do.
async fn relay(tx: &mut Tx, Input(new): Input<NewNote>, calls: Calls, _: Scoped<String>) -> Result<i64> {
    calls.call_by_name(tx, "notes.add", &json!({"id": new.id, "text": new.text})).await
}

async fn touch(_: &mut Tx) -> Result<()> {
    Ok(())
}

/// Touches what is everybody's, by what others do.
async fn through(tx: &mut Tx, calls: Calls, _: Scoped<String>) -> Result<()> {
    calls.call_by_name(tx, "notes.touch", &json!({})).await
}

const OWN: &str = "notes://all";
const EVERYBODYS: &str = "notes://everything";

fn operations(found: Found) -> Operations {
    let add =
        |name: &'static str| ServiceSpec::from_fn(name, add).allow(Authenticated).changes(OWN).changes(EVERYBODYS);
    let unscoped = "how full the server is";
    Operations::new()
        .add(SelectorSpec::from_fn("notes.list", list).allow(Authenticated).resource(OWN))
        .add(
            SelectorSpec::from_fn("notes.everything", everything)
                .allow(Authenticated)
                .unscoped(unscoped)
                .resource(EVERYBODYS),
        )
        .add(add("notes.add"))
        .add(add("notes.add_many").bulk(1..=3))
        .add(add("notes.add_each").per_item(1..=3))
        .add(ServiceSpec::from_fn("notes.relay", relay).allow(Authenticated))
        .add(ServiceSpec::from_fn("notes.touch", touch).allow(Authenticated).unscoped(unscoped).changes(OWN))
        .add(ServiceSpec::from_fn("notes.through", through).allow(Authenticated))
        .row_scope(tenancy(found))
}

/// A stream of the new era that listens for both.
async fn modern(server: &RunningServer, user: &str) -> EventStream {
    let params = json!({
        "_meta": {
            "io.modelcontextprotocol/protocolVersion": "2026-07-28",
            "io.modelcontextprotocol/clientCapabilities": {},
        },
        "notifications": {"resourceSubscriptions": [OWN, EVERYBODYS]},
    });
    let headers = [("MCP-Protocol-Version", "2026-07-28"), ("Mcp-Method", "subscriptions/listen")];
    let body = json!({"jsonrpc": "2.0", "id": 1, "method": "subscriptions/listen", "params": params});
    let mut stream = open(server, user, "POST", &headers, &body.to_string()).await;
    let first = stream.next().await.unwrap().json();
    assert_eq!(first["params"]["notifications"]["resourceSubscriptions"], json!([OWN, EVERYBODYS]), "{first:#}");
    stream
}

/// The stream of a session that has subscribed to both.
async fn legacy(server: &RunningServer, user: &str) -> EventStream {
    let params =
        json!({"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "it", "version": "0"}});
    let body = json!({"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": params});
    let session = open(server, user, "POST", &[], &body.to_string()).await.headers.remove("mcp-session-id").unwrap();
    let headers = [("Mcp-Session-Id", &*session), ("MCP-Protocol-Version", "2025-11-25")];
    for uri in [OWN, EVERYBODYS] {
        let body = json!({"jsonrpc": "2.0", "id": 1, "method": "resources/subscribe", "params": {"uri": uri}});
        assert_eq!(open(server, user, "POST", &headers, &body.to_string()).await.status, 200, "{uri}");
    }
    let mut stream = open(server, user, "GET", &headers, "").await;
    assert_eq!(stream.next().await.unwrap().data, "");
    stream
}

async fn open(server: &RunningServer, user: &str, method: &str, headers: &[(&str, &str)], body: &str) -> EventStream {
    let authorization = format!("Bearer {user}");
    let accept = if method == "GET" { "text/event-stream" } else { "application/json, text/event-stream" };
    let own = [("Authorization", &*authorization), ("Content-Type", "application/json"), ("Accept", accept)];
    EventStream::open(server.socket(), method, "/mcp", &[&own[..], headers].concat(), body).await
}

async fn hears(stream: &mut EventStream, uris: &[&str], case: &str) {
    for uri in uris {
        let told = stream.next().await.unwrap().json();
        assert_eq!(
            (&told["method"], &told["params"]["uri"]),
            (&json!("notifications/resources/updated"), &json!(uri)),
            "{case}"
        );
    }
}

#[tokio::test]
async fn a_change_is_told_to_those_whose_rows_have_changed() {
    for (backend, found) in EVERY.into_iter().flat_map(|backend| FOUND.map(|found| (backend, found))) {
        let server = serve(backend, found).await;
        let server = &server.1;
        let ann = SurfaceClient::over(server, Surface::McpStateless, Some("ann@acme")).await;
        let mut own = [modern(server, "ann@acme").await, legacy(server, "ann@acme").await];
        let mut others = [modern(server, "bob@beta").await, legacy(server, "bob@beta").await];
        let note = |id: i64| json!({"id": id, "text": "new"});
        for (name, given) in [
            ("notes.add", note(201)),
            ("notes.add_many", json!({"items": [note(202), note(203)]})),
            ("notes.add_each", json!({"items": [note(204), note(204)]})),
            ("notes.relay", note(205)),
        ] {
            let case = format!("{backend} {found:?} {name}");
            ann.call(name, given).await.unwrap();
            for stream in &mut own {
                hears(stream, &[OWN, EVERYBODYS], &case).await;
            }
            // Their next: of the resource that is everybody's.
            for stream in &mut others {
                hears(stream, &[EVERYBODYS], &case).await;
            }
        }
        // What works on the rows of everybody is told to everybody, also where it is called.
        for name in ["notes.touch", "notes.through"] {
            ann.call(name, json!({})).await.unwrap();
            for stream in own.iter_mut().chain(&mut others) {
                hears(stream, &[OWN], &format!("{backend} {found:?} {name}")).await;
            }
        }
    }
}

async fn serve(backend: Backend, found: Found) -> (TestDatabase, RunningServer) {
    let database = TestDatabase::new(backend).await;
    let db = Db::connect(database.url()).await.unwrap();
    fill(&db).await;
    let server = MCPServer::builder("notes", "1").database(db).mount(operations(found));
    let server = RunningServer::start(server).await;
    (database, server)
}
