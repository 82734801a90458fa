//! Tokens of an issuer that cannot be asked: neither refused nor let through, on every surface.

use diptych::{
    AnswerValue, Anyone, Conn, GET, Issuer, MCPServer, Mount, Operations, ResourceServer, Result, SelectorSpec,
};
use diptych_testkit::{RunningServer, TestDatabase, request};
use serde_json::json;

/// `{"alg":"RS256","typ":"at+jwt"}`, `{"iss":"http://127.0.0.1:1"}` and a signature: enough to have to ask that issuer.
const TOKEN: &str = "eyJhbGciOiJSUzI1NiIsInR5cCI6ImF0K2p3dCJ9.eyJpc3MiOiJodHRwOi8vMTI3LjAuMC4xOjEifQ.AAAA";

async fn one(_: &mut Conn) -> Result<AnswerValue<i64>> {
    Ok(AnswerValue(1))
}

#[tokio::test]
async fn nobody_is_refused_and_nobody_let_through_while_the_issuer_is_away() {
    let database = TestDatabase::sqlite();
    let open = SelectorSpec::from_fn("notes.count", one).allow(Anyone).rest(GET, "/count");
    let server = MCPServer::builder("notes", "1.0.0")
        .database_url(database.url())
        .mount(Operations::new().add(open))
        .mcp_mount("/mcp/other", Mount::new())
        .auth(ResourceServer::new("https://api.example.com/mcp").trust(Issuer::new("http://127.0.0.1:1")));
    let server = RunningServer::start(server).await;
    let call = json!({
        "jsonrpc": "2.0", "id": 1, "method": "initialize",
        "params": {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "it", "version": "0"}},
    });
    let call = call.to_string();
    for (method, path, body) in
        [("GET", "/api/count", None), ("POST", "/mcp", Some(&call)), ("POST", "/mcp/other", Some(&call))]
    {
        for (token, status, code) in [(TOKEN, 503, "issuer_unavailable"), ("abc", 401, "invalid_token")] {
            let bearer = format!("Bearer {token}");
            let fields = [
                ("Authorization", bearer.as_str()),
                ("Content-Type", "application/json"),
                ("Accept", "application/json, text/event-stream"),
            ];
            let reply = request(server.socket(), method, path, &fields, body.map(String::as_str)).await;
            let text = &reply.body;
            assert_eq!(reply.status, status, "{path}: {text}");
            assert!(text.contains(code), "{path}: {text}");
            assert!(!text.contains("127.0.0.1"), "where the issuer is, is nobody's business: {text}");
            assert_eq!(reply.header("www-authenticate").is_some(), status == 401, "{path}");
        }
    }
}
