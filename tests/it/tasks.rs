//! Tasks between processes: who works on them, what is left when a worker dies, and that an effect happens once.
//!
//! A process is an engine with connections and a runtime of its own, on a database that others use, too.

use crate::counter::{EVERY, create_table, insert, numbers};
use diptych::{
    Anyone, Backend, Conn, Db, Engine, ErrorKind, Operations, Principal, Result, SelectorSpec, ServiceSpec, State, Tx,
};
use diptych::{MCPServer, Settings, Task, TaskSettings, query, query_scalar};
use diptych_examples::invoices;
use diptych_pipeline::{Caller, NewTask, Surface, TaskState, TaskStatus, Via};
use diptych_spec::{AnswerValue, Args};
use diptych_testkit::{RunningServer, Surface as Over, SurfaceClient, TestDatabase};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;
use tokio::{runtime::Runtime, sync::Notify};

#[derive(Deserialize, JsonSchema)]
struct Number {
    n: i64,
}

/// Where the operations of a process wait.
#[derive(Clone)]
enum Gate {
    Open,
    /// Until the task is stopped.
    Closed(Arc<Notify>),
    /// Until it is opened, once for each run.
    Held(Arc<Notify>, Arc<Notify>),
}

async fn add(tx: &mut Tx, Args(Number { n }): Args<Number>, gate: State<Gate>) -> Result<i64> {
    insert(tx, n).await?;
    pass(&gate).await;
    Ok(n)
}

async fn read(_: &mut Conn, Args(Number { n }): Args<Number>, gate: State<Gate>) -> Result<AnswerValue<i64>> {
    pass(&gate).await;
    Ok(AnswerValue(n))
}

async fn pass(gate: &Gate) {
    match gate {
        Gate::Open => {}
        Gate::Closed(reached) => {
            reached.notify_one();
            std::future::pending().await
        }
        Gate::Held(reached, go) => {
            reached.notify_one();
            go.notified().await;
        }
    }
}

struct Process {
    engine: Engine,
    runtime: Option<Runtime>,
}

impl Process {
    /// Begins to work on tasks, unless it has no workers.
    async fn start(database: &TestDatabase, gate: Gate, tasks: TaskSettings) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let url = database.url().to_owned();
        let started = async move {
            let db = Db::connect(&url).await.unwrap();
            let short = Task::optional().ttl(Duration::from_secs(60)).max_run(Duration::from_secs(1));
            let operations = Operations::new()
                .add(ServiceSpec::from_fn("add", add).allow(Anyone).task(Task::required()))
                .add(SelectorSpec::from_fn("read", read).allow(Anyone).task(Task::optional()))
                .add(ServiceSpec::from_fn("short", add).allow(Anyone).task(short));
            let settings = Settings { tasks, ..Settings::default() };
            let engine = Engine::builder(db).operations(operations).state(gate).settings(settings).build().unwrap();
            engine.tasks().unwrap().migrate().await.unwrap();
            engine.work_on_tasks();
            engine
        };
        let engine = runtime.spawn(started).await.unwrap();
        Self { engine, runtime: Some(runtime) }
    }

    /// Runs something in the process.
    async fn within<T: Send + 'static, F: Future<Output = T> + Send + 'static>(
        &self,
        work: impl FnOnce(Engine) -> F,
    ) -> T {
        self.runtime.as_ref().unwrap().spawn(work(self.engine.clone())).await.unwrap()
    }

    async fn create(&self, operation: &'static str, n: i64) -> String {
        self.try_create(operation, n).await.unwrap()
    }

    async fn try_create(&self, operation: &'static str, n: i64) -> Result<String> {
        let create = async move |engine: Engine| {
            let arguments = format!("{{\"n\": {n}}}");
            let caller = Caller::new(None, Via::new(Surface::InProcess));
            let new =
                NewTask { caller: &caller, arguments: &arguments, capabilities: &[], answers: Default::default() };
            let created = engine.create_task(engine.operation(operation).unwrap(), new).await;
            created.map(|task| task.id().to_owned())
        };
        self.within(create).await
    }

    async fn get(&self, id: &str) -> Option<TaskState> {
        let id = id.to_owned();
        self.within(async move |engine| engine.tasks().unwrap().get(&id, None).await.unwrap()).await
    }

    async fn cancel(&self, id: &str) -> bool {
        let id = id.to_owned();
        self.within(async move |engine| engine.tasks().unwrap().cancel(&id, None).await.unwrap()).await
    }

    /// The answer, once there is one.
    async fn answer(&self, id: &str) -> String {
        loop {
            match self.get(id).await.unwrap().status() {
                TaskStatus::Finished(Ok(json)) => return json.clone(),
                TaskStatus::Working => tokio::time::sleep(Duration::from_millis(10)).await,
                other => panic!("{other:?}"),
            }
        }
    }

    async fn stop(&self) {
        self.within(async |engine| engine.stop_tasks().await).await;
    }

    /// Is gone from one moment to the next.
    fn kill(mut self) {
        self.runtime.take().unwrap().shutdown_background();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// Quick to take over, so that tests need not wait.
fn quick() -> TaskSettings {
    TaskSettings {
        workers: 2,
        lease: Duration::from_millis(600),
        poll: Duration::from_millis(50),
        ..TaskSettings::default()
    }
}

/// Nobody waits that long for a lease to run out.
fn patient() -> TaskSettings {
    TaskSettings { lease: Duration::from_secs(600), ..quick() }
}

fn without_workers() -> TaskSettings {
    TaskSettings { workers: 0, ..TaskSettings::default() }
}

fn closed() -> (Gate, Arc<Notify>) {
    let reached = Arc::new(Notify::new());
    (Gate::Closed(Arc::clone(&reached)), reached)
}

async fn database(backend: Backend) -> (TestDatabase, Db) {
    let database = TestDatabase::new(backend).await;
    let db = Db::connect(database.url()).await.unwrap();
    create_table(&db).await;
    (database, db)
}

async fn execute(db: &Db, sql: &'static str) {
    let mut tx = db.begin().await.unwrap();
    query(sql).execute(&mut tx).await.unwrap();
    tx.commit().await.unwrap();
}

async fn within_reason<T>(work: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(30), work).await.expect("it gets there")
}

#[tokio::test]
async fn a_killed_worker_is_replaced_and_the_effect_happens_once() {
    for backend in EVERY {
        for (operation, effect) in [("add", vec![7]), ("read", vec![])] {
            let (database, db) = database(backend).await;
            let (gate, reached) = closed();
            let killed = Process::start(&database, gate, quick()).await;
            let id = killed.create(operation, 7).await;
            within_reason(reached.notified()).await;
            killed.kill();
            let other = Process::start(&database, Gate::Open, quick()).await;
            assert_eq!(within_reason(other.answer(&id)).await, "7", "{operation} on {backend}");
            assert_eq!(numbers(&db).await, effect, "{operation} on {backend}");
        }
    }
}

/// On SQLite a service that stands still holds the write lock, so nobody can take its task over meanwhile.
#[tokio::test]
async fn a_worker_that_lost_its_lease_commits_nothing() {
    let (database, db) = database(Backend::Postgres).await;
    // Both workers write the same number: it is the lease, not the key, that keeps one of them out.
    execute(&db, "ALTER TABLE numbers DROP CONSTRAINT numbers_n_key").await;
    let (reached, go) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    // It would notice by itself only after minutes.
    let slow = TaskSettings { workers: 1, ..patient() };
    let stalled = Process::start(&database, Gate::Held(Arc::clone(&reached), Arc::clone(&go)), slow).await;
    let id = stalled.create("add", 7).await;
    within_reason(reached.notified()).await;
    execute(&db, "UPDATE diptych_tasks SET lease_until = 1").await;
    let other = Process::start(&database, Gate::Open, quick()).await;
    assert_eq!(within_reason(other.answer(&id)).await, "7");
    other.stop().await;
    go.notify_one();
    // It begins with the next when it is done with the first.
    stalled.create("add", 8).await;
    within_reason(reached.notified()).await;
    assert_eq!(numbers(&db).await, [7], "the one that was late is rolled back");
    assert_eq!(other.answer(&id).await, "7");
}

#[tokio::test]
async fn each_of_many_tasks_is_done_once_by_two_processes() {
    for backend in EVERY {
        let (database, db) = database(backend).await;
        let front = Process::start(&database, Gate::Open, without_workers()).await;
        let mut ids = Vec::new();
        for n in 0..20 {
            ids.push(front.create("add", n).await);
        }
        let both = [
            Process::start(&database, Gate::Open, patient()).await,
            Process::start(&database, Gate::Open, patient()).await,
        ];
        for (n, id) in ids.iter().enumerate() {
            assert_eq!(within_reason(both[n % 2].answer(id)).await, n.to_string(), "{backend}");
        }
        assert_eq!(numbers(&db).await, (0..20).collect::<Vec<i64>>(), "{backend}");
        let mut conn = db.read().await.unwrap();
        let attempts: Vec<i64> = query_scalar("SELECT attempts FROM diptych_tasks").all(&mut conn).await.unwrap();
        assert_eq!(attempts, [1; 20], "nobody tried one that another had");
    }
}

#[tokio::test]
async fn a_task_is_cancelled_from_any_process() {
    for (backend, operation, elsewhere) in [
        (Backend::Postgres, "add", true),
        (Backend::Postgres, "read", true),
        (Backend::Sqlite, "read", true),
        (Backend::Sqlite, "add", false),
    ] {
        let (database, db) = database(backend).await;
        let (gate, reached) = closed();
        let works = Process::start(&database, gate, quick()).await;
        let other = Process::start(&database, Gate::Open, without_workers()).await;
        let id = other.create(operation, 7).await;
        within_reason(reached.notified()).await;
        let cancels = if elsewhere { &other } else { &works };
        assert!(cancels.cancel(&id).await && cancels.cancel(&id).await, "{operation} on {backend}");
        assert!(matches!(other.get(&id).await.unwrap().status(), TaskStatus::Cancelled));
        // There is a place again when the run has ended: as many tasks as places are begun.
        for n in 0..2 {
            other.create("read", n).await;
            within_reason(reached.notified()).await;
        }
        assert_eq!(numbers(&db).await, [0i64; 0], "{operation} on {backend}");
    }
}

#[tokio::test]
async fn a_server_that_stops_gives_its_tasks_back() {
    for backend in EVERY {
        for (operation, effect) in [("add", vec![7]), ("read", vec![])] {
            let (database, db) = database(backend).await;
            let (gate, reached) = closed();
            let stops = Process::start(&database, gate, patient()).await;
            let id = stops.create(operation, 7).await;
            within_reason(reached.notified()).await;
            within_reason(stops.stop()).await;
            assert!(matches!(stops.get(&id).await.unwrap().status(), TaskStatus::Working));
            let other = Process::start(&database, Gate::Open, patient()).await;
            assert_eq!(within_reason(other.answer(&id)).await, "7", "{operation} on {backend}");
            assert_eq!(numbers(&db).await, effect, "{operation} on {backend}");
        }
    }
}

#[tokio::test]
async fn a_task_expires_and_is_removed() {
    for backend in EVERY {
        let (database, db) = database(backend).await;
        let (gate, reached) = closed();
        let works = Process::start(&database, gate, quick()).await;
        let id = works.create("short", 7).await;
        within_reason(reached.notified()).await;
        assert_eq!(works.get(&id).await.unwrap().ttl_ms(), 60_000);
        execute(&db, "UPDATE diptych_tasks SET expires_at = 1").await;
        assert!(works.get(&id).await.is_none() && !works.cancel(&id).await);
        works.kill();
        let _other = Process::start(&database, Gate::Open, quick()).await;
        within_reason(async {
            loop {
                let mut conn = db.read().await.unwrap();
                let left: i64 = query_scalar("SELECT COUNT(*) FROM diptych_tasks").one(&mut conn).await.unwrap();
                if left == 0 {
                    return;
                }
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        })
        .await;
        assert_eq!(numbers(&db).await, [0i64; 0], "{backend}");
    }
}

#[tokio::test]
async fn what_is_kept_of_the_tasks_of_a_caller_is_bounded() {
    for backend in EVERY {
        let (database, db) = database(backend).await;
        // `{"n": 1000007}`, `{}` and `1000007`.
        let process = Process::start(&database, Gate::Open, TaskSettings { max_kept_bytes: 20, ..quick() }).await;
        let id = process.create("read", 1_000_007).await;
        assert_eq!(within_reason(process.answer(&id)).await, "1000007");
        let refused = process.try_create("read", 1_000_007).await.unwrap_err();
        assert_eq!((refused.kind(), refused.code()), (ErrorKind::RateLimited, "too_many_tasks"), "{backend}");
        execute(&db, "UPDATE diptych_tasks SET expires_at = 1").await;
        process.create("read", 7).await;
    }
}

#[tokio::test]
async fn a_task_that_kills_its_workers_is_given_up() {
    for backend in EVERY {
        let (database, db) = database(backend).await;
        let front = Process::start(&database, Gate::Open, without_workers()).await;
        let id = front.create("add", 7).await;
        execute(&db, "UPDATE diptych_tasks SET attempts = 5").await;
        let works = Process::start(&database, Gate::Open, quick()).await;
        within_reason(async {
            loop {
                match works.get(&id).await.unwrap().status() {
                    TaskStatus::Finished(Err(error)) => return assert_eq!(error.code(), "internal"),
                    TaskStatus::Working => tokio::time::sleep(Duration::from_millis(10)).await,
                    other => panic!("{other:?}"),
                }
            }
        })
        .await;
        assert_eq!(numbers(&db).await, [0i64; 0], "{backend}");
    }
}

#[tokio::test]
async fn a_task_is_not_there_for_somebody_else() {
    for backend in EVERY {
        let (database, _db) = database(backend).await;
        let front = Process::start(&database, Gate::Open, without_workers()).await;
        let id = front.create("add", 7).await;
        let somebody = Principal::new("https://id.example", "bob", ["any"]).unwrap();
        let looked = front.within(async move |engine: Engine| {
            let (tasks, who) = (engine.tasks().unwrap(), Some(&somebody));
            let answered = tasks.answer(&id, who, Default::default()).await.unwrap();
            (tasks.get(&id, who).await.unwrap().is_some(), answered, tasks.cancel(&id, who).await.unwrap())
        });
        assert_eq!(looked.await, (false, false, false), "{backend}");
    }
}

#[tokio::test]
async fn the_table_is_there_only_for_tasks_and_apart_from_the_migrations_of_the_application() {
    for backend in EVERY {
        let (database, db) = database(backend).await;
        let none =
            Engine::builder(db.clone()).operations(crate::counter::operations()).state(crate::counter::Gate::default());
        assert!(none.build().unwrap().tasks().is_none());
        // Twice, and at the same time.
        let starts = || Process::start(&database, Gate::Open, without_workers());
        let (_one, _two) = tokio::join!(starts(), starts());
        let mut conn = db.read().await.unwrap();
        let applied: i64 = query_scalar("SELECT COUNT(*) FROM _diptych_migrations").one(&mut conn).await.unwrap();
        assert_eq!(applied, 3, "{backend}");
        drop(conn);
        diptych_examples::invoices::migrations().run(&db).await.unwrap();
    }
}

/// The example's export, over HTTP: what the builder starts, and stops.
#[tokio::test]
async fn a_server_works_on_its_tasks() {
    for backend in EVERY {
        let database = TestDatabase::new(backend).await;
        let builder = MCPServer::builder("invoices", "1")
            .database_url(database.url())
            .migrations(invoices::migrations())
            .state(invoices::Limits { max_cents: 1_000 })
            .mount(invoices::operations())
            .outbox(invoices::outbox())
            .on_start(invoices::seed);
        let server = RunningServer::start(builder).await;
        let ann = SurfaceClient::over(&server, Over::McpStateless, Some("ann")).await;
        let call = async |method: &str, mut params: Value| {
            params["_meta"] = json!({
                "io.modelcontextprotocol/protocolVersion": "2026-07-28",
                "io.modelcontextprotocol/clientCapabilities": {"extensions": {"io.modelcontextprotocol/tasks": {}}},
            });
            ann.request(method, params).await.unwrap_or_else(|error| panic!("{error:#}"))
        };
        let created = call("tools/call", json!({"name": "reports.export"})).await;
        assert_eq!(created["resultType"], "task", "{created:#}");
        let id = created["taskId"].as_str().unwrap();
        let done = within_reason(async {
            loop {
                let task = call("tasks/get", json!({"taskId": id})).await;
                if task["status"] != "working" {
                    return task;
                }
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        });
        let done = done.await;
        let text = done["result"]["content"][0]["text"].as_str().unwrap_or_else(|| panic!("{done:#}"));
        assert!(text.starts_with("number,status,due_on,amount_cents,paid_cents\r\n"), "{text}");
        assert!(text.lines().count() > 5, "{text}");
    }
}
