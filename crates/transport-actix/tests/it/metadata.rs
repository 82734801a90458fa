//! What protects each endpoint: the documents that say so, the challenges that name them, and who is let in without credentials.

use crate::fixture::{self, settings};
use actix_web::{
    App,
    http::{Method, header::HeaderMap},
    test,
};
use diptych_auth::{Authenticator, Credentials};
use diptych_mcp::{Mount, Settings};
use diptych_spec::{Principal, Result};
use diptych_transport_actix::{Http, HttpSettings};
use futures_util::future::{BoxFuture, ready};
use serde_json::{Value, json};
use std::sync::Arc;

/// The token names the audience that it was made for.
struct Company;

fn resource(endpoint: &str) -> String {
    format!("https://api.example.com/billing{}", if endpoint.is_empty() { "/mcp" } else { endpoint })
}

impl Authenticator for Company {
    fn authenticate<'a>(&'a self, headers: &'a Credentials<'a>) -> BoxFuture<'a, Result<Option<Principal>>> {
        let principal = headers.bearer().map(|token| match token? == resource(headers.endpoint()) {
            true => Principal::new("company", "ann", ["notes:write"]),
            false => Err(Credentials::invalid_token("the token is for another audience")),
        });
        Box::pin(ready(principal.transpose()))
    }

    fn metadata(&self, endpoint: &str) -> Option<Value> {
        (endpoint != "/mcp/secret").then(|| json!({"resource": resource(endpoint)}))
    }

    fn resource_metadata(&self, endpoint: &str) -> Option<String> {
        self.metadata(endpoint)?;
        let resource = resource(endpoint);
        Some(resource.replacen("example.com/", "example.com/.well-known/oauth-protected-resource/", 1))
    }
}

const METADATA: &str = "https://api.example.com/.well-known/oauth-protected-resource/billing/mcp";

/// Status, header fields and body.
struct Answer(u16, HeaderMap, String);

impl Answer {
    fn header(&self, name: &str) -> Option<&str> {
        self.1.get(name).map(|value| value.to_str().unwrap())
    }
}

/// What an application with REST, MCP and two more mounts answers to each request.
fn answers(settings: HttpSettings, requests: impl IntoIterator<Item = test::TestRequest>) -> Vec<Answer> {
    actix_web::rt::System::new().block_on(async {
        let file = fixture::file();
        let engine = fixture::engine(&file, fixture::gate().0).await;
        let http = Http::new(engine, Settings::new("notes", "1"), settings, Arc::new(Company));
        let closed = Mount::new().operation("notes.clear").operation("notes.add");
        let app = App::new()
            .configure(http.mcp_of("/mcp/admin", &closed).unwrap())
            .configure(http.mcp_of("/mcp/secret", &closed).unwrap())
            .configure(http.well_known())
            .configure(http.rest("/api"))
            .configure(http.mcp("/mcp"));
        let app = test::init_service(app).await;
        let mut answers = Vec::new();
        for request in requests {
            let response = test::call_service(&app, request.insert_header(("Host", "localhost")).to_request()).await;
            let (status, headers) = (response.status().as_u16(), response.headers().clone());
            answers.push(Answer(status, headers, String::from_utf8(test::read_body(response).await.into()).unwrap()));
        }
        http.engine().db().close().await;
        let _ = std::fs::remove_file(file);
        answers
    })
}

fn get(path: &str) -> test::TestRequest {
    test::TestRequest::with_uri(path)
}

/// A call of a tool at an endpoint.
fn call(endpoint: &str, tool: &str, token: Option<&str>) -> test::TestRequest {
    let meta = json!({
        "io.modelcontextprotocol/protocolVersion": "2026-07-28", "io.modelcontextprotocol/clientCapabilities": {},
    });
    let params = json!({"name": tool, "arguments": {}, "_meta": meta});
    let mut request = test::TestRequest::post().uri(endpoint);
    for field in [("MCP-Protocol-Version", "2026-07-28"), ("Mcp-Method", "tools/call"), ("Mcp-Name", tool)] {
        request = request.insert_header(field);
    }
    if let Some(token) = token {
        request = request.insert_header(("Authorization", format!("Bearer {token}")));
    }
    request.set_json(json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}))
}

#[test]
fn each_endpoint_has_a_document() {
    let well_known = "/.well-known/oauth-protected-resource";
    let [own, admin] = [format!("{well_known}/billing/mcp"), format!("{well_known}/billing/mcp/admin")];
    let own_resource = json!({"resource": resource(""), "scopes_supported": ["notes:write"]});
    let cases = [
        (get(&own), 200, Some(own_resource.clone())),
        (get(well_known), 200, Some(own_resource)),
        (get(&admin), 200, Some(json!({"resource": resource("/mcp/admin"), "scopes_supported": ["notes:write"]}))),
        (get(&format!("{well_known}/billing/mcp/secret")), 404, None),
        (get(&format!("{well_known}/mcp")), 404, None),
        (get(&own).method(Method::OPTIONS), 204, None),
        (get(&own).method(Method::POST), 405, None),
    ];
    let (requests, expected): (Vec<_>, Vec<_>) =
        cases.into_iter().map(|(request, status, document)| (request, (status, document))).unzip();
    for (answer, (status, document)) in answers(settings(), requests).iter().zip(expected) {
        assert_eq!(answer.0, status, "{}", answer.2);
        if let Some(document) = document {
            assert_eq!(serde_json::from_str::<Value>(&answer.2).unwrap(), document);
            assert_eq!(answer.header("content-type"), Some("application/json"));
            assert_eq!(answer.header("cache-control"), Some("public, max-age=300"));
        }
        // Pages read them, and first ask whether they may.
        let open = matches!(status, 200 | 204).then_some("*");
        assert_eq!(answer.header("access-control-allow-origin"), open);
        assert_eq!(answer.header("access-control-allow-headers"), open.filter(|_| status == 204));
    }
}

#[test]
fn challenges_name_the_document_of_their_endpoint() {
    let admin = format!(r#"resource_metadata="{METADATA}/admin""#);
    let own = format!(r#"resource_metadata="{METADATA}""#);
    let audience = r#"error="invalid_token", error_description="the token is for another audience""#;
    let (mcp, other) = (resource(""), resource("/mcp/admin"));
    let cases = [
        (get("/api/whoami"), 401, Some(format!("Bearer {own}"))),
        (get("/api/notes").method(Method::POST), 401, Some(format!(r#"Bearer scope="notes:write", {own}"#))),
        (call("/mcp", "notes.add", None), 401, Some(format!(r#"Bearer scope="notes:write", {own}"#))),
        (call("/mcp", "notes.add", Some("x")), 401, Some(format!("Bearer {audience}, {own}"))),
        (call("/mcp", "notes.count", Some(&mcp)), 200, None),
        // A token for one mount is none for the other.
        (call("/mcp", "notes.count", Some(&other)), 401, Some(format!("Bearer {audience}, {own}"))),
        (call("/mcp/admin", "notes.clear", Some(&mcp)), 401, Some(format!("Bearer {audience}, {admin}"))),
        (call("/mcp/admin", "notes.clear", Some(&other)), 200, None),
        // Nothing is open at this mount: whatever is asked, the first answer is how to sign in.
        (call("/mcp/admin", "notes.clear", None), 401, Some(format!("Bearer {admin}"))),
        (test::TestRequest::post().uri("/mcp/admin").set_payload("{"), 401, Some(format!("Bearer {admin}"))),
        // Nothing is open here either, and nobody can tell how to sign in.
        (call("/mcp/secret", "notes.add", None), 401, Some(r#"Bearer scope="notes:write""#.to_owned())),
        // A page of somebody else's has nothing to sign in for.
        (call("/mcp", "notes.count", None).insert_header(("Origin", "https://evil.example")), 403, None),
    ];
    let (requests, expected): (Vec<_>, Vec<_>) =
        cases.into_iter().map(|(request, status, challenge)| (request, (status, challenge))).unzip();
    for (at, (answer, (status, challenge))) in answers(settings(), requests).iter().zip(expected).enumerate() {
        assert_eq!((answer.0, answer.header("www-authenticate")), (status, challenge.as_deref()), "{at}: {}", answer.2);
    }
}

#[test]
fn credentials_can_be_required_or_not() {
    let list = || test::TestRequest::post().uri("/mcp/admin").set_payload("{");
    for (required, statuses) in [(None, [200, 200, 401]), (Some(true), [401, 401, 401]), (Some(false), [200, 200, 415])]
    {
        let settings = HttpSettings { require_authentication: required, ..settings() };
        let seen = answers(settings, [get("/api/notes/count"), call("/mcp", "notes.count", None), list()]);
        assert_eq!(seen.iter().map(|answer| answer.0).collect::<Vec<_>>(), statuses, "{required:?}");
    }
}
