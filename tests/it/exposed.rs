//! Actix handlers that are published as tools: over every surface that has tools, with what they ask for, and with nothing
//! of the caller's request.

use actix_web::{HttpMessage as _, HttpRequest, HttpResponse, Responder, http::StatusCode, web};
use diptych::{Anyone, DELETE, Exposed, GET, MCPServer, MCPServerBuilder, PUT, Principal, Scope, Server, Settings};
use diptych_testkit::{RunningServer, Surface, SurfaceClient, TestDatabase, request};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::{
    rc::Rc,
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::sync::Notify;
use validator::Validate;

/// How long [`wait`] may take. A slow machine has begun it by then.
const WAITS: Duration = Duration::from_secs(1);

#[derive(Deserialize, Serialize, JsonSchema, Validate)]
struct ReportInput {
    /// Which year.
    #[validate(range(min = 1900, max = 2100))]
    year: u16,
    title: Option<String>,
}

/// What a handler saw.
fn seen(request: &HttpRequest) -> Value {
    let who = request.extensions().get::<Principal>().map(|who| who.subject().to_owned());
    let headers: Vec<_> = request.headers().keys().map(|name| name.as_str().to_owned()).collect();
    json!({"method": request.method().as_str(), "uri": request.uri().to_string(), "who": who, "headers": headers})
}

async fn report(request: HttpRequest, query: web::Query<ReportInput>, label: web::Data<String>) -> HttpResponse {
    // What is held across an await cannot leave the thread, as in any actix handler.
    let label = Rc::new(label.to_string());
    tokio::task::yield_now().await;
    HttpResponse::Ok().json(json!({"seen": seen(&request), "year": query.year, "label": *label}))
}

async fn save(path: web::Path<u16>, body: web::Json<Value>, request: HttpRequest) -> impl Responder {
    web::Json(json!({"year": *path, "body": *body, "seen": seen(&request)}))
}

#[derive(Deserialize, JsonSchema, Validate)]
struct How {
    how: String,
}

async fn answer(query: web::Query<How>) -> actix_web::Result<HttpResponse> {
    let status = |status: u16| HttpResponse::build(StatusCode::from_u16(status).unwrap());
    Ok(match &*query.how {
        "text" => status(200).body("All is \"well\".\nToday."),
        "created" => status(201).json([1, 2]),
        "empty" => status(204).finish(),
        "problem" => status(409).content_type("application/problem+json").body(r#"{"title": "Busy", "until": 7}"#),
        "teapot" => status(418).body("the password is hunter2"),
        "unauthorized" => status(401).insert_header(("WWW-Authenticate", "Basic")).finish(),
        "redirect" => status(302).insert_header(("Location", "https://elsewhere.example/")).finish(),
        "fault" => status(500).body("the password is hunter2"),
        "error" => return Err(actix_web::error::ErrorNotFound("the password is hunter2")),
        "bytes" => status(200).content_type("image/png").body(&b"\x89PNG\xff"[..]),
        "no json" => status(200).content_type("application/json").body("{"),
        "long" => status(200).body("x".repeat(3_000)),
        _ => panic!("the password is hunter2"),
    })
}

/// Says when it has begun and when it was dropped.
#[derive(Clone, Default)]
struct Watched {
    begun: Arc<Notify>,
    dropped: Arc<Notify>,
}

async fn wait(watched: web::Data<Watched>) -> HttpResponse {
    struct OnDrop(Arc<Notify>);
    impl Drop for OnDrop {
        fn drop(&mut self) {
            self.0.notify_one();
        }
    }
    let _dropped = OnDrop(Arc::clone(&watched.dropped));
    watched.begun.notify_one();
    std::future::pending().await
}

fn application(database: &TestDatabase, watched: &Watched) -> MCPServerBuilder {
    let label = web::Data::new("from app data".to_owned());
    MCPServer::builder("legacy", "1.0.0")
        .database_url(database.url())
        .settings(Settings { max_result_bytes: 2_000, ..Settings::default() })
        .expose(
            Exposed::new("legacy.report", "The report of a year.", report)
                .method(GET)
                .input::<ReportInput>()
                .app_data(label)
                .allow(Scope("reports")),
        )
        .expose(
            Exposed::new("legacy.save", "Keeps a report.", save)
                .method(PUT)
                .path("/reports/{year}")
                .input::<ReportInput>()
                .allow(Anyone),
        )
        .expose(Exposed::new("legacy.answer", "Answers.", answer).method(GET).input::<How>().allow(Anyone))
        .expose(
            Exposed::new("legacy.wait", "Never ends.", wait)
                .app_data(web::Data::new(watched.clone()))
                .deadline(WAITS)
                .allow(Anyone),
        )
}

struct Callers {
    clients: Vec<SurfaceClient>,
    running: RunningServer,
    _server: Server,
    _database: TestDatabase,
}

impl Callers {
    /// Ann, on each surface that has tools.
    async fn new() -> Self {
        let (database, watched) = (TestDatabase::sqlite(), Watched::default());
        let running = RunningServer::start(application(&database, &watched)).await;
        let server = application(&database, &watched).build().await.unwrap();
        let clients = vec![
            SurfaceClient::in_process(server.client(), Some("ann"), &["reports"]),
            SurfaceClient::stdio(&server, Some("ann"), &["reports"]),
            SurfaceClient::over(&running, Surface::McpSession, Some("ann")).await,
            SurfaceClient::over(&running, Surface::McpStateless, Some("ann")).await,
        ];
        Self { clients, running, _server: server, _database: database }
    }
}

#[tokio::test]
async fn a_handler_gets_its_arguments_and_the_caller_but_not_their_credentials() {
    let callers = Callers::new().await;
    for client in &callers.clients {
        let answer = client.call("legacy.report", json!({"year": 2026, "title": "a b&c"})).await.unwrap();
        assert_eq!((&answer["year"], &answer["label"]), (&json!(2026), &json!("from app data")), "{client:?}");
        let seen = json!({
            "method": "GET", "uri": "/?year=2026&title=a%20b%26c", "who": "ann", "headers": ["host", "accept"],
        });
        let mut headers = answer["seen"].clone();
        headers["headers"].as_array_mut().unwrap().sort_by_key(|name| name != "host");
        assert_eq!(headers, seen, "{client:?}");
        let answer = client.call("legacy.save", json!({"year": 2026, "title": "x"})).await.unwrap();
        assert_eq!((&answer["year"], &answer["body"]), (&json!(2026), &json!({"title": "x"})));
        assert_eq!((&answer["seen"]["method"], &answer["seen"]["uri"]), (&json!("PUT"), &json!("/reports/2026")));
    }
}

#[tokio::test]
async fn arguments_are_checked_before_the_handler_runs() {
    let callers = Callers::new().await;
    for client in &callers.clients {
        for (arguments, pointer) in [
            (json!({}), "/year"),
            (json!({"year": "soon"}), "/year"),
            (json!({"year": 1}), "/year"),
            (json!({"year": 2026, "colour": "red"}), "/colour"),
        ] {
            let problem = client.call("legacy.report", arguments).await.unwrap_err();
            assert_eq!((&problem["status"], &problem["errors"][0]["pointer"]), (&json!(422), &json!(pointer)));
        }
    }
}

#[tokio::test]
async fn a_handler_has_the_permission_that_it_was_given() {
    let callers = Callers::new().await;
    for surface in [Surface::McpSession, Surface::McpStateless] {
        for (user, status) in [(None, 401), (Some("bob+other"), 403)] {
            let client = SurfaceClient::over(&callers.running, surface, user).await;
            let refused = client.call("legacy.report", json!({"year": 2026})).await.unwrap_err();
            assert_eq!(refused["status"], status);
        }
    }
}

#[tokio::test]
async fn what_is_no_success_is_an_error_of_the_tool() {
    let callers = Callers::new().await;
    let [_, over_a_wire @ ..] = callers.clients.as_slice() else { panic!("four") };
    let said = |status: u16, title: &str| {
        let detail = format!("the handler answered with status {status}");
        let about = json!({"type": "about:blank", "title": title, "status": status});
        let mut problem = about;
        (problem["code"], problem["detail"]) = (json!("handler_refused"), json!(detail));
        problem
    };
    for client in over_a_wire {
        for (how, problem) in [
            ("problem", json!({"title": "Busy", "until": 7})),
            ("teapot", said(418, "I'm a teapot")),
            ("unauthorized", said(401, "Unauthorized")),
            ("redirect", said(302, "Found")),
            ("fault", said(500, "Internal Server Error")),
            ("error", said(404, "Not Found")),
        ] {
            assert_eq!(client.call("legacy.answer", json!({"how": how})).await.unwrap_err(), problem, "{how}");
        }
        let long = client.call("legacy.answer", json!({"how": "long"})).await.unwrap_err();
        assert_eq!(long["code"], "result_too_large");
        for how in ["bytes", "no json", "panic"] {
            let fault = client.call("legacy.answer", json!({"how": how})).await.unwrap_err();
            assert_eq!(fault["rpc"], -32603, "{how} {fault}");
            assert!(!fault.to_string().contains("hunter2"), "{fault}");
        }
        // After a panic it goes on.
        assert_eq!(client.call("legacy.answer", json!({"how": "created"})).await.unwrap(), json!([1, 2]));
    }
    let problem = callers.clients[0].call("legacy.answer", json!({"how": "error"})).await.unwrap_err();
    assert_eq!((&problem["status"], &problem["code"]), (&json!(404), &json!("handler_refused")));
}

/// The result of a call of `legacy.answer`, as it is.
async fn raw(callers: &Callers, session: Option<&str>, how: &str) -> Value {
    let mut params = json!({"name": "legacy.answer", "arguments": {"how": how}});
    let mut headers = vec![("Content-Type", "application/json")];
    if let Some(session) = session {
        headers.push(("Mcp-Session-Id", session));
    } else {
        params["_meta"] = json!({
            "io.modelcontextprotocol/protocolVersion": "2026-07-28", "io.modelcontextprotocol/clientCapabilities": {},
        });
        headers.extend([("MCP-Protocol-Version", "2026-07-28"), ("Mcp-Method", "tools/call")]);
        headers.push(("Mcp-Name", "legacy.answer"));
    }
    let body = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}).to_string();
    request(callers.running.socket(), "POST", "/mcp", &headers, Some(&body)).await.json()["result"].clone()
}

async fn session(callers: &Callers, revision: &str) -> String {
    let client = json!({"name": "it", "version": "0"});
    let params = json!({"protocolVersion": revision, "capabilities": {}, "clientInfo": client});
    let body = json!({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": params}).to_string();
    let headers = [("Content-Type", "application/json")];
    let reply = request(callers.running.socket(), "POST", "/mcp", &headers, Some(&body)).await;
    reply.header("mcp-session-id").unwrap().to_owned()
}

#[tokio::test]
async fn text_stays_text_and_json_is_structured_where_the_revision_has_it() {
    let callers = Callers::new().await;
    let text = json!([{"type": "text", "text": "All is \"well\".\nToday."}]);
    let list = json!([{"type": "text", "text": "[1,2]"}]);
    let modern = raw(&callers, None, "created").await;
    assert_eq!((&modern["content"], &modern["structuredContent"]), (&list, &json!([1, 2])));
    let mut sessions = vec![None];
    for revision in ["2025-11-25", "2025-03-26"] {
        let session = session(&callers, revision).await;
        let older = raw(&callers, Some(&session), "created").await;
        assert_eq!((&older["content"], older.get("structuredContent")), (&list, None), "{revision}");
        sessions.push(Some(session));
    }
    for session in &sessions {
        let answer = raw(&callers, session.as_deref(), "text").await;
        assert_eq!((&answer["content"], answer.get("structuredContent")), (&text, None), "{session:?}");
        let empty = raw(&callers, session.as_deref(), "empty").await;
        assert_eq!((&empty["content"], &empty["isError"]), (&json!([]), &json!(false)), "{session:?}");
    }
}

#[tokio::test]
async fn a_handler_is_dropped_at_its_deadline_and_when_its_caller_goes_away() {
    let (database, watched) = (TestDatabase::sqlite(), Watched::default());
    let server = application(&database, &watched).build().await.unwrap();
    let started = Instant::now();
    let late = server.client().call_json("legacy.wait", "{}").await.unwrap_err();
    assert_eq!(late.kind(), diptych::ErrorKind::Deadline);
    assert!(started.elapsed() >= WAITS);
    watched.begun.notified().await;
    watched.dropped.notified().await;
    let client = server.client();
    tokio::select! {
        done = client.call_json("legacy.wait", "{}") => panic!("{done:?}"),
        () = watched.begun.notified() => {}
    }
    watched.dropped.notified().await;
    server.engine().drain().await;
}

#[tokio::test]
async fn hints_follow_the_method() {
    async fn nothing() -> HttpResponse {
        HttpResponse::NoContent().finish()
    }
    let hints = |tool: Exposed<_, _>| {
        let operation = diptych_pipeline::IntoOperation::into_operation(tool);
        let declaration = operation.declaration();
        (operation.is_service(), declaration.is_idempotent(), declaration.is_destructive())
    };
    let exposed = || Exposed::new("x", "X.", nothing);
    assert_eq!(hints(exposed().method(GET)), (false, true, false));
    assert_eq!(hints(exposed()), (true, false, false));
    assert_eq!(hints(exposed().method(PUT)), (true, true, false));
    assert_eq!(hints(exposed().method(DELETE)), (true, true, true));
    assert_eq!(hints(exposed().idempotent(true).destructive(true)), (true, true, true));
}

#[tokio::test]
async fn mistakes_are_told_when_the_server_is_built() {
    let database = TestDatabase::sqlite();
    let server = MCPServer::builder("broken", "1")
        .database_url(database.url())
        .expose(Exposed::new("open", "No permission.", report).input::<ReportInput>())
        .expose(Exposed::new("path", "Another path.", save).path("/{title}/{no}").input::<ReportInput>().allow(Anyone))
        .expose(Exposed::new("rootless", "No path.", save).path("x").allow(Anyone));
    let error = server.build().await.unwrap_err().to_string();
    for why in [
        "open: declares no permission",
        "path: the path /{title}/{no} has `{title}`, which has to be a required single field of the input",
        "path: the path /{title}/{no} has `{no}`, which has to be",
        "rootless: the path `x` has to start with `/`",
    ] {
        assert!(error.contains(why), "{error}");
    }
}
