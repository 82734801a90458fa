//! A server of notes on a port of its own.

use crate::client::{self, Response};
use actix_web::{rt::System, web};
use diptych_auth::{Authenticator, DevelopmentTokens};
use diptych_mcp::Settings;
use diptych_pipeline::{Conn, Db, Engine, Operations, Tx, query, query_scalar};
use diptych_spec::{
    AnswerValue, Anyone, Args, Ask, Authenticated, Blob, Content, DELETE, Elicited, GET, Input, Instance, PATCH, POST,
    PUT, Principal, Result, Scope, SelectorSpec, ServiceSpec, State,
};
use diptych_transport_actix::{Http, HttpSettings, Listener};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, mpsc};
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::sync::{Notify, oneshot};
use validator::Validate;

#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Note {
    /// Its number.
    id: i64,
    text: String,
}

#[derive(Debug, Deserialize, JsonSchema, Validate)]
struct NewNote {
    /// What it says.
    #[validate(length(min = 1, max = 20))]
    text: String,
}

#[derive(Debug, Deserialize, JsonSchema)]
struct ById {
    /// Which note.
    id: i64,
}

#[derive(Debug, Deserialize, JsonSchema)]
struct ByNote {
    note: i64,
}

#[derive(Debug, Serialize, Deserialize, JsonSchema)]
struct Echo {
    /// Some numbers.
    ids: Option<Vec<i64>>,
    q: Option<String>,
    at: Option<Point>,
}

#[derive(Debug, Serialize, Deserialize, JsonSchema)]
struct Point {
    x: i64,
}

/// Refers to itself, as an input and as an answer.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
struct Tree {
    name: String,
    branches: Vec<Self>,
}

#[derive(Debug, Deserialize, JsonSchema, Validate)]
struct Plant {
    tree: Tree,
}

/// What the test and a running service tell each other.
#[derive(Debug)]
pub(crate) struct Gate {
    started: mpsc::Sender<()>,
    dropped: mpsc::Sender<()>,
    open: Arc<Notify>,
}

async fn add(tx: &mut Tx, Input(new): Input<NewNote>) -> Result<Note> {
    let id = query_scalar("INSERT INTO notes (text) VALUES ($1) RETURNING id").bind(new.text.clone());
    Ok(Note { id: id.one(tx).await?, text: new.text })
}

async fn get(conn: &mut Conn, Args(args): Args<ById>) -> Result<Option<Note>> {
    let text = query_scalar::<String>("SELECT text FROM notes WHERE id = $1").bind(args.id);
    Ok(text.optional(conn).await?.map(|text| Note { id: args.id, text }))
}

async fn rename(tx: &mut Tx, Args(at): Args<ByNote>, Input(new): Input<NewNote>) -> Result<()> {
    query("UPDATE notes SET text = $1 WHERE id = $2").bind(new.text).bind(at.note).execute(tx).await.map(drop)
}

async fn send(_: &mut Tx, Instance(note): Instance<Note>) -> Result<Note> {
    Ok(note)
}

async fn clear(tx: &mut Tx) -> Result<()> {
    query("DELETE FROM notes").execute(tx).await.map(drop)
}

async fn count(conn: &mut Conn) -> Result<AnswerValue<i64>> {
    query_scalar("SELECT count(*) FROM notes").one(conn).await.map(AnswerValue)
}

async fn echo(_: &mut Conn, Args(echo): Args<Echo>) -> Result<AnswerValue<Echo>> {
    Ok(AnswerValue(echo))
}

async fn whoami(_: &mut Conn, who: Principal) -> Result<AnswerValue<Vec<String>>> {
    let own = [who.issuer().to_owned(), who.subject().to_owned()];
    Ok(AnswerValue(own.into_iter().chain(who.scopes().iter().cloned()).collect()))
}

async fn plant(_: &mut Tx, Input(plant): Input<Plant>) -> Result<Tree> {
    Ok(plant.tree)
}

async fn forest(_: &mut Conn) -> Result<AnswerValue<Vec<Tree>>> {
    Ok(AnswerValue(Vec::new()))
}

async fn text(conn: &mut Conn, args: Args<ById>) -> Result<Option<String>> {
    Ok(get(conn, args).await?.map(|note| note.text))
}

async fn pdf(_: &mut Conn) -> Result<AnswerValue<Blob>> {
    Ok(AnswerValue(Blob::new(*b"%PDF\0")))
}

async fn sketch(_: &mut Conn) -> Result<AnswerValue<Content>> {
    Ok(AnswerValue(Content::text("a sketch")))
}

async fn favourite(_: &mut Conn, ask: Ask) -> Result<AnswerValue<bool>> {
    let asked = ask.url("colour", "Choose a colour.", "https://example.com/colours")?;
    Ok(AnswerValue(matches!(asked, Elicited::Accepted(()))))
}

async fn explode(_: &mut Conn) -> Result<AnswerValue<i64>> {
    panic!("the password is hunter2")
}

/// Writes, then waits to be let through.
async fn wait(tx: &mut Tx, gate: State<Gate>) -> Result<i64> {
    struct Dropped(mpsc::Sender<()>);
    impl Drop for Dropped {
        fn drop(&mut self) {
            let _ = self.0.send(());
        }
    }
    let _dropped = Dropped(gate.dropped.clone());
    query("INSERT INTO notes (text) VALUES ('waited')").execute(tx).await?;
    let _ = gate.started.send(());
    gate.open.notified().await;
    Ok(1)
}

pub(crate) fn operations() -> Operations {
    let target = SelectorSpec::from_fn("notes.target", get);
    Operations::new()
        .add(
            ServiceSpec::from_fn("notes.add", add)
                .description("Add a note. It is kept until it is cleared.")
                .allow(Scope("notes:write"))
                .creates("/notes/{id}")
                .rest(POST, "/notes"),
        )
        .add(
            SelectorSpec::from_fn("notes.get", get)
                .title("Read a note")
                .allow(Anyone)
                .rest(GET, "/notes/{id}")
                .rest(GET, "/n/{id}.json"),
        )
        .add(SelectorSpec::from_fn("notes.count", count).allow(Anyone).rest(GET, "/notes/count"))
        .add(ServiceSpec::from_fn("notes.rename", rename).allow(Anyone).rest(PATCH, "/notes/{note}"))
        .add(
            ServiceSpec::from_fn("notes.send", send)
                .description("Send a note.")
                .allow(Anyone)
                .target(target)
                .require("empty", "an empty note cannot be sent", |note: &Note| note.text != "empty")
                .rest(POST, "/notes/{id}/send"),
        )
        .add(ServiceSpec::from_fn("notes.clear", clear).allow(Authenticated).rest(DELETE, "/notes"))
        .add(SelectorSpec::from_fn("echo", echo).allow(Anyone).rest(GET, "/echo"))
        .add(SelectorSpec::from_fn("whoami", whoami).allow(Authenticated).rest(GET, "/whoami"))
        .add(ServiceSpec::from_fn("trees.plant", plant).allow(Anyone).rest(PUT, "/trees"))
        .add(SelectorSpec::from_fn("trees.forest", forest).allow(Anyone).rest(GET, "/trees"))
        .add(
            SelectorSpec::from_fn("notes.text", text)
                .allow(Anyone)
                .mime_type("text/plain")
                .rest(GET, "/notes/{id}.txt"),
        )
        .add(
            SelectorSpec::from_fn("notes.pdf", pdf)
                .allow(Anyone)
                .mime_type("application/pdf")
                .tool(false)
                .rest(GET, "/notes.pdf"),
        )
        .add(SelectorSpec::from_fn("notes.sketch", sketch).allow(Anyone).rest(GET, "/notes/sketch"))
        .add(SelectorSpec::from_fn("explode", explode).allow(Anyone).rest(GET, "/explode"))
        .add(SelectorSpec::from_fn("favourite", favourite).allow(Anyone).rest(GET, "/favourite"))
        .add(ServiceSpec::from_fn("wait", wait).allow(Anyone).rest(POST, "/wait"))
}

/// A running server; stopped when it is dropped.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    /// A call of `wait` has written.
    pub(crate) started: mpsc::Receiver<()>,
    /// A call of `wait` is no more.
    pub(crate) dropped: mpsc::Receiver<()>,
    /// Lets a call of `wait` through.
    pub(crate) open: Arc<Notify>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
    file: PathBuf,
}

pub(crate) fn settings() -> HttpSettings {
    HttpSettings { workers: Some(2), ..HttpSettings::default() }
}

/// An engine on a database of its own.
pub(crate) async fn engine(file: &std::path::Path, gate: Gate) -> Engine {
    let db = Db::connect(&format!("sqlite://{}", file.display())).await.unwrap();
    let mut tx = db.begin().await.unwrap();
    query("CREATE TABLE IF NOT EXISTS notes (id INTEGER PRIMARY KEY, text TEXT NOT NULL)")
        .execute(&mut tx)
        .await
        .unwrap();
    tx.commit().await.unwrap();
    Engine::builder(db).operations(operations()).state(gate).build().unwrap()
}

pub(crate) fn gate() -> (Gate, mpsc::Receiver<()>, mpsc::Receiver<()>, Arc<Notify>) {
    let ((started, has_started), (dropped, was_dropped)) = (mpsc::channel(), mpsc::channel());
    let open = Arc::new(Notify::new());
    (Gate { started, dropped, open: Arc::clone(&open) }, has_started, was_dropped, open)
}

pub(crate) fn file() -> PathBuf {
    std::env::temp_dir().join(format!("diptych-{}.db", uuid::Uuid::new_v4().simple()))
}

impl Server {
    pub(crate) fn start() -> Self {
        Self::with(settings())
    }

    pub(crate) fn with(settings: HttpSettings) -> Self {
        Self::asking(settings, None)
    }

    /// With an authenticator in place of that for development.
    pub(crate) fn asking(settings: HttpSettings, authenticator: Option<Arc<dyn Authenticator>>) -> Self {
        let (gate, started, dropped, open) = gate();
        let (stop, stopped) = oneshot::channel();
        let (tell, told) = mpsc::channel();
        let file = file();
        let at = file.clone();
        let thread = std::thread::spawn(move || {
            System::new().block_on(async move {
                let engine = engine(&at, gate).await;
                let tokens = authenticator.unwrap_or_else(|| Arc::new(DevelopmentTokens::of(&engine)));
                let http = Http::new(engine, Settings::new("notes", "1.0.0"), settings, tokens);
                let listener = Listener::bind(http.clone(), "127.0.0.1:0".parse().unwrap()).unwrap();
                tell.send(listener.address()).unwrap();
                let configure = move |config: &mut web::ServiceConfig| {
                    // A route of the application's own, under the prefix, before it.
                    config.route("/api/own", web::get().to(|| async { "own" }));
                    config.configure(http.rest("/api"));
                    config.configure(http.openapi("/openapi.json", "/api"));
                    config.configure(http.mcp("/mcp"));
                    config.service(web::scope("/v/{tenant}").configure(http.rest("/api/")));
                };
                listener.serve(configure, async { drop(stopped.await) }).await.unwrap();
            });
        });
        let address = told.recv().unwrap();
        Self { address, started, dropped, open, stop: Some(stop), thread: Some(thread), file }
    }

    /// A request with `Host` and `Connection: close`, and a JSON body if there is one.
    pub(crate) fn send(&self, method: &str, path: &str, fields: &[(&str, &str)], body: Option<&str>) -> Response {
        client::raw(self.address, self.request(method, path, fields, body).as_bytes())
    }

    pub(crate) fn request(&self, method: &str, path: &str, fields: &[(&str, &str)], body: Option<&str>) -> String {
        let mut text = format!("{method} {path} HTTP/1.1\r\nConnection: close\r\n");
        let given = |name: &str| fields.iter().any(|(own, _)| own.eq_ignore_ascii_case(name));
        if !given("host") {
            text.push_str(&format!("Host: {}\r\n", self.address));
        }
        for (name, value) in fields {
            text.push_str(&format!("{name}: {value}\r\n"));
        }
        if let Some(body) = body {
            if !given("content-type") {
                text.push_str("Content-Type: application/json\r\n");
            }
            text.push_str(&format!("Content-Length: {}\r\n", body.len()));
        }
        text + "\r\n" + body.unwrap_or_default()
    }

    pub(crate) fn get(&self, path: &str) -> Response {
        self.send("GET", path, &[], None)
    }

    /// By a user with every scope.
    pub(crate) fn add(&self, text: &str) -> Response {
        let body = format!(r#"{{"text": "{text}"}}"#);
        self.send("POST", "/api/notes", &[("Authorization", "Bearer ann")], Some(&body))
    }

    pub(crate) fn count(&self) -> i64 {
        self.get("/api/notes/count").body.parse().unwrap()
    }

    /// Asks the server to stop, and does not wait.
    pub(crate) fn ask_to_stop(&mut self) {
        let _ = self.stop.take().map(|stop| stop.send(()));
    }

    /// Waits until it has stopped.
    pub(crate) fn join(&mut self) {
        if let Some(thread) = self.thread.take() {
            thread.join().unwrap();
        }
    }

    /// The notes in the database of a server that has stopped.
    pub(crate) fn left(&self) -> i64 {
        let url = format!("sqlite://{}", self.file.display());
        System::new().block_on(async {
            let db = Db::connect(&url).await.unwrap();
            let count = query_scalar("SELECT count(*) FROM notes").one(&mut db.read().await.unwrap()).await.unwrap();
            db.close().await;
            count
        })
    }

    pub(crate) fn wait_for(signal: &mpsc::Receiver<()>) {
        signal.recv_timeout(Duration::from_secs(20)).expect("it never happened");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.ask_to_stop();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
        for suffix in ["", "-wal", "-shm"] {
            let _ = std::fs::remove_file(format!("{}{suffix}", self.file.display()));
        }
    }
}
