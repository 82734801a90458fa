//! Versions, apart from what is the same over every surface (`suite/versions.rs`): entity tags over HTTP.

mod known;

use crate::counter::EVERY;
use crate::suite::{application, customer, invoice};
use diptych::{
    Anyone, Authenticated, Conn, DELETE, Db, GET, HttpSettings, Input, Instance, Lock, MCPServer, MCPServerBuilder,
    Operations, PUT, Record, Result, SelectorSpec, ServiceSpec, Task, Tx, Version, Versioned, query, query_as, update,
};
use diptych_spec::Args;
use diptych_testkit::{HttpReply, RunningServer, Surface, SurfaceClient, TestDatabase, request};
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
