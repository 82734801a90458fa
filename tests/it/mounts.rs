//! Several MCP endpoints of one server, over HTTP.

use crate::compact::listed;
use crate::suite::application;
use diptych::{
    AnswerValue, Anyone, Conn, Format, GET, MCPServer, MCPServerBuilder, Mount, Operations, Result, SelectorSpec,
};
use diptych_testkit::{EventStream, HttpReply, RunningServer, TestDatabase, request};
use serde_json::{Value, json};
use std::time::Duration;

async fn one(_: &mut Conn) -> Result<AnswerValue<i64>> {
    Ok(AnswerValue(1))
}

fn builder(database: &TestDatabase) -> MCPServerBuilder {
    let selector = |name: &'static str| SelectorSpec::from_fn(name, one).allow(Anyone);
    MCPServer::builder("notes", "1.0.0").instructions("For all.").database_url(database.url()).mount(
        Operations::new()
            .add(selector("open.one").rest(GET, "/one"))
            .add(selector("admin.one").tags(["admin", "rare"]).rest(GET, "/two")),
    )
}

async fn post(server: &RunningServer, path: &str, headers: &[(&str, &str)], body: Value) -> HttpReply {
    let mut all = vec![("Content-Type", "application/json"), ("Accept", "application/json, text/event-stream")];
    all.extend_from_slice(headers);
    request(server.socket(), "POST", path, &all, Some(&body.to_string())).await
}

/// A session of 2025-11-25 at this endpoint, and what it says of itself.
async fn open(server: &RunningServer, path: &str) -> (String, Value) {
    let params =
        json!({"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "it", "version": "0"}});
    let body = json!({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": params});
    let reply = post(server, path, &[], body).await;
    (reply.header("mcp-session-id").unwrap().to_owned(), reply.json()["result"].clone())
}

async fn tools(server: &RunningServer, path: &str, session: &str) -> HttpReply {
    let body = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {}});
    post(server, path, &[("Mcp-Session-Id", session), ("MCP-Protocol-Version", "2025-11-25")], body).await
}

fn names(reply: &HttpReply) -> Vec<String> {
    let body = reply.json();
    body["result"]["tools"].as_array().unwrap().iter().map(|tool| tool["name"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_server_has_as_many_endpoints_as_it_says() {
    let database = TestDatabase::sqlite();
    let server = builder(&database)
        .mcp_mount("/mcp/admin", Mount::new().tagged("admin").name("admin").instructions("For admins."))
        .mcp_mount("/mcp", Mount::new().not_tagged("admin"))
        .mcp_mount("/mcp/large", Mount::new().meta_tools(true));
    let server = RunningServer::start(server).await;
    let addresses = server.addresses();
    assert!(addresses.mcp.ends_with("/mcp"));
    let paths: Vec<_> = addresses.mcp_mounts.iter().map(|url| url.split_once("/mcp").unwrap().1).collect();
    assert_eq!(paths, ["/admin", "/large"]);
    let mut sessions = Vec::new();
    for (path, name, instructions, expected) in [
        ("/mcp", "notes", "For all.", vec!["open.one"]),
        ("/mcp/admin", "admin", "For admins.", vec!["admin.one"]),
        ("/mcp/large", "notes", "For all.", vec!["search_operations", "call_operation"]),
    ] {
        let (session, about) = open(&server, path).await;
        assert_eq!((&about["serverInfo"]["name"], &about["instructions"]), (&json!(name), &json!(instructions)));
        assert_eq!(names(&tools(&server, path, &session).await), expected);
        sessions.push(session);
    }
    assert_eq!(tools(&server, "/mcp/admin", &sessions[0]).await.status, 404);
    assert_eq!(tools(&server, "/mcp", &sessions[1]).await.status, 404);
    let elsewhere = post(&server, "/mcp/none", &[], json!({})).await;
    assert_eq!(elsewhere.status, 404);
}

/// A stream of a mount does not keep the server from stopping.
#[tokio::test]
async fn streams_of_mounts_end_with_the_server() {
    let database = TestDatabase::sqlite();
    let server = builder(&database).mcp_mount("/mcp/admin", Mount::new().tagged("admin"));
    let server = RunningServer::start(server).await;
    let (session, _) = open(&server, "/mcp/admin").await;
    let headers = [("Accept", "text/event-stream"), ("Mcp-Session-Id", &*session)];
    let mut stream = EventStream::open(server.socket(), "GET", "/mcp/admin", &headers, "").await;
    assert!(stream.next().await.is_some(), "the stream has begun");
    let stopped = tokio::task::spawn_blocking(move || drop(server));
    assert!(stream.next().await.is_none(), "the stream ends");
    tokio::time::timeout(Duration::from_secs(10), stopped).await.expect("streams do not hold the server").unwrap();
}

#[tokio::test]
async fn what_tools_cost_is_told() {
    let database = TestDatabase::sqlite();
    let server = builder(&database).mcp_mount("/mcp/admin", Mount::new().tagged("rare")).build().await.unwrap();
    let costs = server.tool_costs();
    let told: Vec<_> = costs.iter().map(|cost| (cost.path.as_str(), cost.tools.len())).collect();
    assert_eq!(told, [("/mcp", 2), ("/mcp/admin", 1)]);
    let cost = &costs[1];
    assert_eq!((cost.bytes(), cost.tokens()), (cost.tools[0].bytes, cost.tools[0].tokens));
    assert_eq!(cost.tokens(), cost.bytes().div_ceil(4));
    // An entry costs what is sent of it.
    let costs = application(&database).build().await.unwrap().tool_costs();
    let listed = listed(&RunningServer::start(application(&database)).await).await;
    let sent: Vec<_> = listed.iter().map(|tool| (tool["name"].as_str().unwrap(), tool.to_string().len())).collect();
    let told: Vec<_> = costs[0].tools.iter().map(|tool| (tool.name.as_str(), tool.bytes)).collect();
    assert_eq!(told, sent);
}

#[tokio::test]
async fn tags_are_in_the_openapi_document() {
    let database = TestDatabase::sqlite();
    let document = builder(&database).build().await.unwrap().openapi_document("/api");
    let tags = |path: &str| document["paths"][path]["get"]["tags"].clone();
    assert_eq!((tags("/one"), tags("/two")), (json!(["open"]), json!(["admin", "rare"])));
    let names: Vec<_> = document["tags"].as_array().unwrap().iter().map(|tag| &tag["name"]).collect();
    assert_eq!(names, ["open", "admin", "rare"]);
}

#[tokio::test]
async fn the_format_of_the_server_leaves_rest_alone() {
    let database = TestDatabase::sqlite();
    let server = RunningServer::start(application(&database).mcp_format(Format::Toon)).await;
    let ann = ("Authorization", "Bearer ann");
    let rest = request(server.socket(), "GET", "/api/customers?page_size=1", &[ann], None).await;
    assert!(rest.json()["items"].is_array());
    let meta = json!({
        "io.modelcontextprotocol/protocolVersion": "2026-07-28", "io.modelcontextprotocol/clientCapabilities": {},
    });
    let params = json!({"name": "customers.list", "arguments": {"page_size": 1}, "_meta": meta});
    let headers =
        [ann, ("MCP-Protocol-Version", "2026-07-28"), ("Mcp-Method", "tools/call"), ("Mcp-Name", "customers.list")];
    let body = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params});
    let result = post(&server, "/mcp", &headers, body).await.json()["result"].clone();
    assert_eq!(result["structuredContent"], rest.json());
    let text = result["content"][0]["text"].as_str().unwrap();
    assert!(text.contains("page_size: 1"), "{text}");
}
