//! A server of notes, and the two ways to talk to it.

use crate::{notes, schema};
use diptych_mcp::{Events, Head, Mount, Reply, Server, Settings};
use diptych_pipeline::{Db, Engine, Operations, query};
use diptych_spec::Principal;
use serde_json::{Value, json};
use std::path::PathBuf;

pub(crate) const MODERN: &str = "2026-07-28";
pub(crate) const LEGACY: [&str; 3] = ["2025-11-25", "2025-06-18", "2025-03-26"];

pub(crate) struct Fixture {
    pub(crate) server: Server,
    file: PathBuf,
}

impl Fixture {
    pub(crate) async fn new() -> Self {
        Self::with(|_| {}).await
    }

    pub(crate) async fn with(change: impl FnOnce(&mut Settings)) -> Self {
        Self::serving(notes::operations(), change).await
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
        self.session_of(revision, capabilities, None).await
    }

    /// The same, of somebody's.
    pub(crate) async fn session_of(
        &self,
        revision: &'static str,
        capabilities: Value,
        principal: Option<Principal>,
    ) -> Session<'_> {
        let declared = format!(r#""capabilities":{capabilities}"#);
        let mut request = Request::initialize(revision).but(r#""capabilities":{}"#, &declared);
        request.principal = principal;
        let answer = self.post(&request).await;
        let id = answer.header("mcp-session-id").unwrap().to_owned();
        Session { fixture: self, revision, id, principal: request.principal }
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
