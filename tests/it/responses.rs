//! What an operation says of its response beside the answer: status, header fields and cookies, over HTTP, in the OpenAPI document, sent
//! again, tried, unchanged and failed; and what is wrong with a declaration.

use crate::counter::EVERY;
use diptych::{
    Anyone, Authenticated, Backend, Conn, Cookie, Db, Engine, Error, GET, HttpSettings, Idempotency, MCPServer,
    MCPServerBuilder, Operations, POST, PUT, Record, ResponseHead, Result, SelectorSpec, ServiceSpec, Tx, Version,
    Versioned, query, query_as,
};
use diptych_spec::Args;
use diptych_testkit::{HttpReply, RunningServer, TestDatabase, request};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::net::SocketAddr;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

#[derive(Debug, Record, Serialize, JsonSchema)]
struct Note {
    id: i64,
    text: String,
    version: Version,
}

impl Versioned for Note {
    fn version(&self) -> Version {
        self.version
    }
}

#[derive(Deserialize, JsonSchema)]
struct Id {
    id: i64,
}

async fn put_note(tx: &mut Tx, Args(Id { id }): Args<Id>, head: ResponseHead) -> Result<Note> {
    let sql = match tx.backend() {
        Backend::MySql => "INSERT IGNORE INTO notes (id, text, version) VALUES ($1, 'new', 1)",
        _ => "INSERT INTO notes (id, text, version) VALUES ($1, 'new', 1) ON CONFLICT (id) DO NOTHING",
    };
    let added = query(sql).bind(id).execute(tx).await?;
    if added == 0 {
        head.status(200)?;
    }
    head.header("x-added", added)?;
    if id == 13 {
        return Err(Error::conflict("unlucky", "not this one"));
    }
    query_as("SELECT id, text, version FROM notes WHERE id = $1").bind(id).one(tx).await
}

async fn get_note(conn: &mut Conn, Args(Id { id }): Args<Id>, head: ResponseHead) -> Result<Option<Note>> {
    head.header("X-Source", "primary")?;
    head.header("Cache-Control", "private, max-age=60")?;
    query_as("SELECT id, text, version FROM notes WHERE id = $1").bind(id).optional(conn).await
}

async fn sign_in(_: &mut Tx, head: ResponseHead) -> Result<()> {
    head.cookie(Cookie::new("session", "s3cret"))?;
    head.cookie(Cookie::removed("guest"))
}

async fn undeclared(_: &mut Tx, head: ResponseHead) -> Result<()> {
    head.header("X-Other", "hidden")
}

fn operations() -> Operations {
    let sign_in = |name| {
        ServiceSpec::from_fn(name, sign_in)
            .allow(Authenticated)
            .dry_run(true)
            .response_cookie("session", "Signs the browser in.")
            .response_cookie("guest", "Goes away.")
    };
    Operations::new()
        .add(
            ServiceSpec::from_fn("notes.put", put_note)
                .allow(Authenticated)
                .dry_run(true)
                .rest(PUT, "/notes/{id}")
                .creates("/notes/{id}")
                .or_status(200, "It was there.")
                .response_header("X-Added", "How many were added."),
        )
        .add(
            SelectorSpec::from_fn("notes.get", get_note)
                .allow(Anyone)
                .rest(GET, "/notes/{id}")
                .response_header("X-Source", "Where it was read.")
                .response_header("Cache-Control", "How long it may be kept."),
        )
        .add(sign_in("sign-in").rest(POST, "/session"))
        .add(sign_in("sign-in-again").idempotency(Idempotency::optional()).rest(POST, "/session/again"))
        .add(
            ServiceSpec::from_fn("undeclared", undeclared)
                .allow(Anyone)
                .rest(POST, "/undeclared")
                .response_header("X-Known", "Never."),
        )
}

async fn notes(db: Db) -> Result<()> {
    let mut tx = db.begin().await?;
    let sql = "CREATE TABLE notes (id BIGINT PRIMARY KEY, text TEXT NOT NULL, version BIGINT NOT NULL)";
    query(sql).execute(&mut tx).await?;
    tx.commit().await
}

fn server(database: &TestDatabase) -> MCPServerBuilder {
    MCPServer::builder("notes", "1").database_url(database.url()).on_start(notes).mount(operations())
}

async fn send(socket: SocketAddr, method: &str, path: &str, more: &[(&str, &str)]) -> HttpReply {
    let mut headers = vec![("Authorization", "Bearer ann")];
    headers.extend_from_slice(more);
    request(socket, method, &format!("/api{path}"), &headers, None).await
}

#[tokio::test]
async fn each_outcome_has_its_status_and_its_fields() {
    for backend in EVERY {
        let database = TestDatabase::new(backend).await;
        let running = RunningServer::start(server(&database)).await;
        let key = ("Idempotency-Key", "k1");
        // A dry run created nothing, and says what would have been said.
        let tried = send(running.socket(), "PUT", "/notes/1?dry_run=true", &[]).await;
        assert_eq!((tried.status, tried.header("x-added"), tried.header("location")), (200, Some("1"), None));
        // Sent again, an answer is what it was, although now the note is there.
        for replayed in [None, Some("true")] {
            let put = send(running.socket(), "PUT", "/notes/1", &[key]).await;
            assert_eq!(put.status, 201, "{put:?}");
            assert_eq!((put.header("x-added"), put.header("location")), (Some("1"), Some("/api/notes/1")));
            assert_eq!(put.header("idempotent-replayed"), replayed, "{backend}");
        }
        let there = send(running.socket(), "PUT", "/notes/1", &[]).await;
        assert_eq!((there.status, there.header("x-added"), there.header("location")), (200, Some("0"), None));
        assert_eq!(there.json()["id"], 1);
        // What fails is answered with its error alone.
        let failed = send(running.socket(), "PUT", "/notes/13", &[]).await;
        assert_eq!((failed.status, failed.header("x-added")), (409, None));
        for (method, length) in [("GET", 1), ("HEAD", 0)] {
            let read = send(running.socket(), method, "/notes/1", &[]).await;
            assert_eq!((read.status, read.header("x-source")), (200, Some("primary")), "{method}");
            assert_eq!(read.header("cache-control"), Some("private, max-age=60"));
            assert!(read.body.len() >= length && (length == 1 || read.body.is_empty()), "{method}");
            // The client has what came with the tag.
            let known = [("If-None-Match", read.header("etag").unwrap())];
            let unchanged = send(running.socket(), method, "/notes/1", &known).await;
            assert_eq!((unchanged.status, unchanged.header("x-source")), (304, None));
        }
        let missing = send(running.socket(), "GET", "/notes/2", &[]).await;
        assert_eq!((missing.status, missing.header("x-source")), (404, None));
        let undeclared = send(running.socket(), "POST", "/undeclared", &[]).await;
        assert_eq!((undeclared.status, undeclared.header("x-other")), (500, None));
        assert!(!undeclared.body.contains("X-Other"), "{undeclared:?}");
    }
}

#[tokio::test]
async fn cookies_are_safe_unless_the_machine_is_a_developers() {
    let database = TestDatabase::sqlite();
    let running = RunningServer::start(server(&database)).await;
    let here = send(running.socket(), "POST", "/session", &[]).await;
    // The last of the two that are set.
    assert_eq!(
        (here.status, here.header("set-cookie")),
        (204, Some("guest=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax"))
    );
    let settings = HttpSettings { allowed_hosts: vec!["api.example.com".into()], ..HttpSettings::default() };
    let other = TestDatabase::sqlite();
    let elsewhere = RunningServer::start(server(&other).http(settings)).await;
    let named = send(elsewhere.socket(), "POST", "/session", &[("Host", "api.example.com")]).await;
    assert_eq!(named.header("set-cookie"), Some("guest=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax; Secure"));
    let tried = send(running.socket(), "POST", "/session?dry_run=true", &[]).await;
    assert_eq!((tried.status, tried.header("set-cookie")), (204, None));
    // Keys keep answers, and this one has a secret, unless its author says that it may be kept.
    let key = ("Idempotency-Key", "k1");
    let refused = send(running.socket(), "POST", "/session", &[key]).await;
    assert_eq!((refused.status, &refused.json()["code"]), (400, &json!("idempotency_key_unsupported")));
    for _ in 0..2 {
        let kept = send(running.socket(), "POST", "/session/again", &[key]).await;
        assert_eq!((kept.status, kept.header("set-cookie").is_some()), (204, true), "{kept:?}");
    }
}

#[tokio::test]
async fn pages_that_may_read_an_answer_may_read_its_fields() {
    let database = TestDatabase::sqlite();
    let origin = "https://app.example.com";
    let settings = HttpSettings { allowed_origins: vec![origin.into()], ..HttpSettings::default() };
    let running = RunningServer::start(server(&database).http(settings)).await;
    let mut stream = TcpStream::connect(running.socket()).await.unwrap();
    let head = "PUT /api/notes/1 HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ann\r\nConnection: close\r\n";
    stream.write_all(format!("{head}Origin: {origin}\r\n\r\n").as_bytes()).await.unwrap();
    let mut page = String::new();
    stream.read_to_string(&mut page).await.unwrap();
    assert!(page.to_ascii_lowercase().contains("access-control-expose-headers: x-added\r\n"), "{page}");
    let own = send(running.socket(), "PUT", "/notes/1", &[]).await;
    assert_eq!(own.header("access-control-expose-headers"), None);
}

#[tokio::test]
async fn what_can_be_said_is_in_the_document() {
    let database = TestDatabase::sqlite();
    let document = server(&database).build().await.unwrap().openapi_document("/api");
    let put = &document["paths"]["/notes/{id}"]["put"]["responses"];
    for status in ["200", "201"] {
        assert_eq!(put[status]["headers"]["X-Added"]["description"], "How many were added.", "{status}");
        assert!(put[status]["content"]["application/json"]["schema"].is_object());
    }
    assert_eq!(put["200"]["description"], "It was there.");
    assert_eq!((put["200"]["headers"].get("Location"), put["201"]["headers"]["Location"].is_object()), (None, true));
    let cookies = &document["paths"]["/session"]["post"]["responses"]["204"]["headers"]["Set-Cookie"]["description"];
    assert_eq!(*cookies, "`session`: Signs the browser in.\n\n`guest`: Goes away.");
}

#[tokio::test]
async fn a_declaration_says_what_is_wrong_with_it() {
    async fn says_nothing(_: &mut Tx) -> Result<()> {
        Ok(())
    }
    async fn says(_: &mut Tx, _: ResponseHead) -> Result<()> {
        Ok(())
    }
    async fn answers(_: &mut Tx, _: ResponseHead) -> Result<i64> {
        Ok(1)
    }
    let spec = |name| ServiceSpec::from_fn(name, says).allow(Anyone);
    let value = |name| ServiceSpec::from_fn(name, answers).allow(Anyone);
    let operations = Operations::new()
        .add(spec("a"))
        .add(ServiceSpec::from_fn("b", says_nothing).allow(Anyone).response_header("X-A", ""))
        .add(spec("c").or_status(404, ""))
        .add(spec("d").or_status(201, ""))
        .add(value("e").or_status(204, ""))
        .add(value("f").or_status(200, ""))
        .add(spec("g").response_header("Set-Cookie", ""))
        .add(spec("h").response_header("content-LENGTH", ""))
        .add(spec("i").response_header("Access-Control-Allow-Origin", ""))
        .add(spec("j").response_header("X A", ""))
        .add(spec("k").response_header("X-A", "").response_header("x-a", ""))
        .add(spec("l").response_cookie("a;b", ""))
        .add(value("m").or_status(206, ""));
    let database = TestDatabase::new(Backend::Sqlite).await;
    let db = Db::connect(database.url()).await.unwrap();
    let mistakes = Engine::builder(db).operations(operations).build().unwrap_err();
    let found: Vec<_> = mistakes.as_slice().iter().map(ToString::to_string).collect();
    for (name, part) in [
        ("a", "declares nothing that could be said"),
        ("b", "nothing says it"),
        ("c", "no status of success"),
        ("d", "which goes under 204, not 201"),
        ("e", "cannot go under 204"),
        ("f", "declared twice"),
        ("g", "`.response_cookie(…)`"),
        ("h", "is written by the server"),
        ("i", "is written by the server"),
        ("j", "cannot be the name of a header"),
        ("k", "declared twice"),
        ("l", "name of a cookie"),
        ("m", "but not 206"),
    ] {
        let says = |mistake: &&String| mistake.contains(&format!("`{name}`")) || mistake.starts_with(name);
        assert!(found.iter().filter(says).any(|mistake| mistake.contains(part)), "{name}: {found:#?}");
    }
    assert_eq!(found.len(), 13, "{found:#?}");
}

/// Over MCP there is no head to say it in, and the answer is the same.
#[tokio::test]
async fn over_mcp_it_is_not_said() {
    let database = TestDatabase::sqlite();
    let server = server(&database).build().await.unwrap();
    let ann = diptych::Principal::new("tests", "ann", [""; 0]).unwrap();
    let client = server.client().as_principal(ann);
    let put: Value = client.call("notes.put", &json!({"id": 5})).await.unwrap();
    assert_eq!(put, json!({"id": 5, "text": "new", "version": put["version"]}));
}
