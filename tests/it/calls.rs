//! What an operation that another calls has of the call around it, and what it leaves: on every database, below the surfaces. The same
//! over every surface is in `suite/calling.rs`.

use crate::{
    audit::trail,
    counter::{EVERY, Number, call, create_table, insert, numbers},
};
use diptych::{
    Anyone, Ask, Audit, AuditEntry, Authenticated, Backend, Calls, Db, Engine, Error, ErrorKind, Exposed, Idempotency,
    IdempotencyKey, Isolation, LogLevel, Operations, Principal, Progress, PromptSpec, Result, Retry, SelectorSpec,
    ServiceSpec, State, Task, Tx,
};
use diptych_pipeline::{Caller, Change, OnDisconnect, Surface, Via};
use diptych_spec::{AnswerValue, Args, Arguments, Capability, Peer};
use diptych_testkit::TestDatabase;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};
use tokio::sync::Notify;

/// What was done after COMMIT, and how often something ran.
#[derive(Clone, Default)]
struct Seen {
    after: Arc<Mutex<Vec<i64>>>,
    runs: Arc<AtomicU32>,
    hangs: Arc<Notify>,
}

#[derive(Serialize, JsonSchema)]
struct Added {
    n: i64,
}

/// Adds a number, and leaves it for after COMMIT.
async fn add(tx: &mut Tx, Args(Number { n }): Args<Number>, seen: State<Seen>) -> Result<Added> {
    insert(tx, n).await?;
    let after = Arc::clone(&seen.after);
    tx.after_commit(async move { after.lock().unwrap().push(n) });
    Ok(Added { n })
}

/// Adds a number and fails.
async fn fail(tx: &mut Tx, number: Args<Number>, seen: State<Seen>) -> Result<Added> {
    add(tx, number, seen).await?;
    Err(Error::conflict("refused", "refused on purpose"))
}

#[derive(Deserialize, JsonSchema)]
struct What {
    what: String,
    n: i64,
}

/// Calls `what`, and adds the number after it.
async fn then(tx: &mut Tx, Args(What { what, n }): Args<What>, calls: Calls) -> Result<Value> {
    let done: Value = calls.call_by_name(tx, &what, &json!({"n": n})).await?;
    insert(tx, n + 1).await?;
    Ok(done)
}

/// Calls `what`, whose error it takes no notice of.
async fn anyway(tx: &mut Tx, Args(What { what, n }): Args<What>, calls: Calls) -> Result<String> {
    insert(tx, n + 1).await?;
    let done = calls.call_by_name::<Value>(tx, &what, &json!({"n": n})).await;
    Ok(done.map_or_else(|error| error.code().to_owned(), |_| "done".to_owned()))
}

/// Calls what adds, and fails itself.
async fn fails_then(tx: &mut Tx, Args(Number { n }): Args<Number>, calls: Calls) -> Result<()> {
    calls.call_by_name::<Value>(tx, "add", &json!({"n": n})).await?;
    Err(Error::conflict("own", "refused on purpose"))
}

/// Tries what adds, and keeps nothing of it.
async fn tries(tx: &mut Tx, Args(Number { n }): Args<Number>, calls: Calls) -> Result<Value> {
    calls.call_by_name(tx, "add", &json!({"n": n, "dry_run": true})).await
}

/// Loses against another once.
async fn lose(tx: &mut Tx, number: Args<Number>, seen: State<Seen>) -> Result<Added> {
    let runs = seen.runs.fetch_add(1, Ordering::SeqCst);
    let added = add(tx, number, seen).await?;
    match runs {
        0 => Err(Error::new(ErrorKind::Unavailable, "serialization", "another call was changing the same rows")),
        _ => Ok(added),
    }
}

/// Drops the call half-way.
async fn tears(tx: &mut Tx, Args(Number { n }): Args<Number>, calls: Calls, seen: State<Seen>) -> Result<()> {
    let given = json!({"n": n});
    tokio::select! {
        _ = calls.call_by_name::<Value>(tx, "hang", &given) => {}
        () = seen.hangs.notified() => {}
    }
    Ok(())
}

async fn hang(tx: &mut Tx, number: Args<Number>, seen: State<Seen>) -> Result<Added> {
    let hangs = Arc::clone(&seen.hangs);
    add(tx, number, seen).await?;
    hangs.notify_one();
    std::future::pending().await
}

async fn count(conn: &mut diptych::Conn) -> Result<AnswerValue<i64>> {
    diptych::query_scalar("SELECT COUNT(*) FROM numbers").one(conn).await.map(AnswerValue)
}

async fn letter(_: &mut diptych::Conn) -> Result<String> {
    Ok("Hello.".to_owned())
}

async fn reports(tx: &mut Tx, number: Args<Number>, progress: Progress, seen: State<Seen>) -> Result<Added> {
    progress.report(1.0, 2.0);
    add(tx, number, seen).await
}

async fn asks(tx: &mut Tx, number: Args<Number>, ask: Ask, seen: State<Seen>) -> Result<Added> {
    let added = add(tx, number, seen).await?;
    ask.roots("roots")?;
    Ok(added)
}

/// As `then`, of a caller who can be asked.
async fn then_asking(tx: &mut Tx, what: Args<What>, calls: Calls, _: Ask) -> Result<Value> {
    then(tx, what, calls).await
}

fn operations() -> Operations {
    Operations::new()
        .add(ServiceSpec::from_fn("add", add).allow(Anyone).dry_run(true).changes("numbers://{n}"))
        .add(ServiceSpec::from_fn("fail", fail).allow(Anyone).changes("numbers://{n}"))
        .add(ServiceSpec::from_fn("hang", hang).allow(Anyone))
        .add(ServiceSpec::from_fn("reports", reports).allow(Anyone))
        .add(ServiceSpec::from_fn("asks", asks).allow(Anyone))
        .add(ServiceSpec::from_fn("then_asking", then_asking).allow(Anyone))
        .add(ServiceSpec::from_fn("lose", lose).allow(Anyone))
        .add(ServiceSpec::from_fn("strict", add).allow(Anyone).isolation(Isolation::Serializable))
        .add(ServiceSpec::from_fn("keyed", add).allow(Authenticated).idempotency(Idempotency::required()))
        .add(ServiceSpec::from_fn("off", add).allow(Anyone).enabled(false))
        .add(ServiceSpec::from_fn("task", add).allow(Anyone).task(Task::required()))
        .add(ServiceSpec::from_fn("then", then).allow(Anyone).retry(Retry::times(2).pause(Duration::ZERO)))
        .add(ServiceSpec::from_fn("anyway", anyway).allow(Anyone).dry_run(true))
        .add(ServiceSpec::from_fn("fails_then", fails_then).allow(Anyone).dry_run(true))
        .add(ServiceSpec::from_fn("tries", tries).allow(Anyone).dry_run(true))
        .add(ServiceSpec::from_fn("tears", tears).allow(Anyone))
        .add(SelectorSpec::from_fn("count", count).allow(Anyone))
        .add(PromptSpec::from_fn("letter", letter).allow(Anyone))
}

async fn on(backend: Backend) -> (Engine, Seen, TestDatabase) {
    let database = TestDatabase::new(backend).await;
    let db = Db::connect(database.url()).await.unwrap();
    create_table(&db).await;
    let seen = Seen::default();
    let engine = Engine::builder(db).operations(operations()).state(seen.clone()).audit(Audit::new());
    let engine = engine.build().unwrap();
    engine.migrate_audit().await.unwrap();
    engine.start_audit();
    (engine, seen, database)
}

async fn run(engine: &Engine, name: &str, arguments: Value) -> Result<Value> {
    let answered = call(engine, name, &arguments.to_string(), OnDisconnect::Cancel).await;
    engine.drain().await;
    answered.map(|json| serde_json::from_str(&json).unwrap())
}

impl Seen {
    fn take(&self) -> Vec<i64> {
        std::mem::take(&mut *self.after.lock().unwrap())
    }
}

#[tokio::test]
async fn what_it_leaves_begins_after_the_commit_of_all() {
    for backend in EVERY {
        let (engine, seen, _database) = on(backend).await;
        let mut changes = engine.changes().listen();
        assert_eq!(run(&engine, "then", json!({"what": "add", "n": 1})).await.unwrap(), json!({"n": 1}), "{backend}");
        assert_eq!((seen.take(), numbers(engine.db()).await), (vec![1], vec![1, 2]), "{backend}");
        assert_eq!(changes.try_recv().unwrap(), Change::Resource("numbers://1".into()), "{backend}");

        // Undone with what calls it, and alone.
        assert_eq!(run(&engine, "fails_then", json!({"n": 3})).await.unwrap_err().code(), "own");
        assert_eq!(run(&engine, "anyway", json!({"what": "fail", "n": 4})).await.unwrap(), "refused");
        assert_eq!((seen.take(), numbers(engine.db()).await), (vec![], vec![1, 2, 5]), "{backend}");
        assert!(changes.try_recv().is_err(), "{backend}");

        // A failing statement is survived, on PostgreSQL as well.
        assert_eq!(run(&engine, "anyway", json!({"what": "add", "n": 1_000})).await.unwrap(), "done");
        assert_eq!(run(&engine, "anyway", json!({"what": "add", "n": 1})).await.unwrap_err().code(), "unique");
        assert_eq!(run(&engine, "anyway", json!({"what": "add", "n": 5})).await.unwrap(), "unique", "{backend}");
        assert_eq!(numbers(engine.db()).await, [1, 2, 5, 6, 1_000, 1_001], "{backend}");
        assert_eq!(seen.take(), [1_000], "{backend}");
    }
}

#[tokio::test]
async fn one_that_is_dropped_half_way_undoes_everything() {
    for backend in EVERY {
        let (engine, seen, _database) = on(backend).await;
        assert_eq!(run(&engine, "tears", json!({"n": 1})).await.unwrap_err().kind(), ErrorKind::Internal, "{backend}");
        assert_eq!((seen.take(), numbers(engine.db()).await), (vec![], vec![]), "{backend}");
        run(&engine, "add", json!({"n": 1})).await.unwrap();
    }
}

#[tokio::test]
async fn a_dry_run_is_one_of_all_or_of_what_is_called() {
    for backend in EVERY {
        let (engine, seen, _database) = on(backend).await;
        let mut changes = engine.changes().listen();
        assert_eq!(run(&engine, "tries", json!({"n": 1})).await.unwrap(), json!({"n": 1}), "{backend}");
        let given = json!({"what": "add", "n": 1, "dry_run": true});
        assert_eq!(run(&engine, "anyway", given).await.unwrap(), "done", "{backend}");
        assert_eq!(run(&engine, "tries", json!({"n": 1, "dry_run": true})).await.unwrap(), json!({"n": 1}));
        assert_eq!((seen.take(), numbers(engine.db()).await), (vec![], vec![]), "{backend}");
        assert!(changes.try_recv().is_err(), "{backend}");
        // One that offers none might do what cannot be undone.
        let given = json!({"what": "fail", "n": 1, "dry_run": true});
        assert_eq!(run(&engine, "anyway", given).await.unwrap(), "internal", "{backend}");
    }
}

#[tokio::test]
async fn the_trail_has_a_row_for_each_under_one_call() {
    for backend in EVERY {
        let (engine, _, _database) = on(backend).await;
        run(&engine, "then", json!({"what": "add", "n": 1})).await.unwrap();
        run(&engine, "anyway", json!({"what": "fail", "n": 2})).await.unwrap();
        run(&engine, "fails_then", json!({"n": 4})).await.unwrap_err();
        engine.stop_audit().await;
        let mut rows = trail(engine.db()).await;
        rows.sort_by(|one, other| (one.at, &one.call, &one.operation).cmp(&(other.at, &other.call, &other.operation)));
        let seen = |row: &AuditEntry| (row.operation.clone(), row.outcome.clone());
        let seen: Vec<_> = rows.iter().map(seen).collect();
        let seen = |what: &str, how: &str| seen.contains(&(what.to_owned(), how.to_owned()));
        assert!(seen("then", "committed") && seen("add", "committed"), "{backend}: {rows:?}");
        assert!(seen("anyway", "committed") && seen("fail", "conflict"), "{backend}: {rows:?}");
        assert!(seen("fails_then", "conflict"), "{backend}: {rows:?}");
        assert_eq!(rows.len(), 5, "{backend}: what was undone with its caller has no row: {rows:?}");
        let calls = |name: &str| rows.iter().find(|row| row.operation == name).unwrap().call.clone();
        assert_eq!((calls("then"), calls("anyway")), (calls("add"), calls("fail")), "{backend}");
        assert_ne!(calls("then"), calls("anyway"), "{backend}");
    }
}

#[tokio::test]
async fn what_lost_against_another_runs_again_from_the_top() {
    for backend in EVERY {
        let (engine, seen, _database) = on(backend).await;
        run(&engine, "then", json!({"what": "lose", "n": 1})).await.unwrap();
        assert_eq!((seen.take(), seen.runs.load(Ordering::SeqCst)), (vec![1], 2), "{backend}");
        assert_eq!(numbers(engine.db()).await, [1, 2], "{backend}");
    }
}

/// A caller who listens, and has nothing to say.
#[derive(Default)]
struct Ear(Mutex<Vec<(f64, Option<f64>)>>);

impl Peer for Ear {
    fn progress(&self, done: f64, total: Option<f64>, _: Option<&str>) {
        self.0.lock().unwrap().push((done, total));
    }
    fn wants(&self, _: LogLevel) -> bool {
        false
    }
    fn log(&self, _: LogLevel, _: Option<&str>, _: &Value) {}
    fn can(&self, _: Capability) -> bool {
        true
    }
    fn answer(&self, _: &str) -> Option<Value> {
        None
    }
    fn release(&self, _: Duration) {}
}

#[tokio::test]
async fn what_is_called_speaks_with_the_caller_of_all() {
    let (engine, seen, _database) = on(Backend::Sqlite).await;
    let ear = Arc::new(Ear::default());
    let run = async |name: &str, what: &str| {
        let peer = Some(Arc::clone(&ear) as Arc<dyn Peer>);
        let caller = Caller { peer, ..Caller::new(None, Via::new(Surface::InProcess)) };
        let given = json!({"what": what, "n": 1}).to_string();
        engine.dispatch(engine.operation(name).unwrap(), Arguments::named(&given), caller).await
    };
    let error = run("then_asking", "asks").await.unwrap_err();
    let keys: Vec<_> = error.questions().iter().map(|question| &*question.key).collect();
    assert_eq!((error.kind(), keys), (ErrorKind::InputRequired, vec!["roots"]));
    // Who does not ask cannot have it asked.
    assert_eq!(run("then", "asks").await.unwrap_err().kind(), ErrorKind::Internal);
    assert_eq!(numbers(engine.db()).await, [0i64; 0]);
    run("then", "reports").await.unwrap();
    assert_eq!(*ear.0.lock().unwrap(), [(1.0, Some(2.0))]);
    engine.drain().await;
    assert_eq!(seen.take(), [1]);
}

#[tokio::test]
async fn what_cannot_be_called_says_so() {
    let (engine, _, _database) = on(Backend::Sqlite).await;
    for (what, why) in [
        ("none", "`then` cannot call `none`: there is no such operation; add it to the server's operations"),
        ("count", "`then` cannot call `count`: that is a selector: use `read_by_name`"),
        ("letter", "`then` cannot call `letter`: prompts are for models"),
        ("task", "`then` cannot call `task`: that is a task, which begins when nobody waits"),
        (
            "strict",
            "`then` cannot call `strict`: that needs the isolation Serializable, and the transaction of `then` has ReadCommitted; declare it there with `.isolation(…)`",
        ),
    ] {
        let error = run(&engine, "then", json!({"what": what, "n": 1})).await.unwrap_err();
        let source = std::error::Error::source(&error).unwrap().to_string();
        assert_eq!((error.kind(), &*source), (ErrorKind::Internal, why));
    }
    let off = run(&engine, "then", json!({"what": "off", "n": 1})).await.unwrap_err();
    assert_eq!((off.kind(), off.code()), (ErrorKind::Unavailable, "switched_off"));
    assert_eq!(numbers(engine.db()).await, [0i64; 0]);
}

/// The handler of somebody else.
async fn legacy() -> actix_web::HttpResponse {
    actix_web::HttpResponse::Ok().json(1)
}

#[tokio::test]
async fn handlers_of_your_own_cannot_be_called() {
    let database = TestDatabase::new(Backend::Sqlite).await;
    let exposed = Exposed::new("legacy", "Touches.", legacy).method(diptych::POST).allow(Anyone);
    let server = diptych::MCPServer::builder("calls", "1.0.0")
        .database_url(database.url())
        .mount(Operations::new().add(ServiceSpec::from_fn("anyway", anyway).allow(Anyone).tool(false)))
        .on_start(async |db: Db| {
            create_table(&db).await;
            Ok(())
        })
        .expose(exposed)
        .build()
        .await
        .unwrap();
    let done = run(server.engine(), "anyway", json!({"what": "legacy", "n": 1})).await.unwrap();
    assert_eq!(done, "internal");
}

#[tokio::test]
async fn the_key_of_the_call_is_good_for_what_it_calls() {
    for backend in EVERY {
        let (engine, seen, _database) = on(backend).await;
        engine.migrate_idempotency().await.unwrap();
        let given = json!({"what": "keyed", "n": 1}).to_string();
        let by_ann = async |key: Option<&str>| {
            let principal = Some(Principal::new("tests", "ann", [""; 0]).unwrap());
            let idempotency_key = key.map(|key| IdempotencyKey::new(key).unwrap());
            let caller = Caller { idempotency_key, ..Caller::new(principal, Via::new(Surface::InProcess)) };
            let operation = engine.operation("then").unwrap();
            let done = engine.dispatch(operation, Arguments::named(&given), caller).await;
            engine.drain().await;
            done
        };
        assert_eq!(by_ann(None).await.unwrap_err().code(), "idempotency_key_required", "{backend}");
        for _ in 0..2 {
            by_ann(Some("1")).await.unwrap();
        }
        assert_eq!((seen.take(), numbers(engine.db()).await), (vec![1], vec![1, 2]), "{backend}: done once");
    }
}
