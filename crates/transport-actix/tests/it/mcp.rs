//! MCP over HTTP: what this crate adds to the protocol. The protocol itself is tested in `diptych-mcp`.

use crate::client::{self, Response};
use crate::fixture::{Server, settings};
use diptych_transport_actix::HttpSettings;
use serde_json::{Value, json};
use std::io::Write as _;

const ANN: (&str, &str) = ("Authorization", "Bearer ann");

/// A call of the new era.
fn call(tool: &str, arguments: Value) -> ([(&'static str, String); 4], String) {
    let meta = json!({
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientCapabilities": {},
        "io.modelcontextprotocol/clientInfo": {"name": "it", "version": "0"},
    });
    let params = json!({"name": tool, "arguments": arguments, "_meta": meta});
    let fields = [
        ("Accept", "application/json, text/event-stream".to_owned()),
        ("MCP-Protocol-Version", "2026-07-28".to_owned()),
        ("Mcp-Method", "tools/call".to_owned()),
        ("Mcp-Name", tool.to_owned()),
    ];
    (fields, json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}).to_string())
}

fn send(server: &Server, tool: &str, arguments: Value, more: &[(&str, &str)]) -> Response {
    let (fields, body) = call(tool, arguments);
    let fields = fields.iter().map(|(name, value)| (*name, &**value));
    let fields: Vec<_> = fields.chain(more.iter().copied()).collect();
    server.send("POST", "/mcp", &fields, Some(&body))
}

/// A session of an old era: its id.
pub(crate) fn initialize(server: &Server) -> String {
    let client = json!({"name": "it", "version": "0"});
    let params = json!({"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": client});
    let body = json!({"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": params}).to_string();
    let begun = server.send("POST", "/mcp", &[], Some(&body));
    assert_eq!(begun.status, 200, "{begun:?}");
    begun.header("mcp-session-id").unwrap().to_owned()
}

#[test]
fn a_tool_is_called() {
    let server = Server::start();
    let added = send(&server, "notes.add", json!({"text": "milk"}), &[ANN]);
    assert_eq!(added.status, 200, "{added:?}");
    assert_eq!(added.header("content-type"), Some("application/json"));
    assert_eq!(added.json()["result"]["structuredContent"], json!({"id": 1, "text": "milk"}));
    assert_eq!(server.get("/api/notes/1").status, 200);
}

#[test]
fn credentials_are_asked_for_in_http() {
    let server = Server::start();
    let missing = send(&server, "notes.add", json!({"text": "milk"}), &[]);
    assert_eq!((missing.status, missing.header("www-authenticate")), (401, Some(r#"Bearer scope="notes:write""#)));
    let bad = send(&server, "notes.count", json!({}), &[("Authorization", "Bearer a/b")]);
    let told = bad.header("www-authenticate").unwrap();
    assert!(bad.status == 401 && told.starts_with(r#"Bearer error="invalid_token", error_description=""#), "{told}");
    let narrow = send(&server, "notes.add", json!({"text": "milk"}), &[("Authorization", "Bearer ann+x")]);
    assert_eq!(narrow.status, 403);
    assert!(narrow.header("www-authenticate").unwrap().contains("insufficient_scope"));
}

#[test]
fn only_some_methods_are_taken() {
    let server = Server::start();
    for method in ["PUT", "HEAD", "PATCH", "OPTIONS"] {
        let refused = server.send(method, "/mcp", &[], None);
        assert_eq!((refused.status, refused.header("allow")), (405, Some("POST, GET, DELETE")), "{method}");
    }
    // A stream belongs to a session.
    assert_eq!(server.get("/mcp").status, 400);
    let modern = server.send("GET", "/mcp", &[("MCP-Protocol-Version", "2026-07-28")], None);
    assert_eq!((modern.status, modern.header("allow")), (405, Some("POST")));
    assert_eq!(server.get("/mcp/more").status, 404);
    let id = initialize(&server);
    assert_eq!(server.send("DELETE", "/mcp", &[("Mcp-Session-Id", &id)], None).status, 204);
    assert_eq!(server.send("DELETE", "/mcp", &[("Mcp-Session-Id", &id)], None).status, 404);
}

#[test]
fn a_long_message_is_refused() {
    let server = Server::with(HttpSettings { body_limit: 100, ..settings() });
    assert_eq!(send(&server, "notes.count", json!({}), &[]).problem(), "body_too_large");
}

#[test]
fn a_disconnect_withdraws_a_call_of_the_new_era() {
    let server = Server::start();
    let (fields, body) = call("wait", json!({}));
    let fields: Vec<_> = fields.iter().map(|(name, value)| (*name, &**value)).collect();
    let mut socket = client::connect(server.address);
    socket.write_all(server.request("POST", "/mcp", &fields, Some(&body)).as_bytes()).unwrap();
    Server::wait_for(&server.started);
    drop(socket);
    Server::wait_for(&server.dropped);
    assert_eq!(server.add("after").status, 201);
    assert_eq!(server.count(), 1);
}

#[test]
fn a_disconnect_leaves_a_call_of_the_old_era_alone() {
    let server = Server::start();
    let id = initialize(&server);
    let body = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "wait"}}).to_string();
    let fields = [("Mcp-Session-Id", &*id), ("MCP-Protocol-Version", "2025-11-25")];
    let mut socket = client::connect(server.address);
    socket.write_all(server.request("POST", "/mcp", &fields, Some(&body)).as_bytes()).unwrap();
    Server::wait_for(&server.started);
    drop(socket);
    server.open.notify_one();
    Server::wait_for(&server.dropped);
    assert_eq!(server.add("after").status, 201);
    assert_eq!(server.count(), 2);
}
