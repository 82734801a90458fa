//! A small server of notes, and the two ways to talk to it.

use crate::schema;
use diptych_mcp::{Events, Head, Mount, Reply, Server, Settings};
use diptych_pipeline::{Conn, Db, Engine, Operations, Record, Select, Tx, query, query_scalar};
use diptych_spec::{
    Annotations, AnswerValue, Anyone, App, AppVisibility, Args, Authenticated, Blob, Content, Contents,
    EmbeddedResource, Error, ErrorKind, FieldError, Icon, IconTheme, Input, Message, PageNumber, Principal, PromptSpec,
    ResourceLink, Result, Role, Scope, SelectorSpec, ServiceSpec,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::path::PathBuf;
use std::time::Duration;
use validator::Validate;

pub(crate) const MODERN: &str = "2026-07-28";
pub(crate) const LEGACY: [&str; 3] = ["2025-11-25", "2025-06-18", "2025-03-26"];

#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Note {
    id: i64,
    text: String,
}

#[derive(Debug, Deserialize, JsonSchema, Validate)]
pub(crate) struct NewNote {
    /// What it says.
    #[validate(length(min = 1, max = 20))]
    text: String,
}

#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct ById {
    id: i64,
}

#[derive(Debug, Deserialize, JsonSchema)]
struct How {
    how: String,
}

#[derive(Debug, Deserialize, JsonSchema)]
struct Anything {
    value: Value,
}

/// Refers to itself, from an answer that is a list.
#[derive(Debug, Serialize, JsonSchema)]
struct Tree {
    name: String,
    branches: Vec<Self>,
}

async fn count(conn: &mut Conn) -> Result<AnswerValue<i64>> {
    query_scalar("SELECT count(*) FROM notes").one(conn).await.map(AnswerValue)
}

pub(crate) async fn get(conn: &mut Conn, Args(args): Args<ById>) -> Result<Option<Note>> {
    let text = query_scalar::<String>("SELECT text FROM notes WHERE id = $1").bind(args.id);
    Ok(text.optional(conn).await?.map(|text| Note { id: args.id, text }))
}

pub(crate) async fn add(tx: &mut Tx, Input(new): Input<NewNote>) -> Result<Note> {
    let id = query_scalar("INSERT INTO notes (text) VALUES ($1) RETURNING id").bind(new.text.clone());
    Ok(Note { id: id.one(tx).await?, text: new.text })
}

async fn slow(tx: &mut Tx, Input(new): Input<NewNote>) -> Result<Note> {
    let note = add(tx, Input(new)).await?;
    tokio::time::sleep(Duration::from_millis(100)).await;
    Ok(note)
}

async fn clear(tx: &mut Tx) -> Result<()> {
    query("DELETE FROM notes").execute(tx).await.map(drop)
}

async fn echo(_: &mut Conn, Args(args): Args<Anything>) -> Result<AnswerValue<Value>> {
    Ok(AnswerValue(args.value))
}

async fn forest(_: &mut Conn) -> Result<AnswerValue<Vec<Tree>>> {
    let tree = |name: &str, branches| Tree { name: name.to_owned(), branches };
    Ok(AnswerValue(vec![tree("oak", vec![tree("twig", Vec::new())])]))
}

async fn secret(_: &mut Conn, who: Principal) -> Result<AnswerValue<String>> {
    Ok(AnswerValue(format!("for {} only", who.subject())))
}

async fn fail(_: &mut Conn, Args(args): Args<How>) -> Result<AnswerValue<Note>> {
    let simple = |kind| Error::new(kind, "simple", "a sentence");
    Err(match &*args.how {
        "bad_request" => simple(ErrorKind::BadRequest),
        "invalid" => Error::invalid(vec![FieldError::new("/how", "odd", "must be even")]),
        "unauthenticated" => Error::unauthenticated(),
        "forbidden" => Error::forbidden("this note is \"Bob's\""),
        "scope" => Error::insufficient_scope(&["notes:write".into(), "notes:\"odd\"".into()]),
        "not_found" => Error::not_found("no such note"),
        "conflict" => Error::conflict("already_sent", "it was sent before"),
        "rate_limited" => simple(ErrorKind::RateLimited),
        "too_large" => simple(ErrorKind::TooLarge),
        "deadline" => simple(ErrorKind::Deadline),
        "cancelled" => simple(ErrorKind::Cancelled),
        "unavailable" => simple(ErrorKind::Unavailable),
        "outcome_unknown" => simple(ErrorKind::OutcomeUnknown),
        _ => Error::internal("the password is hunter2"),
    })
}

async fn sketch(_: &mut Conn) -> Result<AnswerValue<Contents>> {
    let annotations = |last_modified| Annotations { priority: Some(0.5), last_modified, ..Annotations::default() };
    Ok(AnswerValue(
        Contents::from("two \"_meta\" notes")
            .and(Content::image("ab", "image/png").annotated(annotations(Some("2026-01-01T00:00:00Z".to_owned()))))
            .and(Content::from(ResourceLink::new("notes://1", "first").title("First")).annotated(annotations(None)))
            .and(
                Content::from(EmbeddedResource::text("notes://2", "text/plain", "bread")).with_meta("example.com/x", 1),
            ),
    ))
}

async fn line(_: &mut Conn) -> Result<AnswerValue<Content>> {
    Ok(AnswerValue(Content::text("one line")))
}

async fn text(conn: &mut Conn, args: Args<ById>) -> Result<Option<String>> {
    Ok(get(conn, args).await?.map(|note| format!("{}\n", note.text)))
}

async fn bytes(_: &mut Conn, Args(args): Args<ById>) -> Result<AnswerValue<Blob>> {
    Ok(AnswerValue(Blob::new([0, 255, u8::try_from(args.id).unwrap_or_default()])))
}

#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Row {
    id: Option<i64>,
    label: Option<String>,
}

impl Record for Row {
    const COLUMNS: &'static [&'static str] = &["id", "label"];
    fn from_row(row: &diptych_pipeline::Row<'_>) -> Result<Self> {
        Ok(Self { id: row.get(0)?, label: row.get(1)? })
    }
}

#[derive(Debug, Deserialize, JsonSchema)]
struct ByLabel {
    label: String,
    id: i64,
}

async fn odd(_: &mut Conn, Args(args): Args<ByLabel>) -> Result<AnswerValue<String>> {
    Ok(AnswerValue(format!("{} {}", args.label, args.id)))
}

/// The notes; of them the bread has no label.
pub(crate) async fn rows(_: &mut Conn, who: Option<Principal>) -> Result<Select<Row>> {
    if who.is_some_and(|who| who.subject() == "banned") {
        return Err(Error::forbidden("not you"));
    }
    Ok(Select::sql("SELECT id, CASE WHEN text = 'bread' THEN NULL ELSE text END AS label FROM notes"))
}

async fn nameless(_: &mut Conn) -> Result<Select<Row>> {
    Ok(Select::sql("SELECT NULL AS id, 'nothing' AS label UNION ALL SELECT 7, 'a/b' UNION ALL SELECT 8, ''"))
}

async fn ask(_: &mut Conn) -> Result<Message> {
    let link = ResourceLink::new("notes://1", "first").icon(icon());
    Ok(Message::user(Content::from(link).with_meta("com.example/x", 1)))
}

pub(crate) fn icon() -> Icon {
    Icon::new("https://notes.example/icon.svg", "image/svg+xml").sizes(["any"]).theme(IconTheme::Dark)
}

/// Operations with everything that clients can be shown, and templates whose rows are listed.
pub(crate) fn shown() -> Operations {
    let page = PageNumber { size: 1, max_size: 2 };
    let annotations = Annotations {
        audience: vec![Role::User],
        priority: Some(1.0),
        last_modified: Some("2026-01-01T00:00:00Z".to_owned()),
    };
    let card = || {
        App::html("ui://notes/card", "<!doctype html><title>\"Card\"</title>")
            .connect_domains(["https://api.notes.example"])
            .prefers_border(true)
    };
    let at = |name, label: &str| SelectorSpec::from_fn(name, get).allow(Anyone).meta("com.example/label", label);
    Operations::new()
        .add(
            SelectorSpec::from_fn("notes.count", count)
                .allow(Anyone)
                .resource("notes://count")
                .icon(icon())
                .annotations(annotations.clone())
                .size(1)
                .meta("com.example/x", 1)
                .open_world(true),
        )
        .add(SelectorSpec::from_fn("notes.secret", secret).allow(Scope("notes:secret")).resource("secret://mine"))
        .add(
            at("notes.get", "template")
                .resource("notes://{id}")
                .icon(icon())
                .annotations(annotations)
                .enumerate("notes.list", "label"),
        )
        .add(at("hidden.get", "hidden").resource("hidden://{id}").enumerate("hidden.list", None))
        .add(
            SelectorSpec::from_fn("odd.get", odd)
                .allow(Anyone)
                .resource("odd://{label}/{id}")
                .enumerate("odd.list", None),
        )
        .add(SelectorSpec::from_fn("notes.list", rows).allow(Anyone).paginate(page))
        .add(SelectorSpec::from_fn("hidden.list", rows).allow(Scope("hidden")))
        .add(SelectorSpec::from_fn("odd.list", nameless).allow(Anyone).tool(false))
        .add(SelectorSpec::from_fn("notes.card", get).allow(Scope("notes:card")).ui(card()))
        .add(
            SelectorSpec::from_fn("notes.refresh", get)
                .allow(Scope("notes:refresh"))
                .ui(card().visibility([AppVisibility::App])),
        )
        .add(PromptSpec::from_fn("notes.ask", ask).allow(Anyone).icon(icon()).meta("com.example/x", 1))
        .add(
            SelectorSpec::from_fn("notes.off", get)
                .allow(Anyone)
                .enabled(false)
                .ui(App::html("ui://notes/off", "<!doctype html>")),
        )
}

/// Operations whose answers are not JSON.
pub(crate) fn other_forms() -> Operations {
    let text = |name| SelectorSpec::from_fn(name, text).allow(Anyone).mime_type("text/plain");
    let bytes = |name| SelectorSpec::from_fn(name, bytes).allow(Anyone);
    Operations::new()
        .add(SelectorSpec::from_fn("notes.sketch", sketch).allow(Anyone))
        .add(SelectorSpec::from_fn("notes.line", line).allow(Anyone))
        .add(text("notes.text").resource("text://{id}"))
        .add(bytes("notes.picture").resource("picture://{id}").mime_type("image/png"))
        .add(bytes("notes.sound").mime_type("audio/wav"))
        .add(bytes("notes.pdf").resource("pdf://note/{id}").mime_type("application/pdf"))
        .add(bytes("notes.hidden").resource("hidden://{id}").mime_type("application/zip").tool(false))
}

pub(crate) fn operations() -> Operations {
    let staff = |who: Option<&Principal>| who.is_some_and(|who| who.subject() == "boss");
    Operations::new()
        .add(
            SelectorSpec::from_fn("notes.count", count)
                .description("How many notes there are.")
                .title("Count notes")
                .allow(Anyone)
                .resource("notes://count"),
        )
        .add(SelectorSpec::from_fn("notes.get", get).allow(Anyone).resource("notes://{id}"))
        .add(SelectorSpec::from_fn("notes.find", get).allow(Anyone).allow_none())
        .add(ServiceSpec::from_fn("notes.add", add).allow(Scope("notes:write")))
        .add(ServiceSpec::from_fn("notes.slow", slow).allow(Anyone).idempotent(true))
        .add(ServiceSpec::from_fn("notes.clear", clear).allow(Authenticated).destructive(true).idempotent(true))
        .add(SelectorSpec::from_fn("notes.echo", echo).allow(Anyone))
        .add(SelectorSpec::from_fn("notes.forest", forest).allow(Anyone))
        .add(SelectorSpec::from_fn("notes.secret", secret).allow(Scope("notes:secret")).resource("secret://mine"))
        .add(SelectorSpec::from_fn("notes.staff", secret).allow(staff))
        .add(SelectorSpec::from_fn("faults.get", fail).allow(Anyone).resource("faults://{how}"))
}

pub(crate) struct Fixture {
    pub(crate) server: Server,
    file: PathBuf,
}

impl Fixture {
    pub(crate) async fn new() -> Self {
        Self::with(|_| {}).await
    }

    pub(crate) async fn with(change: impl FnOnce(&mut Settings)) -> Self {
        Self::serving(operations(), change).await
    }

    pub(crate) async fn serving(operations: Operations, change: impl FnOnce(&mut Settings)) -> Self {
        Self::limited(operations, diptych_pipeline::Settings::default(), change).await
    }

    /// With limits of the engine.
    pub(crate) async fn limited(
        operations: Operations,
        limits: diptych_pipeline::Settings,
        change: impl FnOnce(&mut Settings),
    ) -> Self {
        let file = std::env::temp_dir().join(format!("diptych-mcp-{}.db", uuid::Uuid::new_v4().simple()));
        let db = Db::connect(&format!("sqlite://{}", file.display())).await.unwrap();
        let mut tx = db.begin().await.unwrap();
        query("CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT NOT NULL)").execute(&mut tx).await.unwrap();
        query("INSERT INTO notes (text) VALUES ('milk'), ('bread')").execute(&mut tx).await.unwrap();
        tx.commit().await.unwrap();
        let engine = Engine::builder(db).operations(operations).settings(limits).build().unwrap();
        let mut settings = Settings::new("notes", "1.2.3");
        settings.title = Some("Notes".to_owned());
        settings.website_url = Some("https://notes.example/".to_owned());
        settings.instructions = Some("Count before you add.".to_owned());
        change(&mut settings);
        Self { server: Server::new(engine, settings), file }
    }

    /// Another endpoint over the same operations, which is there as long as this one.
    pub(crate) fn mount(&self, place: &str, mount: &Mount, change: impl FnOnce(&mut Settings)) -> Self {
        let mut settings = Settings::new("notes", "1.2.3");
        change(&mut settings);
        let server = Server::mounted(self.server.engine().clone(), settings, place, mount);
        Self { server, file: self.file.with_extension("of the other") }
    }

    pub(crate) async fn post(&self, request: &Request) -> Answer {
        let fields = request.head.iter().map(|(name, value)| (&**name, value.as_bytes()));
        let head = Head::new(fields);
        let reply = self.server.post(&head, request.body.as_bytes(), request.principal.as_ref(), &Events::new()).await;
        let answer = Answer::of(reply);
        match &answer.body {
            Value::Null => {}
            Value::Array(answers) => {
                schema::is_a("2025-03-26", "JSONRPCBatchResponse", &answer.body);
                assert!(!answers.is_empty());
            }
            body => schema::check(request.revision, &request.method, body),
        }
        answer
    }

    /// The result of a request that succeeds, in the new era.
    pub(crate) async fn modern(&self, method: &str, params: Value) -> Value {
        let answer = self.post(&Request::modern(method, params)).await;
        assert_eq!(answer.status, 200, "{:#}", answer.body);
        answer.result().clone()
    }

    /// A session of this revision.
    pub(crate) async fn session(&self, revision: &'static str) -> Session<'_> {
        self.session_as(revision, None).await
    }

    /// A session of a client that can be asked for this.
    pub(crate) async fn session_with(&self, revision: &'static str, capabilities: Value) -> Session<'_> {
        let declared = format!(r#""capabilities":{capabilities}"#);
        let request = Request::initialize(revision).but(r#""capabilities":{}"#, &declared);
        let answer = self.post(&request).await;
        let id = answer.header("mcp-session-id").unwrap().to_owned();
        Session { fixture: self, revision, id, principal: None }
    }

    pub(crate) async fn session_as(&self, revision: &'static str, principal: Option<Principal>) -> Session<'_> {
        let mut request = Request::initialize(revision);
        request.principal = principal;
        let answer = self.post(&request).await;
        assert_eq!((answer.status, &answer.result()["protocolVersion"]), (200, &json!(revision)));
        let id = answer.header("mcp-session-id").unwrap().to_owned();
        Session { fixture: self, revision, id, principal: request.principal }
    }
}

impl Drop for Fixture {
    fn drop(&mut self) {
        for suffix in ["", "-wal", "-shm"] {
            let _ = std::fs::remove_file(format!("{}{suffix}", self.file.display()));
        }
    }
}

pub(crate) struct Session<'f> {
    fixture: &'f Fixture,
    pub(crate) revision: &'static str,
    pub(crate) id: String,
    principal: Option<Principal>,
}

impl Session<'_> {
    pub(crate) fn request(&self, method: &str, params: Value) -> Request {
        let mut request = Request::legacy(self.revision, method, params);
        request.principal.clone_from(&self.principal);
        request.with("mcp-session-id", &self.id).with("mcp-protocol-version", self.revision)
    }

    pub(crate) async fn call(&self, method: &str, params: Value) -> Answer {
        let answer = self.fixture.post(&self.request(method, params)).await;
        if let Some(result) = answer.body.get("result") {
            for modern in ["resultType", "ttlMs", "cacheScope", "_meta"] {
                assert!(result.get(modern).is_none(), "{modern} in {}", self.revision);
            }
        }
        answer
    }
}

pub(crate) fn ann(scopes: &[&str]) -> Principal {
    Principal::new("https://id.example", "ann", scopes.iter().copied()).unwrap()
}

#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) head: Vec<(String, String)>,
    pub(crate) body: String,
    pub(crate) principal: Option<Principal>,
    /// Whose schema the answer has to fit.
    pub(crate) revision: &'static str,
    method: String,
}

impl Request {
    /// A body as it is.
    pub(crate) fn raw(body: impl Into<String>) -> Self {
        Self { head: Vec::new(), body: body.into(), principal: None, revision: "2025-11-25", method: String::new() }
            .with("content-type", "application/json")
            .with("accept", "application/json, text/event-stream")
    }

    /// A correct request of the new era.
    pub(crate) fn modern(method: &str, mut params: Value) -> Self {
        params["_meta"] = json!({
            "io.modelcontextprotocol/protocolVersion": MODERN,
            "io.modelcontextprotocol/clientCapabilities": {},
            "io.modelcontextprotocol/clientInfo": {"name": "it", "version": "0"},
        });
        let name = ["name", "uri", "taskId"].into_iter().find_map(|name| params.get(name)).and_then(Value::as_str);
        let name = name.map(str::to_owned);
        let mut request =
            Self::of(MODERN, method, params).with("mcp-protocol-version", MODERN).with("mcp-method", method);
        if let Some(name) = name {
            request = request.with("mcp-name", &name);
        }
        request
    }

    /// A request of the old era, without the headers of a session.
    pub(crate) fn legacy(revision: &'static str, method: &str, params: Value) -> Self {
        Self::of(revision, method, params)
    }

    pub(crate) fn initialize(revision: &'static str) -> Self {
        let client = json!({"name": "it", "version": "0"});
        let params = json!({"protocolVersion": revision, "capabilities": {}, "clientInfo": client});
        Self::of(revision, "initialize", params)
    }

    fn of(revision: &'static str, method: &str, params: Value) -> Self {
        let body = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params});
        Self { revision, method: method.to_owned(), ..Self::raw(body.to_string()) }
    }

    /// With the header, in place of what was there.
    pub(crate) fn with(self, name: &str, value: &str) -> Self {
        self.without(name).and(name, value)
    }

    /// With the header once more.
    pub(crate) fn and(mut self, name: &str, value: &str) -> Self {
        self.head.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(crate) fn without(mut self, name: &str) -> Self {
        self.head.retain(|(own, _)| own != name);
        self
    }

    /// Of a client of the new era that declares this.
    pub(crate) fn declaring(self, capabilities: &Value) -> Self {
        let declared = format!(r#""io.modelcontextprotocol/clientCapabilities":{capabilities}"#);
        self.but(r#""io.modelcontextprotocol/clientCapabilities":{}"#, &declared)
    }

    pub(crate) fn by(mut self, principal: Principal) -> Self {
        self.principal = Some(principal);
        self
    }

    /// With another body: the first `from` in it becomes `to`.
    pub(crate) fn but(mut self, from: &str, to: &str) -> Self {
        assert!(self.body.contains(from), "{from} is not in {}", self.body);
        self.body = self.body.replacen(from, to, 1);
        self
    }
}

#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    headers: Vec<(&'static str, String)>,
    pub(crate) text: String,
    /// Null when there is none.
    pub(crate) body: Value,
}

impl Answer {
    pub(crate) fn of(reply: Reply) -> Self {
        let text = String::from_utf8(reply.body.to_vec()).unwrap();
        let body = if text.is_empty() { Value::Null } else { serde_json::from_str(&text).unwrap() };
        Self { status: reply.status, headers: reply.headers, text, body }
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let field = self.headers.iter().find(|(own, _)| *own == name);
        field.map(|(_, value)| value.as_str())
    }

    pub(crate) fn result(&self) -> &Value {
        self.body.get("result").unwrap_or_else(|| panic!("no result: {:#}", self.body))
    }

    /// Status and code of an error.
    pub(crate) fn error(&self) -> (u16, i64) {
        let code = self.body["error"]["code"].as_i64();
        (self.status, code.unwrap_or_else(|| panic!("no error: {} {:#}", self.status, self.body)))
    }

    pub(crate) fn message(&self) -> &str {
        self.body["error"]["message"].as_str().unwrap()
    }
}
