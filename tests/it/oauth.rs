//! Signing in: what a client finds on its way from the 401 to a token, with an issuer in the same process.

use diptych::{
    AnswerValue, Authenticated, Conn, GET, HostCheck, HttpSettings, LocalIssuer, MCPServer, MCPServerBuilder, Mount,
    Operations, POST, Principal, ResourceServer, Result, Scope, SelectorSpec, ServiceSpec, StartError, Tx,
};
use diptych_examples::invoices;
use diptych_testkit::{HttpReply, RunningServer, TestDatabase, request};
use serde_json::{Value, json};
use std::{net::SocketAddr, time::Duration};

async fn whoami(_: &mut Conn, who: Principal) -> Result<AnswerValue<[String; 2]>> {
    Ok(AnswerValue([who.issuer().to_owned(), who.subject().to_owned()]))
}

async fn clear(_: &mut Tx) -> Result<()> {
    Ok(())
}

/// Nothing is open.
fn builder(database: &TestDatabase, issuer: &LocalIssuer) -> MCPServerBuilder {
    let operations = Operations::new()
        .add(SelectorSpec::from_fn("whoami", whoami).allow(Authenticated).rest(GET, "/whoami"))
        .add(SelectorSpec::from_fn("notes.read", whoami).allow(Scope("notes:read")).rest(GET, "/notes"))
        .add(
            ServiceSpec::from_fn("notes.clear", clear).allow(Scope("notes:admin")).tags(["admin"]).rest(POST, "/clear"),
        );
    MCPServer::builder("notes", "1.0.0")
        .database_url(database.url())
        .mount(operations)
        .mcp_mount("/mcp", Mount::new().not_tagged("admin"))
        .mcp_mount("/mcp/admin", Mount::new().tagged("admin"))
        .local_issuer(issuer.clone())
}

async fn call(server: SocketAddr, endpoint: &str, tool: &str, token: &str) -> HttpReply {
    let meta = json!({
        "io.modelcontextprotocol/protocolVersion": "2026-07-28", "io.modelcontextprotocol/clientCapabilities": {},
    });
    let params = json!({"name": tool, "arguments": {}, "_meta": meta});
    let body = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}).to_string();
    let bearer = format!("Bearer {token}");
    let headers = [
        ("Content-Type", "application/json"),
        ("MCP-Protocol-Version", "2026-07-28"),
        ("Mcp-Method", "tools/call"),
        ("Mcp-Name", tool),
        ("Authorization", &*bearer),
    ];
    let given = if token.is_empty() { &headers[..4] } else { &headers[..] };
    request(server, "POST", endpoint, given, Some(&body)).await
}

async fn get(server: SocketAddr, path: &str, headers: &[(&str, &str)]) -> HttpReply {
    request(server, "GET", path, headers, None).await
}

/// What a challenge says of one parameter.
fn parameter<'a>(reply: &'a HttpReply, name: &str) -> Option<&'a str> {
    let rest = reply.header("www-authenticate")?.split_once(&format!("{name}=\""))?.1;
    rest.split('"').next()
}

/// From what a 401 says, as a client would.
async fn discovered(server: SocketAddr, refused: &HttpReply) -> (Value, Value) {
    let path = |url: &str| url.strip_prefix(&format!("http://{server}")).unwrap().to_owned();
    let resource = get(server, &path(parameter(refused, "resource_metadata").unwrap()), &[]).await.json();
    let issuer = path(resource["authorization_servers"][0].as_str().unwrap());
    let metadata = get(server, &format!("/.well-known/oauth-authorization-server{issuer}"), &[]).await.json();
    (resource, metadata)
}

#[tokio::test]
async fn a_client_finds_its_way_from_the_401_to_a_call() {
    let database = TestDatabase::sqlite();
    let server = RunningServer::start(builder(&database, &LocalIssuer::new().approve("ann"))).await;
    let at = server.socket();
    let refused = request(at, "POST", "/mcp", &[("Content-Type", "application/json")], Some("{}")).await;
    assert_eq!((refused.status, parameter(&refused, "error")), (401, None));
    let (resource, metadata) = discovered(at, &refused).await;
    assert_eq!(resource["resource"], format!("http://{at}/mcp"));
    assert_eq!(resource["scopes_supported"], json!(["notes:read"]), "those of this endpoint");
    assert_eq!(server.addresses().issuer.as_deref(), metadata["issuer"].as_str());
    assert_eq!(metadata["scopes_supported"], json!(["notes:read", "notes:admin"]));

    let json_body = [("Content-Type", "application/json")];
    let callback = "http://127.0.0.1:9/cb";
    let wanted = json!({"redirect_uris": [callback]}).to_string();
    let client = request(at, "POST", "/issuer/register", &json_body, Some(&wanted)).await.json();
    let client = client["client_id"].as_str().unwrap();
    // The example of RFC 7636, appendix B.
    let challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
    let asked = format!(
        "/issuer/authorize?response_type=code&client_id={client}&redirect_uri={callback}&code_challenge={challenge}&code_challenge_method=S256&resource=http://{at}/mcp&scope=notes:read"
    );
    let sent = get(at, &asked, &[]).await;
    assert_eq!(sent.status, 302);
    let code = sent.header("location").unwrap().split("code=").nth(1).unwrap().split('&').next().unwrap();
    let form = [("Content-Type", "application/x-www-form-urlencoded")];
    let taking = format!(
        "grant_type=authorization_code&client_id={client}&code={code}&redirect_uri={callback}&code_verifier=dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk&resource=http://{at}/mcp"
    );
    let granted = request(at, "POST", "/issuer/token", &form, Some(&taking)).await;
    assert_eq!((granted.status, granted.header("cache-control")), (200, Some("no-store")));
    let token = granted.json()["access_token"].as_str().unwrap().to_owned();

    let answer = call(at, "/mcp", "whoami", &token).await;
    assert_eq!(answer.json()["result"]["structuredContent"], json!([format!("http://{at}/issuer"), "ann"]));
    let bearer = format!("Bearer {token}");
    assert_eq!(get(at, "/api/notes", &[("Authorization", &bearer)]).await.status, 200);
    let narrow = request(at, "POST", "/api/clear", &[("Authorization", &bearer)], None).await;
    assert_eq!(
        (narrow.status, parameter(&narrow, "error"), parameter(&narrow, "scope")),
        (403, Some("insufficient_scope"), Some("notes:admin"))
    );
    assert!(parameter(&narrow, "resource_metadata").is_some());
}

#[tokio::test]
async fn two_mounts_with_two_audiences_never_mix() {
    let database = TestDatabase::sqlite();
    let issuer = LocalIssuer::new();
    let server = RunningServer::start(builder(&database, &issuer)).await;
    let at = server.socket();
    let all = ["notes:read", "notes:admin"];
    let token = |path: &str| issuer.token("ann", all, &format!("http://{at}{path}"), Duration::from_secs(60)).unwrap();
    let (own, admin, none) = (token("/mcp"), token("/mcp/admin"), token("/mcp/other"));
    for (endpoint, tool, token, status) in [
        ("/mcp", "notes.read", &own, 200),
        ("/mcp", "notes.read", &admin, 401),
        ("/mcp", "notes.read", &none, 401),
        ("/mcp/admin", "notes.clear", &admin, 200),
        ("/mcp/admin", "notes.clear", &own, 401),
        ("/mcp/admin", "notes.clear", &none, 401),
    ] {
        let reply = call(at, endpoint, tool, token.expose()).await;
        assert_eq!(reply.status, status, "{endpoint}: {}", reply.body);
        if status == 401 {
            assert_eq!(parameter(&reply, "error"), Some("invalid_token"));
            let metadata = format!("http://{at}/.well-known/oauth-protected-resource{endpoint}");
            assert_eq!(parameter(&reply, "resource_metadata"), Some(&*metadata), "each names its own");
        }
    }
    for (token, status) in [(&own, 200), (&admin, 401)] {
        let bearer = format!("Bearer {}", token.expose());
        assert_eq!(
            get(at, "/api/notes", &[("Authorization", &bearer)]).await.status,
            status,
            "REST is the server's own"
        );
    }
    let scopes = |path: &'static str| async move {
        let document = get(at, &format!("/.well-known/oauth-protected-resource{path}"), &[]).await.json();
        (document["resource"].clone(), document["scopes_supported"].clone())
    };
    assert_eq!(scopes("/mcp/admin").await, (json!(format!("http://{at}/mcp/admin")), json!(["notes:admin"])));
    assert_eq!(scopes("").await, scopes("/mcp").await);
    // Another server has the same paths, and takes none of these.
    let (database, other) = (TestDatabase::sqlite(), LocalIssuer::new());
    let second = RunningServer::start(builder(&database, &other)).await;
    assert_eq!(call(second.socket(), "/mcp", "notes.read", own.expose()).await.status, 401);
}

#[tokio::test]
async fn names_stay_tokens_beside_the_issuer() {
    let database = TestDatabase::sqlite();
    let issuer = LocalIssuer::new();
    let server = RunningServer::start(builder(&database, &issuer)).await;
    let at = server.socket();
    let forged = {
        let other = LocalIssuer::new().resource(format!("http://{at}/mcp"));
        other.token("ann", ["notes:read"], &format!("http://{at}/mcp"), Duration::from_secs(60)).unwrap()
    };
    let issued = issuer.token("ann", ["notes:read"], &format!("http://{at}/mcp"), Duration::from_secs(60)).unwrap();
    let [head, claims, signature]: [&str; 3] = issued.expose().split('.').collect::<Vec<_>>().try_into().unwrap();
    for (token, status) in [
        ("ann".to_owned(), 200),
        ("ann+notes:read".to_owned(), 200),
        ("ann+x".to_owned(), 403),
        ("a.b.c".to_owned(), 200),
        (issued.expose().to_owned(), 200),
        // What says that it is the issuer's is judged as such, and never taken for a name.
        (forged.expose().to_owned(), 401),
        (format!("{head}.{claims}."), 401),
        (format!("{head}.{claims}"), 401),
        (format!("e30.{claims}.{signature}"), 401),
    ] {
        let reply = call(at, "/mcp", "notes.read", &token).await;
        assert_eq!(reply.status, status, "{token}: {}", reply.body);
    }
}

#[tokio::test]
async fn the_issuer_is_for_this_machine() {
    let database = TestDatabase::sqlite();
    // Whatever the other surfaces allow.
    let settings = HttpSettings {
        host_check: HostCheck::Never,
        allowed_origins: vec!["https://app.example".to_owned()],
        ..HttpSettings::default()
    };
    let issuer = LocalIssuer::new().approve("ann");
    let server = RunningServer::start(builder(&database, &issuer).http(settings)).await;
    let at = server.socket();
    for path in LocalIssuer::PATHS {
        let foreign = get(at, path, &[("Host", "notes.example")]).await;
        assert_eq!((foreign.status, foreign.json()["code"].as_str()), (403, Some("development_only")), "{path}");
        let forwarded = get(at, path, &[("X-Forwarded-For", "203.0.113.7")]).await;
        assert_eq!(forwarded.status, 403, "{path}: a proxy on this machine");
        for origin in ["https://app.example", "null", "http://127.0.0.1.evil.example"] {
            assert_eq!(get(at, path, &[("Origin", origin)]).await.status, 403, "{path} {origin}");
        }
        let page = ("Origin", "http://localhost:6274");
        let near = get(at, path, &[page]).await;
        let readable = (path != "/issuer/authorize").then_some(page.1);
        assert_eq!(near.header("access-control-allow-origin"), readable, "{path}");
        let preflight = request(at, "OPTIONS", path, &[page], None).await;
        assert_eq!(preflight.status, if readable.is_some() { 204 } else { 405 }, "{path}");
    }
    let long = "x".repeat(65 * 1024);
    let form = [("Content-Type", "application/x-www-form-urlencoded")];
    assert_eq!(request(at, "POST", "/issuer/token", &form, Some(&long)).await.status, 413);

    let database = TestDatabase::sqlite();
    let public = builder(&database, &issuer).build().await.unwrap().listen("0.0.0.0:0".parse().unwrap());
    assert!(matches!(public, Err(StartError::Listen(why)) if why.contains("for development")));
}

/// As the example reads its environment.
#[tokio::test]
async fn the_example_starts_with_two_issuers_a_client_and_proxies() {
    let database = TestDatabase::sqlite();
    let start = async |proxies: &str| {
        let read = |name: &str| {
            let value = match name {
                "OAUTH_ISSUER" => "http://127.0.0.1:9, http://127.0.0.1:9/partner",
                "PUBLIC_URL" => "https://api.example.com",
                "OAUTH_CLIENT_ID" | "OAUTH_CLIENT_SECRET" => "x",
                "TRUSTED_PROXIES" => proxies,
                _ => return None,
            };
            Some(value.to_owned())
        };
        let server = MCPServer::builder("example", "1.0.0").database_url(database.url());
        invoices::login(server, read).unwrap().build().await
    };
    for proxies in ["", "10.0.0.0/8, 2001:db8::1,"] {
        let started = start(proxies).await;
        assert!(started.is_ok(), "{proxies}: {:?}", started.map(drop));
    }
    let wrong = start("10.0.0.0/8,everybody").await;
    assert!(matches!(wrong, Err(StartError::Mistakes(why)) if why.to_string().contains("trusted_proxies")));
}

#[tokio::test]
async fn mistakes_stop_the_start() {
    let database = TestDatabase::sqlite();
    let real = || ResourceServer::new("https://api.example.com/mcp").issuer("https://id.example.com");
    for (server, why) in [
        (builder(&database, &LocalIssuer::new()).auth(real()), "stands in for the issuer of a resource server"),
        (builder(&database, &LocalIssuer::new().approve("a b")), "a user is 1 to 100 letters"),
        (builder(&database, &LocalIssuer::new().resource("https://api.example.com/mcp")), "for loopback addresses"),
        (
            builder(&database, &LocalIssuer::new()).mcp_mount("/.well-known/mcp", Mount::new()),
            "has a path that is taken",
        ),
    ] {
        match server.build().await {
            Err(StartError::Mistakes(mistakes)) => assert!(mistakes.to_string().contains(why), "{mistakes}"),
            other => panic!("{why}: {:?}", other.map(drop)),
        }
    }
    // A folder where a file should be.
    let server = builder(&database, &LocalIssuer::kept_in(std::env::temp_dir())).build().await;
    assert!(matches!(server, Err(StartError::Mistakes(_))));
}

#[tokio::test]
async fn inside_an_application_that_exists() {
    use actix_web::{App, test};

    let database = TestDatabase::sqlite();
    let issuer = LocalIssuer::new().resource("http://localhost:8080/tools/mcp");
    let server = builder(&database, &issuer).build().await.unwrap();
    let app =
        App::new().configure(server.mcp("/tools/mcp")).configure(server.well_known()).configure(server.local_issuer());
    let app = test::init_service(app).await;
    let resource = json!("http://localhost:8080/tools/mcp");
    for (path, member, value) in [
        ("/.well-known/oauth-protected-resource/tools/mcp", "resource", &resource),
        ("/.well-known/oauth-protected-resource", "resource", &resource),
        ("/.well-known/oauth-authorization-server/issuer", "issuer", &json!("http://localhost:8080/issuer")),
    ] {
        // The name that a request uses changes nothing.
        let request = test::TestRequest::with_uri(path).insert_header(("Host", "127.0.0.1")).to_request();
        let document: Value = test::call_and_read_body_json(&app, request).await;
        assert_eq!(&document[member], value, "{path}");
    }
    let token =
        issuer.token("ann", ["notes:read"], "http://localhost:8080/tools/mcp", Duration::from_secs(60)).unwrap();
    let list = |token: Option<&str>| {
        let meta = json!({
            "io.modelcontextprotocol/protocolVersion": "2026-07-28", "io.modelcontextprotocol/clientCapabilities": {},
        });
        let mut request = test::TestRequest::post()
            .uri("/tools/mcp")
            .insert_header(("Host", "localhost"))
            .insert_header(("MCP-Protocol-Version", "2026-07-28"))
            .insert_header(("Mcp-Method", "tools/list"));
        if let Some(token) = token {
            request = request.insert_header(("Authorization", format!("Bearer {token}")));
        }
        request
            .set_json(json!({"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {"_meta": meta}}))
            .to_request()
    };
    let refused = test::call_service(&app, list(None)).await;
    let challenge = refused.headers().get("www-authenticate").unwrap().to_str().unwrap().to_owned();
    let url = "http://localhost:8080/.well-known/oauth-protected-resource/tools/mcp";
    assert_eq!(challenge, format!("Bearer resource_metadata=\"{url}\""));
    assert_eq!(test::call_service(&app, list(Some(token.expose()))).await.status(), 200);
}
