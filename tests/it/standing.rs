//! Callers who may not act any more: what they have open ends within a bounded time.

use crate::counter::{Backend, EVERY, Gate, create_table, numbers};
use crate::streams::{add, slow, yes};
use diptych::{
    Anyone, ApiKeys, Authenticated, Authenticator, Credentials, Db, Error, MCPServer, MCPServerBuilder, NewApiKey,
    Operations, POST, Principal, Result, SelectorSpec, ServiceSpec, Task, TaskSettings,
};
use diptych_testkit::{Answered, EventStream, HttpReply, RunningServer, Surface, SurfaceClient, TestDatabase, request};
use serde_json::{Value, json};
use std::future::{Future, ready};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, SystemTime};

/// What a directory says of everybody.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Says {
    Active,
    Inactive,
    Nothing,
}

/// The bearer token is the user; `brief` expires soon after it was let in.
#[derive(Clone, Default)]
struct Directory {
    inactive: Arc<AtomicBool>,
    down: Arc<AtomicBool>,
    asked: Arc<AtomicUsize>,
}

impl Directory {
    fn says(&self, says: Says) {
        self.down.store(says == Says::Nothing, Ordering::SeqCst);
        self.inactive.store(says == Says::Inactive, Ordering::SeqCst);
    }

    /// Until it was asked so many times more.
    async fn asked(&self, times: usize) {
        let until = self.asked.load(Ordering::SeqCst) + times;
        while self.asked.load(Ordering::SeqCst) < until {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

type Answer<'a, T> = Pin<Box<dyn Future<Output = Result<T>> + Send + 'a>>;

impl Authenticator for Directory {
    fn authenticate<'a>(&'a self, headers: &'a Credentials<'a>) -> Answer<'a, Option<Principal>> {
        let principal = headers.bearer().map(|token| {
            let token = token?;
            let principal = Principal::new("directory", token, [] as [&str; 0])?;
            // Long enough for a slow machine to open a stream.
            let soon = SystemTime::now() + Duration::from_secs(2);
            Ok(if token == "brief" { principal.with_expiry(soon) } else { principal })
        });
        Box::pin(ready(principal.transpose()))
    }

    fn is_active<'a>(&'a self, principal: &'a Principal) -> Answer<'a, bool> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        let expired = principal.expires_at().is_some_and(|end| end <= SystemTime::now());
        Box::pin(ready(match self.down.load(Ordering::SeqCst) {
            true => Err(Error::internal("the directory is down")),
            false => Ok(!expired && !self.inactive.load(Ordering::SeqCst)),
        }))
    }
}

/// What the client says of itself in each request of the new era.
fn meta() -> Value {
    json!({
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientCapabilities": {"extensions": {"io.modelcontextprotocol/tasks": {}}},
        "progressToken": "p",
    })
}

struct World {
    server: RunningServer,
    directory: Directory,
    gate: Gate,
    /// Whether `guarded://all` may be read.
    open: Arc<AtomicBool>,
    db: Db,
    _database: TestDatabase,
}

impl World {
    async fn on(backend: Backend) -> Self {
        Self::with(backend, |builder| builder).await
    }

    async fn with(backend: Backend, more: impl FnOnce(MCPServerBuilder) -> MCPServerBuilder) -> Self {
        let database = TestDatabase::new(backend).await;
        let db = Db::connect(database.url()).await.unwrap();
        create_table(&db).await;
        let (gate, directory, open) = (Gate::default(), Directory::default(), Arc::new(AtomicBool::new(true)));
        let is_open = Arc::clone(&open);
        let guard = move |_: Option<&Principal>| is_open.load(Ordering::SeqCst);
        let minute = Duration::from_secs(60);
        let add = ServiceSpec::from_fn("add", add).allow(Anyone).rest(POST, "/numbers");
        let operations = Operations::new()
            .add(ServiceSpec::from_fn("slow", slow).allow(Authenticated).deadline(minute))
            .add(ServiceSpec::from_fn("work", slow).allow(Authenticated).task(Task::required().max_run(minute)))
            .add(add.changes("guarded://all").changes("numbers://all"))
            .add(SelectorSpec::from_fn("guarded", yes).allow(guard).resource("guarded://all"))
            .add(SelectorSpec::from_fn("all", yes).allow(Authenticated).resource("numbers://all"));
        let builder = MCPServer::builder("standing", "1").database(db.clone()).state(gate.clone()).mount(operations);
        let builder = builder.auth(directory.clone()).standing_interval(Duration::from_millis(30));
        let server = RunningServer::start(more(builder)).await;
        Self { server, directory, gate, open, db, _database: database }
    }

    async fn open(&self, user: &str, headers: &[(&str, &str)], body: &Value) -> EventStream {
        let authorization = format!("Bearer {user}");
        let mut all = vec![("Authorization", &*authorization), ("Content-Type", "application/json")];
        all.push(("Accept", "application/json, text/event-stream"));
        all.extend_from_slice(headers);
        EventStream::open(self.server.socket(), "POST", "/mcp", &all, &body.to_string()).await
    }

    async fn modern(&self, user: &str, method: &str, mut params: Value) -> EventStream {
        params["_meta"] = meta();
        let name = params["name"].as_str().or(params["taskId"].as_str()).unwrap_or_default().to_owned();
        let headers = [("MCP-Protocol-Version", "2026-07-28"), ("Mcp-Method", method), ("Mcp-Name", &*name)];
        let headers = if name.is_empty() { &headers[..2] } else { &headers };
        self.open(user, headers, &json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params})).await
    }

    /// A stream that tells changes, and has begun to.
    async fn listen(&self, user: &str, uris: &[&str]) -> EventStream {
        let wanted = json!({"notifications": {"resourceSubscriptions": uris}});
        let mut stream = self.modern(user, "subscriptions/listen", wanted).await;
        let first = stream.next().await.unwrap().json();
        assert_eq!(first["params"]["notifications"]["resourceSubscriptions"], json!(uris), "{first:#}");
        stream
    }

    async fn session(&self, user: &str) -> String {
        let params =
            json!({"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "it", "version": "0"}});
        let body = json!({"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": params});
        self.open(user, &[], &body).await.headers.remove("mcp-session-id").unwrap()
    }

    /// The stream of a session.
    async fn get(&self, user: &str, session: &str) -> EventStream {
        let authorization = format!("Bearer {user}");
        let headers = [
            ("Authorization", &*authorization),
            ("Accept", "text/event-stream"),
            ("Mcp-Session-Id", session),
            ("MCP-Protocol-Version", "2025-11-25"),
        ];
        let mut stream = EventStream::open(self.server.socket(), "GET", "/mcp", &headers, "").await;
        assert_eq!((stream.status, stream.next().await.unwrap().data), (200, String::new()));
        stream
    }

    /// The status of a ping in a session.
    async fn ping(&self, user: &str, session: &str) -> u16 {
        let headers = [("Mcp-Session-Id", session), ("MCP-Protocol-Version", "2025-11-25")];
        self.open(user, &headers, &json!({"jsonrpc": "2.0", "id": 5, "method": "ping"})).await.status
    }

    async fn add(&self, n: i64) -> HttpReply {
        let headers = [("Content-Type", "application/json")];
        let body = json!({"n": n}).to_string();
        request(self.server.socket(), "POST", "/api/numbers", &headers, Some(&body)).await
    }

    /// The result of a request of ann's, or the error.
    async fn ann(&self, method: &str, mut params: Value) -> Answered {
        params["_meta"] = meta();
        SurfaceClient::over(&self.server, Surface::McpStateless, Some("ann")).await.request(method, params).await
    }

    async fn task(&self, id: &str) -> Value {
        self.ann("tasks/get", json!({"taskId": id})).await.unwrap_or_default()
    }

    async fn begin_task(&self, n: i64) -> String {
        let params = json!({"name": "work", "arguments": {"n": n}});
        let created = self.ann("tools/call", params).await.unwrap();
        created["taskId"].as_str().unwrap_or_else(|| panic!("{created:#}")).to_owned()
    }

    /// The task, once nobody works on it. While the directory says that its owner may not act, asking for it may be refused, too.
    async fn ended(&self, id: &str) -> Value {
        within_reason(async {
            loop {
                let task = self.task(id).await;
                if task["status"].as_str().is_some_and(|status| status != "working") {
                    return task;
                }
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        })
        .await
    }
}

async fn within_reason<T>(work: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(20), work).await.expect("within a bounded time")
}

/// Everything up to the end.
async fn rest(mut stream: EventStream) -> Vec<Value> {
    within_reason(async {
        let mut read = Vec::new();
        while let Some(event) = stream.next().await {
            if !event.data.is_empty() {
                read.push(event.json());
            }
        }
        read
    })
    .await
}

fn is_refusal(message: &Value) -> bool {
    message["error"]["data"]["code"] == "invalid_token"
}

/// Whether that is all that came.
fn is_refused(messages: &[Value]) -> bool {
    messages.len() == 1 && is_refusal(&messages[0])
}

#[tokio::test]
async fn streams_and_calls_end_and_what_runs_is_rolled_back() {
    for backend in EVERY {
        for old in [false, true] {
            let world = World::on(backend).await;
            let listening = world.listen("ann", &["numbers://all"]).await;
            let session = world.session("ann").await;
            let general = world.get("ann", &session).await;
            let params = json!({"name": "slow", "arguments": {"n": 7}, "_meta": {"progressToken": 1}});
            let mut running = if old {
                let headers = [("Mcp-Session-Id", &*session), ("MCP-Protocol-Version", "2025-11-25")];
                let call = json!({"jsonrpc": "2.0", "id": 9, "method": "tools/call", "params": params});
                world.open("ann", &headers, &call).await
            } else {
                world.modern("ann", "tools/call", params).await
            };
            while running.next().await.unwrap().data.is_empty() {}
            world.gate.reached.notified().await;
            assert_eq!(world.ping("ann", &session).await, 200);
            world.directory.says(Says::Inactive);
            let last = rest(listening).await;
            assert!(is_refused(&last), "{backend} {last:?}");
            assert_eq!(rest(general).await, [] as [Value; 0]);
            let last = rest(running).await;
            // What ends the session first leaves the call without an answer.
            assert!(last.iter().all(is_refusal) && (old || last.len() == 1), "{backend} {old} {last:?}");
            assert_eq!(world.ping("ann", &session).await, 404, "{backend}: the session has ended");
            // The place of what was rolled back is free: nothing has to be let go.
            assert_eq!(world.add(7).await.status, 200, "{backend}");
            assert_eq!(numbers(&world.db).await, [7], "{backend}");
        }
    }
}

#[tokio::test]
async fn while_it_cannot_be_told_everything_stays() {
    let world = World::on(Backend::Sqlite).await;
    world.directory.says(Says::Nothing);
    let mut listening = world.listen("ann", &["numbers://all"]).await;
    let session = world.session("ann").await;
    let mut general = world.get("ann", &session).await;
    within_reason(world.directory.asked(6)).await;
    assert_eq!(world.add(1).await.status, 200);
    assert_eq!(listening.next().await.unwrap().json()["method"], "notifications/resources/updated");
    world.directory.says(Says::Active);
    within_reason(world.directory.asked(6)).await;
    assert_eq!((world.add(2).await.status, world.ping("ann", &session).await), (200, 200));
    assert_eq!(listening.next().await.unwrap().json()["method"], "notifications/resources/updated");
    world.directory.says(Says::Inactive);
    assert!(is_refused(&rest(listening).await));
    assert_eq!(within_reason(general.next()).await, None);
}

#[tokio::test]
async fn streams_end_with_the_credentials_and_the_session_waits_for_new_ones() {
    let world = World::with(Backend::Sqlite, |builder| builder.standing_interval(Duration::from_secs(600))).await;
    let listening = world.listen("brief", &["numbers://all"]).await;
    assert!(is_refused(&rest(listening).await));
    let session = world.session("brief").await;
    let general = world.get("brief", &session).await;
    assert_eq!(rest(general).await, [] as [Value; 0]);
    assert_eq!(world.ping("brief", &session).await, 200);
}

#[tokio::test]
async fn a_resource_that_may_not_be_used_any_more_is_not_told_of() {
    let world = World::on(Backend::Sqlite).await;
    let mut listening = world.listen("ann", &["guarded://all", "numbers://all"]).await;
    let mut told = async || listening.next().await.unwrap().json()["params"]["uri"].as_str().unwrap().to_owned();
    assert_eq!(world.add(1).await.status, 200);
    assert_eq!((told().await, told().await), ("guarded://all".to_owned(), "numbers://all".to_owned()));
    world.open.store(false, Ordering::SeqCst);
    assert_eq!(world.add(2).await.status, 200);
    assert_eq!(told().await, "numbers://all");
    world.open.store(true, Ordering::SeqCst);
    assert_eq!(world.add(3).await.status, 200);
    assert_eq!((told().await, told().await), ("guarded://all".to_owned(), "numbers://all".to_owned()));
}

#[tokio::test]
async fn a_task_is_rolled_back_and_fails_and_one_that_waits_is_not_begun() {
    for backend in EVERY {
        let world = World::with(backend, |builder| {
            let tasks = TaskSettings { workers: 1, poll: Duration::from_millis(20), ..TaskSettings::default() };
            // Time enough to ask for a task in between.
            let interval = Duration::from_millis(200);
            builder.settings(diptych::Settings { tasks, standing_interval: interval, ..diptych::Settings::default() })
        })
        .await;
        // The only worker is busy with the first.
        let running = world.begin_task(7).await;
        world.gate.reached.notified().await;
        let waiting = world.begin_later(8).await;
        world.directory.says(Says::Nothing);
        within_reason(world.directory.asked(3)).await;
        assert_eq!(world.task(&running).await["status"], "working", "{backend}");
        world.directory.says(Says::Inactive);
        for task in [Some(&running), waiting.as_ref()].into_iter().flatten() {
            let ended = world.ended(task).await;
            assert_eq!((&ended["status"], is_refusal(&ended)), (&json!("failed"), true), "{backend} {ended:#}");
            assert!(ended["error"]["message"].as_str().unwrap().contains("nothing was changed"), "{ended:#}");
        }
        assert_eq!(numbers(&world.db).await, [] as [i64; 0], "{backend}");
        world.directory.says(Says::Active);
        let again = world.begin_task(7).await;
        world.gate.reached.notified().await;
        world.gate.go.notify_one();
        assert_eq!(world.ended(&again).await["status"], "completed", "{backend}");
        assert_eq!(numbers(&world.db).await, [7], "{backend}");
    }
}

impl World {
    /// On SQLite a task that runs has the one connection that writes, so that none can be added.
    async fn begin_later(&self, n: i64) -> Option<String> {
        if self.db.backend() == Backend::Sqlite {
            return None;
        }
        Some(self.begin_task(n).await)
    }
}

#[tokio::test]
async fn a_revoked_key_loses_its_stream() {
    for backend in EVERY {
        let keys = ApiKeys::new();
        // The directory takes any token, so the keys come first.
        let database = TestDatabase::new(backend).await;
        let db = Db::connect(database.url()).await.unwrap();
        let all = SelectorSpec::from_fn("all", yes).allow(Authenticated).resource("numbers://all");
        let builder = MCPServer::builder("keys", "1").database(db.clone()).mount(Operations::new().add(all));
        let builder = builder.auth(keys.clone()).auth(Directory::default());
        let server = RunningServer::start(builder.standing_interval(Duration::from_millis(30))).await;
        let create = async |name: &str| {
            let mut tx = db.begin().await.unwrap();
            let (key, secret) = keys.create(&mut tx, NewApiKey::new(name)).await.unwrap();
            tx.commit().await.unwrap();
            (key.id, secret.expose().to_owned())
        };
        let ((id, key), (_, other)) = (create("ci").await, create("ci").await);
        let world = World {
            server,
            directory: Directory::default(),
            gate: Gate::default(),
            open: Arc::default(),
            db: db.clone(),
            _database: database,
        };
        let lost = world.listen(&key, &["numbers://all"]).await;
        let mut kept = world.listen(&other, &["numbers://all"]).await;
        let mut tx = db.begin().await.unwrap();
        assert!(keys.revoke(&mut tx, &id).await.unwrap());
        tx.commit().await.unwrap();
        assert!(is_refused(&rest(lost).await), "{backend}");
        // The other key of the same account goes on: it ends with the server, and not by a refusal.
        let World { server, .. } = world;
        let stopped = tokio::task::spawn_blocking(move || drop(server));
        assert_eq!(kept.next().await.unwrap().json()["result"]["resultType"], "complete", "{backend}");
        stopped.await.unwrap();
    }
}
