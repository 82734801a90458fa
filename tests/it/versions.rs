//! Versions, apart from what is the same over every surface (`suite/versions.rs`): entity tags over HTTP, what is said in their place
//! over MCP, who has to say one, and what is wrong with a declaration.

use crate::counter::EVERY;
use crate::suite::{application, customer, invoice};
use diptych::{
    Anyone, Audit, AuditEntry, Authenticated, Backend, Conn, DELETE, Db, Engine, GET, HttpSettings, IdempotencyKey,
    Input, Instance, Lock, MCPServer, MCPServerBuilder, Operations, PUT, Principal, Record, Result, SelectorSpec,
    ServiceSpec, Task, Tx, Version, Versioned, query, query_as, update,
};
use diptych_pipeline::{Caller, NewTask, Surface as Speaks, TaskStatus, Via};
use diptych_spec::{Args, Arguments, ExpectedVersion};
use diptych_testkit::{HttpReply, RunningServer, Surface, SurfaceClient, TestDatabase, request};
use futures_util::future::join_all;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::net::SocketAddr;
use validator::Validate;

#[derive(Debug, Clone, Record, Serialize, JsonSchema)]
struct Page {
    id: i64,
    text: String,
    version: Version,
}

impl Versioned for Page {
    fn version(&self) -> Version {
        self.version
    }
}

#[derive(Deserialize, JsonSchema)]
struct Id {
    id: i64,
}

#[derive(Deserialize, JsonSchema, Validate)]
struct Text {
    text: String,
}

async fn page(db: &mut Conn, Args(Id { id }): Args<Id>) -> Result<Option<Page>> {
    query_as("SELECT id, text, version FROM pages WHERE id = $1").bind(id).optional(db).await
}

async fn write(tx: &mut Tx, Instance(page): Instance<Page>, Input(Text { text }): Input<Text>) -> Result<Page> {
    let update = update("pages").key("id", page.id).set("text", &page.text, Some(text));
    update.version("version", page.version).execute(tx).await?;
    query_as("SELECT id, text, version FROM pages WHERE id = $1").bind(page.id).one(tx).await
}

async fn remove(tx: &mut Tx, Instance(page): Instance<Page>) -> Result<()> {
    query("DELETE FROM pages WHERE id = $1").bind(page.id).execute(tx).await.map(drop)
}

fn get_page() -> SelectorSpec<impl diptych::Handler<Connection = Conn, Out = Option<Page>>> {
    SelectorSpec::from_fn("pages.get", page)
}

fn operations() -> Operations {
    Operations::new()
        .add(get_page().allow(Anyone).rest(GET, "/pages/{id}"))
        .add(
            ServiceSpec::from_fn("pages.write", write)
                .allow(Authenticated)
                .target(get_page())
                .requires_version()
                .dry_run(true)
                .task(Task::optional())
                .rest(PUT, "/pages/{id}"),
        )
        .add(
            ServiceSpec::from_fn("pages.remove", remove)
                .allow(Authenticated)
                .target(get_page())
                .lock(Lock::NoKeyUpdate)
                .requires_version()
                .rest(DELETE, "/pages/{id}"),
        )
}

async fn pages(db: Db) -> Result<()> {
    let mut tx = db.begin().await?;
    query("CREATE TABLE pages (id BIGINT PRIMARY KEY, text TEXT NOT NULL, version BIGINT NOT NULL)")
        .execute(&mut tx)
        .await?;
    query("INSERT INTO pages VALUES (1, 'first', 1), (2, 'second', 1)").execute(&mut tx).await?;
    tx.commit().await
}

fn notebook(database: &TestDatabase) -> MCPServerBuilder {
    MCPServer::builder("pages", "1").database_url(database.url()).on_start(pages).mount(operations())
}

async fn send(socket: SocketAddr, method: &str, path: &str, more: &[(&str, &str)], body: Option<Value>) -> HttpReply {
    let mut headers = vec![("Authorization", "Bearer ann")];
    if body.is_some() {
        headers.push(("Content-Type", "application/json"));
    }
    headers.extend_from_slice(more);
    request(socket, method, path, &headers, body.map(|body| body.to_string()).as_deref()).await
}

fn tag(reply: &HttpReply) -> String {
    reply.header("etag").unwrap_or_else(|| panic!("no tag: {reply:?}")).to_owned()
}

#[tokio::test]
async fn what_was_read_is_not_sent_again() {
    for backend in EVERY {
        let database = TestDatabase::new(backend).await;
        let running = RunningServer::start(application(&database)).await;
        let socket = running.socket();
        let ann = SurfaceClient::over(&running, Surface::Rest, Some("ann")).await;
        let customer = customer(&ann, "Ada").await;
        let id = invoice(&ann, &customer, "1", 5_000, "2026-12-31").await;
        let path = format!("/api/invoices/{id}");
        let get = async |more: &[(&str, &str)]| send(socket, "GET", &path, more, None).await;
        let first = get(&[]).await;
        let known = tag(&first);
        assert!(known.starts_with("\"1.") && known.ends_with('"'), "{known}");
        assert_eq!((first.status, first.header("cache-control")), (200, Some("no-store")));
        let weak = format!("W/{known}");
        for (sent, named) in
            [(&*known, &*known), ("*", &*known), (&*weak, &*weak), (&*format!("\"x\", {known} , W/\"y\""), &*known)]
        {
            let again = get(&[("If-None-Match", sent)]).await;
            assert_eq!((again.status, &*again.body, again.header("etag")), (304, "", Some(named)), "{sent}");
            assert_eq!(again.header("cache-control"), Some("no-store"));
            assert_eq!((again.header("vary"), again.header("content-type")), (first.header("vary"), None));
        }
        let head = send(socket, "HEAD", &path, &[("If-None-Match", &known)], None).await;
        assert_eq!((head.status, head.header("etag")), (304, Some(&*known)));
        // What is no list of tags, or names something else, is not what the client has.
        for other in ["\"1\"", "\"1.0\"", "1", "", &known[..known.len() - 1]] {
            let again = get(&[("If-None-Match", other)]).await;
            assert_eq!((again.status, &again.body), (200, &first.body), "{other}");
        }
        // Who may not see it learns nothing by naming it.
        let theirs = [("Authorization", "Bearer bob"), ("If-None-Match", &*known)];
        assert_eq!(request(socket, "GET", &path, &theirs, None).await.status, 404);
        assert_eq!(request(socket, "GET", &path, &[("If-None-Match", "*")], None).await.status, 401);

        let lines = json!([{"description": "Other work", "quantity": 1, "unit_cents": 5_000}]);
        let amended = send(socket, "PATCH", &path, &[("If-Match", &known)], Some(json!({"lines": lines}))).await;
        assert_eq!(amended.status, 200, "{}", amended.body);
        assert!(tag(&amended).starts_with("\"2."));
        let changed = get(&[("If-None-Match", &known)]).await;
        assert_eq!((changed.status, &changed.json()["version"]), (200, &json!(2)));
        // The tag of what a change answered is as good for the next one.
        let sent = send(socket, "POST", &format!("{path}/send"), &[("If-Match", &tag(&amended))], None).await;
        assert_eq!((sent.status, &sent.json()["version"]), (200, &json!(3)), "{}", sent.body);
        let listed = send(socket, "GET", "/api/invoices", &[("If-None-Match", "*")], None).await;
        assert_eq!((listed.status, listed.header("etag")), (200, None), "a list has no version");
    }
}

#[tokio::test]
async fn what_is_created_has_a_tag() {
    let database = TestDatabase::sqlite();
    let running = RunningServer::start(application(&database)).await;
    let socket = running.socket();
    let ann = SurfaceClient::over(&running, Surface::Rest, Some("ann")).await;
    let customer = customer(&ann, "Ada").await;
    let lines = json!([{"description": "Work", "quantity": 1, "unit_cents": 500}]);
    let new = json!({"customer_id": customer, "number": "1", "due_on": "2026-12-31", "lines": lines});
    let tried = send(socket, "POST", "/api/invoices?dry_run=true", &[], Some(new.clone())).await;
    assert_eq!((tried.status, tried.header("etag")), (200, None), "what was only tried is nowhere to be read");
    let key = [("Idempotency-Key", "k")];
    let made = send(socket, "POST", "/api/invoices", &key, Some(new.clone())).await;
    assert_eq!(made.status, 201);
    assert!(tag(&made).starts_with("\"1."));
    let again = send(socket, "POST", "/api/invoices", &key, Some(new)).await;
    assert_eq!((again.status, again.header("etag"), &again.body), (201, made.header("etag"), &made.body));
}

#[tokio::test]
async fn if_match_is_compared_with_the_row() {
    for backend in EVERY {
        let database = TestDatabase::new(backend).await;
        let running = RunningServer::start(notebook(&database)).await;
        let socket = running.socket();
        let put = async |known: &[&str], text: &str| {
            let known: Vec<_> = known.iter().map(|known| ("If-Match", *known)).collect();
            send(socket, "PUT", "/api/pages/1", &known, Some(json!({"text": text}))).await
        };
        let read = send(socket, "GET", "/api/pages/1", &[], None).await;
        let known = tag(&read);
        for (stale, why) in [
            (vec!["\"2\""], "another version"),
            (vec![&*format!("W/{known}")], "a weak one, strictly compared"),
            (vec!["\"x\", \"\""], "no version at all"),
            (vec!["\"0\"", "\"2.x\""], "none of several"),
        ] {
            let reply = put(&stale, "lost").await;
            assert_eq!((reply.status, &reply.json()["code"]), (412, &json!("precondition_failed")), "{why}");
            assert_eq!(reply.header("content-type"), Some("application/problem+json"));
        }
        for malformed in [vec!["1"], vec![""], vec!["\"1"], vec!["*, \"1\""], vec!["*", "*"], vec!["\"1\" \"2\""]] {
            let reply = put(&malformed, "lost").await;
            assert_eq!((reply.status, &reply.json()["code"]), (400, &json!("bad_request")), "{malformed:?}");
            assert!(reply.json()["detail"].as_str().unwrap().contains("If-Match"), "{}", reply.body);
        }
        let unsaid = put(&[], "lost").await;
        assert_eq!((unsaid.status, &unsaid.json()["code"]), (428, &json!("precondition_required")));
        assert_eq!(unsaid.json()["title"], "Precondition Required");
        assert_eq!(send(socket, "GET", "/api/pages/1", &[], None).await.body, read.body, "nothing was done");

        assert_eq!(put(&[&known], "second").await.json()["version"], 2);
        assert_eq!(put(&["\"1\", \"2\""], "third").await.json()["version"], 3, "one of several, from a list");
        assert_eq!(put(&["\"9\"", "\"3\""], "fourth").await.json()["version"], 4, "in two fields");
        assert_eq!(put(&["*"], "fifth").await.json()["version"], 5, "whichever it is");
        let gone = send(socket, "PUT", "/api/pages/7", &[("If-Match", "*")], Some(json!({"text": "x"}))).await;
        assert_eq!(gone.status, 404);
        let tried =
            send(socket, "PUT", "/api/pages/1?dry_run=true", &[("If-Match", "\"4\"")], Some(json!({"text": "x"})))
                .await;
        assert_eq!(tried.status, 412, "a dry run is refused like the call");
        let late = send(socket, "DELETE", "/api/pages/1", &[("If-Match", "\"4\"")], None).await;
        assert_eq!(late.status, 412);
        let removed = send(socket, "DELETE", "/api/pages/1", &[("If-Match", "\"5\"")], None).await;
        assert_eq!((removed.status, removed.header("etag")), (204, None));
    }
}

/// A client that sends a precondition counts on it: what cannot be compared is refused, not passed over.
#[tokio::test]
async fn no_precondition_is_passed_over() {
    let database = TestDatabase::sqlite();
    let running = RunningServer::start(application(&database)).await;
    let socket = running.socket();
    let ann = SurfaceClient::over(&running, Surface::Rest, Some("ann")).await;
    let customer = customer(&ann, "Ada").await;
    let id = invoice(&ann, &customer, "1", 5_000, "2026-12-31").await;
    for (path, field) in [
        (format!("/api/invoices/{id}/void"), "If-Match"),
        (format!("/api/invoices/{id}/void"), "If-None-Match"),
        (format!("/api/invoices/{id}/send"), "If-None-Match"),
    ] {
        let reply = send(socket, "POST", &path, &[(field, "*")], None).await;
        assert_eq!((reply.status, &reply.json()["code"]), (400, &json!("precondition_unsupported")), "{path} {field}");
        assert!(reply.json()["detail"].as_str().unwrap().contains(field), "{}", reply.body);
    }
    // It is no field of the body, and no parameter.
    let body = json!({"number": "2", "expected_version": 1});
    let reply = send(socket, "PATCH", &format!("/api/invoices/{id}"), &[], Some(body)).await;
    assert_eq!((reply.status, &reply.json()["errors"][0]["code"]), (422, &json!("unknown")));
    let reply = send(socket, "POST", &format!("/api/invoices/{id}/send?expected_version=1"), &[], None).await;
    assert_eq!((reply.status, &reply.json()["errors"][0]["code"]), (422, &json!("unknown")));
    assert_eq!(reply.json()["errors"][0]["detail"], "there is no such query parameter; known are id");
    assert_eq!(ann.call("invoices.get", json!({"id": id})).await.unwrap()["status"], "draft");
}

#[tokio::test]
async fn who_has_to_say_a_version_is_told_how() {
    let database = TestDatabase::sqlite();
    let running = RunningServer::start(notebook(&database)).await;
    for surface in [Surface::Rest, Surface::McpSession, Surface::McpStateless] {
        let ann = SurfaceClient::over(&running, surface, Some("ann")).await;
        // Also of a row that is not there: nothing was looked for.
        for id in [1, 7] {
            let problem = ann.call("pages.write", json!({"id": id, "text": "x"})).await.unwrap_err();
            assert_eq!((&problem["status"], &problem["code"]), (&json!(428), &json!("precondition_required")));
            for way in ["`If-Match`", "`expected_version`"] {
                assert!(problem["detail"].as_str().unwrap().contains(way), "{problem}");
            }
        }
    }
    let ann = SurfaceClient::over(&running, Surface::McpStateless, Some("ann")).await;
    let tools = ann.request("tools/list", json!({})).await.unwrap();
    let tool =
        |name: &str| tools["tools"].as_array().unwrap().iter().find(|tool| tool["name"] == name).cloned().unwrap();
    let write = tool("pages.write")["inputSchema"].clone();
    assert_eq!(write["required"], json!(["text", "id", "expected_version"]));
    assert_eq!(write["properties"]["expected_version"]["type"], "integer");
    assert!(tool("pages.get")["inputSchema"]["properties"]["expected_version"].is_null());
    assert_eq!(tool("pages.get")["outputSchema"]["properties"]["version"]["type"], "integer");
    assert!(!tools.to_string().contains("x-diptych"), "{tools}");
    // A model may write it as a string, as any other number.
    let written = ann.call("pages.write", json!({"id": 1, "text": "x", "expected_version": "1"})).await.unwrap();
    assert_eq!(written["version"], 2);

    let document = request(running.socket(), "GET", "/openapi.json", &[], None).await.json();
    let (put, get) = (&document["paths"]["/pages/{id}"]["put"], &document["paths"]["/pages/{id}"]["get"]);
    let parameter = |operation: &Value| operation["parameters"].as_array().unwrap().last().unwrap()["$ref"].clone();
    assert_eq!(parameter(put), "#/components/parameters/RequiredIfMatch");
    // What may be left out is told with the answers that it leads to.
    assert_eq!(get["parameters"].as_array().map(Vec::len), Some(1), "{get}");
    for (operation, statuses) in [(put, &["412", "428"][..]), (get, &["304"])] {
        for status in statuses {
            assert!(operation["responses"][status].is_object(), "{status}: {operation}");
        }
        assert!(operation["responses"]["200"]["headers"]["ETag"].is_object(), "{operation}");
    }
    assert!(get["responses"]["412"].is_null() && put["responses"]["304"].is_null());
    assert!(!document.to_string().contains("expected_version"), "over REST it is a header");
}

#[tokio::test]
async fn of_many_racing_changes_one_is_made() {
    for backend in EVERY {
        let database = TestDatabase::new(backend).await;
        let db = Db::connect(database.url()).await.unwrap();
        pages(db.clone()).await.unwrap();
        let engine = Engine::builder(db).operations(operations()).build().unwrap();
        let operation = engine.operation("pages.write").unwrap();
        for version in 1..6 {
            let engine = &engine;
            let write = |n: i32| async move {
                let caller = Caller {
                    expected_version: Some(ExpectedVersion::OneOf(vec![Version::new(version)])),
                    ..Caller::new(Some(Principal::new("tests", "ann", [""; 0]).unwrap()), Via::new(Speaks::Rest))
                };
                let arguments = format!(r#"{{"id": 1, "text": "{version} {n}"}}"#);
                engine.dispatch(operation, Arguments::named(&arguments), caller).await
            };
            let done = join_all((0..32).map(write)).await;
            let won: Vec<_> = done.iter().flatten().collect();
            assert_eq!(won.len(), 1, "{backend}");
            for error in done.iter().filter_map(|done| done.as_ref().err()) {
                assert_eq!(error.code(), "precondition_failed", "{backend}: {error}");
            }
            let mut conn = engine.db().read().await.unwrap();
            let page: Page = query_as("SELECT * FROM pages WHERE id = 1").one(&mut conn).await.unwrap();
            assert_eq!(page.version, Version::new(version).next());
            let answered: Value = serde_json::from_str(won[0].json()).unwrap();
            assert_eq!(answered["text"], json!(page.text), "what was answered is what is there");
        }
    }
}

/// The version is no part of what is done, so REST and MCP make one call of it.
#[tokio::test]
async fn a_replay_needs_no_version() {
    for backend in EVERY {
        let database = TestDatabase::new(backend).await;
        let running = RunningServer::start(notebook(&database)).await;
        let put = async |more: &[(&str, &str)]| {
            let headers = [&[("Idempotency-Key", "k")][..], more].concat();
            send(running.socket(), "PUT", "/api/pages/1", &headers, Some(json!({"text": "once"}))).await
        };
        let first = put(&[("If-Match", "\"1\"")]).await;
        assert_eq!((first.status, &first.json()["version"]), (200, &json!(2)), "{}", first.body);
        for more in [&[("If-Match", "\"1\"")] as &[(&str, &str)], &[("If-Match", "\"2\"")], &[]] {
            let again = put(more).await;
            assert_eq!((again.status, again.header("idempotent-replayed")), (200, Some("true")), "{}", again.body);
            assert_eq!((&again.body, again.header("etag")), (&first.body, first.header("etag")));
        }
        let ann = SurfaceClient::over(&running, Surface::McpSession, Some("ann")).await;
        let call = json!({"id": 1, "text": "once", "expected_version": 1});
        assert_eq!(ann.call_with_key("k", "pages.write", call).await.unwrap(), first.json());
        let unsaid = ann.call_with_key("k2", "pages.write", json!({"id": 1, "text": "x"})).await.unwrap_err();
        assert_eq!(unsaid["code"], "precondition_required");
    }
}

/// A task compares when it runs, not when it is made.
#[tokio::test]
async fn a_task_is_of_the_version_that_was_known() {
    for backend in EVERY {
        let database = TestDatabase::new(backend).await;
        let server = notebook(&database).build().await.unwrap();
        let engine = server.engine();
        let caller = Caller::new(Some(Principal::new("tests", "ann", [""; 0]).unwrap()), Via::new(Speaks::Mcp));
        let operation = engine.operation("pages.write").unwrap();
        let run = async |arguments: &str| {
            let new = NewTask { caller: &caller, arguments, capabilities: &[], answers: Default::default() };
            let task = engine.create_task(operation, new).await?;
            loop {
                let state = engine.tasks().unwrap().get(task.id(), caller.principal.as_ref()).await?.unwrap();
                if let TaskStatus::Finished(done) = state.status() {
                    return Ok::<_, diptych::Error>(format!("{done:?}"));
                }
                tokio::time::sleep(std::time::Duration::from_millis(10)).await;
            }
        };
        let done = run(r#"{"id": 1, "text": "x", "expected_version": 1}"#).await.unwrap();
        assert!(done.starts_with("Ok") && done.contains("version"), "{backend}: {done}");
        let late = run(r#"{"id": 1, "text": "y", "expected_version": 1}"#).await.unwrap();
        assert!(late.contains("precondition_failed") || late.contains("PreconditionFailed"), "{backend}: {late}");
        let refused = run(r#"{"id": 1, "text": "y"}"#).await.unwrap_err();
        assert_eq!(refused.code(), "precondition_required", "no task is made of it");
        engine.stop_tasks().await;
    }
}

#[tokio::test]
async fn in_process_it_is_an_argument() {
    let database = TestDatabase::sqlite();
    let server = notebook(&database).audit(Audit::new()).build().await.unwrap();
    let ann = server.client().as_principal(Principal::new("tests", "ann", [""; 0]).unwrap());
    let write = |version: Version| json!({"id": 1, "text": format!("after {version}"), "expected_version": version});
    let first: Value = ann.call("pages.write", &write(Version::FIRST)).await.unwrap();
    assert_eq!(first["version"], 2);
    let late = ann.call::<Value>("pages.write", &write(Version::FIRST)).await.unwrap_err();
    assert_eq!((late.kind().status(), late.code()), (412, "precondition_failed"));
    let key = ann.clone().with_idempotency_key(IdempotencyKey::new("k").unwrap());
    let second: Value = key.call("pages.write", &write(Version::new(2))).await.unwrap();
    let again: Value = key.call("pages.write", &write(Version::new(2))).await.unwrap();
    assert_eq!((&second, &second["version"]), (&again, &json!(3)));
    server.engine().stop_audit().await;
    let mut conn = server.engine().db().read().await.unwrap();
    let rows: Vec<AuditEntry> = query_as("SELECT * FROM diptych_audit ORDER BY id").all(&mut conn).await.unwrap();
    let outcomes: Vec<_> = rows.iter().map(|row| (&*row.outcome, &*row.code)).collect();
    assert_eq!(
        outcomes,
        [("committed", ""), ("precondition_failed", "precondition_failed"), ("committed", ""), ("replayed", ""),]
    );
}

#[derive(Deserialize, JsonSchema, Validate)]
struct Own {
    #[expect(dead_code, reason = "only declared")]
    expected_version: i64,
}

#[derive(Serialize, JsonSchema)]
struct Both {
    one: Version,
    other: Version,
}

async fn own(_: &mut Tx, _: Instance<Page>, _: Input<Own>) -> Result<()> {
    Ok(())
}

async fn both(_: &mut Tx) -> Result<Both> {
    Ok(Both { one: Version::FIRST, other: Version::FIRST })
}

#[tokio::test]
async fn what_cannot_be_declared_does_not_start() {
    let spec = |name, lock| ServiceSpec::from_fn(name, remove).allow(Authenticated).target(get_page()).lock(lock);
    let operations = Operations::new()
        .add(spec("unlocked", Lock::None).expects_version())
        .add(spec("shared", Lock::Share).requires_version())
        .add(spec("good", Lock::NoKeyUpdate).expects_version())
        .add(spec("indifferent", Lock::None))
        .add(ServiceSpec::from_fn("own", own).allow(Authenticated).target(get_page()).expects_version())
        .add(ServiceSpec::from_fn("both", both).allow(Authenticated));
    let database = TestDatabase::new(Backend::Sqlite).await;
    let db = Db::connect(database.url()).await.unwrap();
    let mistakes = Engine::builder(db).operations(operations).build().unwrap_err().to_string();
    for expected in [
        "unlocked: compares the version of a row that others can lock as well",
        "shared: compares the version of a row that others can lock as well",
        "own: the argument `expected_version` is declared twice, by the input and by the expected version",
        "both: answers with two versions",
    ] {
        assert!(mistakes.replace('`', "").contains(&expected.replace('`', "")), "{expected}: {mistakes}");
    }
    assert!(!mistakes.contains("good") && !mistakes.contains("indifferent"), "{mistakes}");
}

/// A page of another origin reads the tag, and may send it.
#[tokio::test]
async fn pages_of_other_origins_may_compare() {
    let database = TestDatabase::sqlite();
    let settings = HttpSettings { allowed_origins: vec!["https://app.example".to_owned()], ..HttpSettings::default() };
    let running = RunningServer::start(notebook(&database).http(settings)).await;
    let origin = ("Origin", "https://app.example");
    let read = send(running.socket(), "GET", "/api/pages/1", &[origin], None).await;
    assert!(read.header("access-control-expose-headers").unwrap().contains("ETag"), "{read:?}");
    let asks = [
        origin,
        ("Access-Control-Request-Method", "PUT"),
        ("Access-Control-Request-Headers", "if-match, if-none-match"),
    ];
    let preflight = request(running.socket(), "OPTIONS", "/api/pages/1", &asks, None).await;
    assert_eq!(preflight.header("access-control-allow-headers"), Some("if-match, if-none-match"), "{preflight:?}");
    let tag = tag(&read);
    let known = [origin, ("If-Match", &*tag)];
    let put = send(running.socket(), "PUT", "/api/pages/1", &known, Some(json!({"text": "x"}))).await;
    assert_eq!(put.status, 200);
}
