//! The audit trail: what is in it after calls over every surface, that nothing happens without it, and what it leaves out. How it
//! is read and kept is in `trail.rs`.

use crate::counter::{EVERY, Gate, Number, call, create_table, numbers, operations};
use actix_web::HttpResponse;
use diptych::{
    Anyone, Audit, AuditEntry, Authenticated, Backend, Conn, Db, Engine, Exposed, GET, Input, MCPServer,
    MCPServerBuilder, Operations, POST, Result, Scope, SelectorSpec, ServiceSpec, State, Task, Tx, query, query_as,
    query_scalar,
};
use diptych_pipeline::{Caller, OnDisconnect, TaskStatus, Via};
use diptych_spec::{AnswerValue, Args};
use diptych_testkit::{DelayProxy, RunningServer, Surface, SurfaceClient, TestDatabase, request};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};
use std::time::Duration;
use validator::Validate;

pub(crate) const SCOPES: [&str; 2] = ["accounts:write", "audit:read"];

#[derive(Deserialize, JsonSchema, Validate)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "only what is recorded of it matters")]
pub(crate) struct NewAccount {
    #[validate(length(min = 1, max = 20))]
    name: String,
    #[serde(default)]
    password: String,
    #[serde(default)]
    #[schemars(extend("writeOnly" = true))]
    pin: String,
    note: Option<String>,
}

pub(crate) async fn open_account(tx: &mut Tx, Input(new): Input<NewAccount>) -> Result<()> {
    query("INSERT INTO accounts (name) VALUES ($1)").bind(&new.name).execute(tx).await.map(drop)
}

async fn names(conn: &mut Conn) -> Result<AnswerValue<Vec<String>>> {
    query_scalar("SELECT name FROM accounts ORDER BY name").all(conn).await.map(AnswerValue)
}

async fn legacy() -> HttpResponse {
    HttpResponse::Ok().json(1)
}

pub(crate) async fn table_of_accounts(db: Db) -> Result<()> {
    let mut tx = db.begin().await?;
    query("CREATE TABLE IF NOT EXISTS accounts (name VARCHAR(200) PRIMARY KEY)").execute(&mut tx).await?;
    tx.commit().await
}

fn accounts() -> Operations {
    Operations::new()
        .add(ServiceSpec::from_fn("accounts.open", open_account).allow(Scope("accounts:write")).rest(POST, "/accounts"))
        .add(
            ServiceSpec::from_fn("accounts.import", open_account).allow(Scope("accounts:write")).task(Task::required()),
        )
        .add(SelectorSpec::from_fn("accounts.list", names).allow(Anyone).rest(GET, "/accounts"))
        .add(Audit::selector().allow(Scope("audit:read")).rest(GET, "/audit"))
}

pub(crate) fn application(database: &TestDatabase, audit: Audit) -> MCPServerBuilder {
    MCPServer::builder("accounts", "1.0.0")
        .database_url(database.url())
        .on_start(table_of_accounts)
        .audit(audit)
        .mount(accounts())
        .expose(Exposed::new("legacy.touch", "Touches.", legacy).method(POST).allow(Authenticated))
}

/// The trail as it is in the database, oldest call first.
pub(crate) async fn trail(db: &Db) -> Vec<AuditEntry> {
    query_as("SELECT * FROM diptych_audit ORDER BY id").all(&mut db.read().await.unwrap()).await.unwrap()
}

async fn trail_of(database: &TestDatabase) -> Vec<AuditEntry> {
    let db = Db::connect(database.url()).await.unwrap();
    let rows = trail(&db).await;
    db.close().await;
    rows
}

fn outcomes(rows: &[AuditEntry]) -> Vec<(&str, &str, &str)> {
    rows.iter().map(|row| (&*row.operation, &*row.outcome, &*row.code)).collect()
}

/// An engine of the numbers, with a trail.
pub(crate) async fn engine(backend: Backend, audit: Audit) -> (Engine, Gate, TestDatabase) {
    let database = TestDatabase::new(backend).await;
    let db = Db::connect(database.url()).await.unwrap();
    create_table(&db).await;
    let gate = Gate::default();
    let engine = Engine::builder(db).operations(operations()).state(gate.clone()).audit(audit).build().unwrap();
    engine.migrate_audit().await.unwrap();
    (engine, gate, database)
}

#[tokio::test]
async fn every_surface_is_recorded_with_who_called_what() {
    for backend in EVERY {
        let database = TestDatabase::new(backend).await;
        let running = RunningServer::start(application(&database, Audit::new())).await;
        let server = application(&database, Audit::new()).build().await.unwrap();
        for (surface, user) in [
            (Surface::Rest, "rest"),
            (Surface::McpSession, "old"),
            (Surface::McpStateless, "new"),
            (Surface::InProcess, "here"),
            (Surface::Stdio, "pipe"),
        ] {
            let caller = match surface {
                Surface::InProcess => SurfaceClient::in_process(server.client(), Some(user), &SCOPES),
                Surface::Stdio => SurfaceClient::stdio(&server, Some(user), &SCOPES),
                _ => SurfaceClient::over(&running, surface, Some(user)).await,
            };
            caller.call("accounts.open", json!({"name": user, "password": "hunter2", "pin": "0000"})).await.unwrap();
            // What reads is not recorded.
            caller.call("accounts.list", json!({})).await.unwrap();
        }
        server.engine().stop_audit().await;
        drop(running);
        let rows = trail_of(&database).await;
        let seen: Vec<_> = rows.iter().map(|row| (&*row.subject, &*row.surface, &*row.mount, &*row.address)).collect();
        let expected = [
            ("rest", "rest", "", "127.0.0.1"),
            ("old", "mcp", "", "127.0.0.1"),
            ("new", "mcp", "", "127.0.0.1"),
            ("here", "in_process", "", ""),
            ("pipe", "mcp", "", ""),
        ];
        assert_eq!(seen, expected, "{backend}");
        for row in &rows {
            assert_eq!((&*row.operation, &*row.issuer), ("accounts.open", "development"));
            assert_eq!((&*row.outcome, &*row.code, row.call == row.id), ("committed", "", true));
            let arguments = Value::from(row.arguments.clone().unwrap());
            assert_eq!(arguments, json!({"name": row.subject, "password": "[redacted]", "pin": "[redacted]"}));
            assert!((0..10_000).contains(&row.duration_ms));
            assert!((chrono::Utc::now() - row.at).num_seconds() < 60);
        }
    }
}

#[tokio::test]
async fn there_is_no_effect_without_its_row() {
    for backend in EVERY {
        let (engine, _, _database) = engine(backend, Audit::new()).await;
        call(&engine, "add", "{\"n\": 1}", OnDisconnect::Cancel).await.unwrap();
        let mut tx = engine.db().begin().await.unwrap();
        query("ALTER TABLE diptych_audit RENAME TO elsewhere").execute(&mut tx).await.unwrap();
        tx.commit().await.unwrap();
        let error = call(&engine, "add", "{\"n\": 2}", OnDisconnect::Cancel).await.unwrap_err();
        assert_eq!((error.code(), numbers(engine.db()).await), ("internal", vec![1]), "{backend}");
    }
}

#[tokio::test]
async fn there_is_no_committed_row_without_its_effect() {
    for backend in EVERY {
        let (engine, gate, _database) = engine(backend, Audit::new()).await;
        engine.start_audit();
        for (name, code) in [("fail", "refused"), ("panic", "internal"), ("hang", "deadline")] {
            let error = call(&engine, name, "{\"n\": 1}", OnDisconnect::Cancel).await.unwrap_err();
            assert_eq!(error.code(), code);
        }
        call(&engine, "add", "{\"n\": \"one\"}", OnDisconnect::Cancel).await.unwrap_err();
        call(&engine, "add", "{\"n\": ", OnDisconnect::Cancel).await.unwrap_err();
        // The caller goes away while the service runs, and while nobody may stop it.
        for (on_disconnect, n) in [(OnDisconnect::Cancel, 10), (OnDisconnect::Finish, 20)] {
            let arguments = format!("{{\"n\": {n}}}");
            tokio::select! {
                done = call(&engine, "wait", &arguments, on_disconnect) => panic!("{done:?}"),
                () = gate.reached.notified() => gate.go.notify_one(),
            }
            engine.drain().await;
            // Nobody took it where the service was stopped.
            let _ = tokio::time::timeout(Duration::ZERO, gate.go.notified()).await;
        }
        call(&engine, "add", "{\"n\": 1}", OnDisconnect::Cancel).await.unwrap();
        engine.stop_audit().await;
        let rows = trail(engine.db()).await;
        let expected = [
            ("fail", "conflict", "refused"),
            ("panic", "internal", "internal"),
            ("hang", "deadline", "deadline"),
            ("add", "invalid", "invalid"),
            ("add", "bad_request", "bad_request"),
            ("wait", "cancelled", "cancelled"),
            ("wait", "committed", ""),
            ("add", "committed", ""),
        ];
        assert_eq!(outcomes(&rows), expected, "{backend}");
        assert_eq!(numbers(engine.db()).await, [1, 20, 21], "{backend}");
        let arguments = |at: usize| rows[at].arguments.clone().map(Value::from);
        assert_eq!(arguments(0), Some(json!({"n": 1})));
        assert_eq!((arguments(3), arguments(4)), (None, None), "what is not what was declared is not recorded");
        assert_eq!(rows[1].trace_id.len(), 32, "the id that the log has");
    }
}

#[tokio::test]
async fn an_unknown_outcome_is_recorded_as_one() {
    let database = TestDatabase::postgres().await;
    let proxy = DelayProxy::before(diptych_testkit::server_address(diptych::Backend::Postgres)).await;
    let db = Db::connect(&database.url_through(proxy.address())).await.unwrap();
    create_table(&db).await;
    async fn breaks(tx: &mut Tx, Args(Number { n }): Args<Number>, proxy: State<DelayProxy>) -> Result<()> {
        crate::counter::insert(tx, n).await?;
        if n == 2 {
            // The next message is the row of the trail, the one after it COMMIT.
            proxy.break_after_messages(1);
        }
        Ok(())
    }
    let operations = Operations::new().add(ServiceSpec::from_fn("add", breaks).allow(Anyone));
    let engine = Engine::builder(db).operations(operations).state(proxy).audit(Audit::new()).build().unwrap();
    engine.migrate_audit().await.unwrap();
    // From now on the statements are prepared, and each is one message.
    call(&engine, "add", "{\"n\": 1}", OnDisconnect::Cancel).await.unwrap();
    let error = call(&engine, "add", "{\"n\": 2}", OnDisconnect::Cancel).await.unwrap_err();
    assert_eq!(error.code(), "outcome_unknown");
    engine.start_audit();
    engine.stop_audit().await;
    let rows = trail_of(&database).await;
    // COMMIT never arrived, so the committed row is not there either: the two have one id, and only one of them can be.
    assert_eq!(outcomes(&rows), [("add", "committed", ""), ("add", "outcome_unknown", "outcome_unknown")]);
    assert_eq!(rows[1].trace_id, error.error_id().unwrap());
}

#[tokio::test]
async fn what_a_surface_refuses_is_recorded_unless_nobody_is_signed_in() {
    for (unauthenticated, more) in [(false, 0), (true, 3)] {
        let database = TestDatabase::sqlite();
        let audit = Audit::new().unauthenticated(unauthenticated);
        let running = RunningServer::start(application(&database, audit)).await;
        for user in [Some("eve+audit:read"), None] {
            for surface in [Surface::Rest, Surface::McpSession, Surface::McpStateless] {
                let caller = SurfaceClient::over(&running, surface, user).await;
                caller.call("accounts.open", json!({"name": "eve"})).await.unwrap_err();
            }
        }
        drop(running);
        let rows = trail_of(&database).await;
        assert_eq!(rows.len(), 3 + more, "{rows:?}");
        for (at, row) in rows.iter().enumerate() {
            let expected = if at < 3 { ("eve", "forbidden") } else { ("", "unauthenticated") };
            assert_eq!((&*row.subject, &*row.outcome, &row.arguments), (expected.0, expected.1, &None));
        }
    }
}

#[tokio::test]
async fn a_task_is_recorded_when_it_runs() {
    for backend in EVERY {
        let database = TestDatabase::new(backend).await;
        let server = application(&database, Audit::new()).build().await.unwrap();
        let engine = server.engine();
        let ann = diptych::Principal::new("development", "ann", SCOPES).unwrap();
        let caller = Caller::new(Some(ann.clone()), Via::new(diptych_pipeline::Surface::InProcess));
        let new = |arguments| diptych_pipeline::NewTask {
            caller: &caller,
            arguments,
            capabilities: &[],
            answers: Default::default(),
        };
        let operation = engine.operation("accounts.import").unwrap();
        engine.create_task(operation, new("{}")).await.unwrap_err();
        let task = engine.create_task(operation, new("{\"name\": \"later\"}")).await.unwrap();
        let tasks = engine.tasks().unwrap();
        while !matches!(tasks.get(task.id(), Some(&ann)).await.unwrap().unwrap().status(), TaskStatus::Finished(Ok(_)))
        {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        engine.stop_tasks().await;
        engine.stop_audit().await;
        let rows = trail(engine.db()).await;
        assert_eq!(outcomes(&rows), [("accounts.import", "invalid", "invalid"), ("accounts.import", "committed", "")]);
        // What is refused is refused to whoever asks for the task.
        let seen: Vec<_> = rows.iter().map(|row| (&*row.surface, &*row.subject)).collect();
        assert_eq!(seen, [("in_process", "ann"), ("task", "ann")]);
    }
}

#[tokio::test]
async fn a_handler_that_is_not_ours_is_recorded_before_and_after() {
    for backend in EVERY {
        let database = TestDatabase::new(backend).await;
        let server = application(&database, Audit::new()).build().await.unwrap();
        let ann = SurfaceClient::in_process(server.client(), Some("ann"), &SCOPES);
        ann.call("legacy.touch", json!({})).await.unwrap();
        server.engine().stop_audit().await;
        let rows = trail(server.engine().db()).await;
        let mut seen = outcomes(&rows);
        seen.sort_unstable();
        assert_eq!(seen, [("legacy.touch", "answered", ""), ("legacy.touch", "begun", "")]);
        assert!(rows.iter().all(|row| row.call == rows[0].call) && rows[0].id != rows[1].id);
        let mut tx = server.engine().db().begin().await.unwrap();
        query("DROP TABLE diptych_audit").execute(&mut tx).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(ann.call("legacy.touch", json!({})).await.unwrap_err()["status"], 500, "it is not even begun");
    }
}

#[tokio::test]
async fn a_flood_of_refusals_is_bounded_and_counted() {
    for backend in EVERY {
        let (engine, _, _database) = engine(backend, Audit::new().queue(4)).await;
        for _ in 0..50 {
            call(&engine, "add", "{}", OnDisconnect::Cancel).await.unwrap_err();
        }
        engine.start_audit();
        engine.stop_audit().await;
        let rows = trail(engine.db()).await;
        let dropped = rows.last().unwrap();
        assert_eq!((rows.len(), &*dropped.outcome), (5, "dropped"), "{backend}");
        assert_eq!(Value::from(dropped.arguments.clone().unwrap()), json!({"rows": 46}));
    }
}

/// Over REST, with a body that is never read: the caller may not use the operation.
#[tokio::test]
async fn a_refused_body_is_not_recorded() {
    let database = TestDatabase::sqlite();
    let running = RunningServer::start(application(&database, Audit::new())).await;
    let headers = [("Content-Type", "application/json"), ("Authorization", "Bearer eve+x")];
    let reply = request(running.socket(), "POST", "/api/accounts", &headers, Some("{\"name\": \"seen\"}")).await;
    assert_eq!(reply.status, 403);
    drop(running);
    let rows = trail_of(&database).await;
    assert_eq!(
        (outcomes(&rows), &rows[0].arguments),
        (vec![("accounts.open", "forbidden", "insufficient_scope")], &None)
    );
}
