//! A statement whose caller is gone ends in the database itself, long before it would by itself, and the connection's place is
//! free for the next call.

use crate::counter::{Number, create_table, insert};
use diptych::{
    Anyone, Backend, Conn, Db, DbOptions, Engine, ErrorKind, Operations, Result, SelectorSpec, ServiceSpec, Task, Tx,
    query_scalar,
};
use diptych_pipeline::{Caller, NewTask, OnDisconnect, Surface, TaskStatus, Via};
use diptych_spec::{AnswerValue, Args, Arguments};
use diptych_testkit::TestDatabase;
use sqlx::{Connection as _, SqliteConnection};
use std::time::Duration;
use tokio::sync::Mutex;

/// A minute: longer than any of these tests waits, and than a statement may take.
const SLEEP: &str = "SELECT 1::BIGINT FROM pg_sleep(60)";
const MYSQL_SLEEP: &str = "SELECT SLEEP(60)";
/// The same, as work.
const COUNT: &str = "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c) SELECT COUNT(*) FROM c, (SELECT COUNT(*) FROM numbers)";

/// How long a statement may take to end.
const SOON: Duration = Duration::from_secs(15);

async fn endless(conn: &mut Conn) -> Result<i64> {
    let sql = match conn.backend() {
        Backend::Postgres => SLEEP,
        Backend::MySql => MYSQL_SLEEP,
        _ => COUNT,
    };
    query_scalar(sql).one(conn).await
}

async fn read(conn: &mut Conn) -> Result<AnswerValue<i64>> {
    endless(conn).await.map(AnswerValue)
}

async fn write(tx: &mut Tx) -> Result<i64> {
    insert(tx, 1).await?;
    endless(tx).await
}

async fn in_a_savepoint(tx: &mut Tx) -> Result<i64> {
    tx.savepoint(async |tx| write(tx).await).await
}

async fn give_up(tx: &mut Tx) -> Result<u64> {
    // It goes on after a statement that it does not wait for.
    let _ = tokio::time::timeout(Duration::from_millis(100), endless(tx)).await;
    Err(diptych::Error::conflict("impatient", "it took too long"))
}

async fn give_up_unnoticed(tx: &mut Tx) -> Result<i64> {
    let _ = give_up(tx).await;
    Ok(0)
}

/// Which process of PostgreSQL serves the connection that writes.
async fn process(tx: &mut Tx) -> Result<i32> {
    query_scalar("SELECT pg_backend_pid()").one(tx).await
}

async fn sqlite_write(connection: &mut SqliteConnection) -> Result<i64> {
    sqlx::query_scalar(COUNT).fetch_one(connection).await.map_err(diptych::db_error)
}

async fn postgres_write(connection: &mut sqlx::PgConnection) -> Result<i64> {
    sqlx::query_scalar(SLEEP).fetch_one(connection).await.map_err(diptych::db_error)
}

async fn mysql_write(connection: &mut sqlx::MySqlConnection) -> Result<i64> {
    sqlx::query_scalar(MYSQL_SLEEP).fetch_one(connection).await.map_err(diptych::db_error)
}

async fn add(tx: &mut Tx, Args(Number { n }): Args<Number>) -> Result<u64> {
    insert(tx, n).await
}

async fn count(conn: &mut Conn) -> Result<AnswerValue<i64>> {
    query_scalar("SELECT COUNT(*) FROM numbers").one(conn).await.map(AnswerValue)
}

struct App {
    engine: Engine,
    observer: Observer,
    _database: TestDatabase,
}

const LONG: [&str; 4] = ["read", "write", "savepoint", "concrete"];

impl App {
    /// An application with one connection that writes and one that reads: whatever keeps its place keeps out all others.
    async fn on(backend: Backend) -> Self {
        Self::with(backend, 2).await
    }

    async fn with(backend: Backend, max_connections: u32) -> Self {
        let database = TestDatabase::new(backend).await;
        let options = DbOptions { max_connections, workers: Some(1), ..DbOptions::default() };
        let db = Db::connect_with(database.url(), options).await.unwrap();
        create_table(&db).await;
        let short = Duration::from_millis(300);
        let minute = Duration::from_secs(60);
        let operations = Operations::new()
            .add(SelectorSpec::from_fn("read", read).allow(Anyone).deadline(minute))
            .add(ServiceSpec::from_fn("write", write).allow(Anyone).deadline(minute))
            .add(ServiceSpec::from_fn("savepoint", in_a_savepoint).allow(Anyone).deadline(minute))
            .add(SelectorSpec::from_fn("short_read", read).allow(Anyone).deadline(short))
            .add(ServiceSpec::from_fn("short_write", write).allow(Anyone).deadline(short))
            .add(ServiceSpec::from_fn("give_up", give_up).allow(Anyone))
            .add(ServiceSpec::from_fn("give_up_unnoticed", give_up_unnoticed).allow(Anyone))
            .add(ServiceSpec::from_fn("process", process).allow(Anyone))
            .add(SelectorSpec::from_fn("job", read).allow(Anyone).task(Task::optional()))
            .add(ServiceSpec::from_fn("add", add).allow(Anyone))
            .add(SelectorSpec::from_fn("count", count).allow(Anyone));
        let operations = match backend {
            Backend::Postgres => {
                operations.add(ServiceSpec::from_fn("concrete", postgres_write).allow(Anyone).deadline(minute))
            }
            Backend::MySql => {
                operations.add(ServiceSpec::from_fn("concrete", mysql_write).allow(Anyone).deadline(minute))
            }
            _ => operations.add(ServiceSpec::from_fn("concrete", sqlite_write).allow(Anyone).deadline(minute)),
        };
        let engine = Engine::builder(db).operations(operations).build().unwrap();
        let observer = Observer::of(&database, backend).await;
        Self { engine, observer, _database: database }
    }

    async fn call(&self, name: &str, caller: Caller) -> Result<String> {
        let operation = self.engine.operation(name).unwrap();
        let outcome = self.engine.dispatch(operation, Arguments::named("{}"), caller).await?;
        Ok(outcome.json().to_owned())
    }

    /// The places of both pools are free, and nothing was kept.
    async fn assert_healthy(&self, n: i64) {
        let count = crate::counter::call(&self.engine, "count", "{}", OnDisconnect::Cancel).await.unwrap();
        assert_eq!(count, (n - 1).to_string());
        let given = format!("{{\"n\": {}}}", 100 + n);
        crate::counter::call(&self.engine, "add", &given, OnDisconnect::Cancel).await.unwrap();
    }
}

/// Sees from outside whether a statement is at work.
enum Observer {
    /// By the server's own view of its activity.
    Server(Db),
    /// By what others cannot do meanwhile: write while somebody writes, and empty the log while somebody reads.
    Sqlite(Box<Mutex<SqliteConnection>>),
}

impl Observer {
    async fn of(database: &TestDatabase, backend: Backend) -> Self {
        match backend {
            Backend::Postgres | Backend::MySql => Self::Server(Db::connect(database.url()).await.unwrap()),
            _ => {
                let mut connection = SqliteConnection::connect(database.url()).await.unwrap();
                for sql in ["PRAGMA busy_timeout = 0", "CREATE TABLE looked (n BIGINT)"] {
                    sqlx::query(sql).execute(&mut connection).await.unwrap();
                }
                Self::Sqlite(Box::new(Mutex::new(connection)))
            }
        }
    }

    async fn is_at_work(&self) -> bool {
        match self {
            Self::Server(db) => {
                let active = match db.backend() {
                    Backend::Postgres => {
                        "SELECT COUNT(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()
                         AND state <> 'idle' AND query LIKE '%pg_sleep(60)%'"
                    }
                    _ => {
                        "SELECT COUNT(*) FROM information_schema.processlist WHERE db = DATABASE() AND id <> CONNECTION_ID()
                         AND command <> 'Sleep' AND info LIKE '%SLEEP(60)%'"
                    }
                };
                let active = query_scalar::<i64>(active);
                active.one(&mut db.read().await.unwrap()).await.unwrap() > 0
            }
            Self::Sqlite(connection) => {
                let mut connection = connection.lock().await;
                // An empty log is nobody's.
                if sqlx::query("INSERT INTO looked VALUES (1)").execute(&mut *connection).await.is_err() {
                    return true;
                }
                let checkpoint = sqlx::query_scalar("PRAGMA wal_checkpoint(TRUNCATE)");
                let busy: sqlx::Result<i64> = checkpoint.fetch_one(&mut *connection).await;
                busy.is_ok_and(|busy| busy == 1)
            }
        }
    }

    async fn until(&self, at_work: bool) {
        let seen = async {
            while self.is_at_work().await != at_work {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(SOON, seen).await.unwrap_or_else(|_| panic!("still at work: {}", !at_work));
    }
}

async fn ends_when_the_caller_goes_away(backend: Backend) {
    let app = App::on(backend).await;
    for (round, name) in (1..).zip(LONG) {
        tokio::select! {
            done = app.call(name, Caller::new(None, Via::new(Surface::InProcess))) => panic!("{name}: {done:?}"),
            () = app.observer.until(true) => {}
        }
        app.observer.until(false).await;
        app.assert_healthy(round).await;
    }
}

async fn ends_when_the_call_is_withdrawn(backend: Backend) {
    let app = App::on(backend).await;
    for (round, name) in (1..).zip(LONG) {
        let caller = Caller::new(None, Via::new(Surface::InProcess));
        let withdrawn = caller.withdrawn.clone();
        let calling = app.call(name, caller);
        let (done, ()) = tokio::join!(calling, async {
            app.observer.until(true).await;
            withdrawn.cancel();
        });
        assert_eq!(done.unwrap_err().kind(), ErrorKind::Cancelled, "{name}");
        app.observer.until(false).await;
        app.assert_healthy(round).await;
    }
}

async fn ends_at_the_deadline(backend: Backend) {
    let app = App::on(backend).await;
    for (round, name) in (1..).zip(["short_read", "short_write"]) {
        let done = app.call(name, Caller::new(None, Via::new(Surface::InProcess))).await;
        assert_eq!(done.unwrap_err().kind(), ErrorKind::Deadline, "{name}");
        app.observer.until(false).await;
        app.assert_healthy(round).await;
    }
}

/// A function that stops waiting for a statement itself.
async fn ends_when_the_function_gives_up(backend: Backend) {
    let app = App::on(backend).await;
    let done = app.call("give_up", Caller::new(None, Via::new(Surface::InProcess))).await;
    assert_eq!(done.unwrap_err().code(), "impatient");
    app.observer.until(false).await;
    app.assert_healthy(1).await;
}

/// The same, and it says that all is well: COMMIT would wait for the statement.
async fn ends_when_the_function_goes_on(backend: Backend) {
    let app = App::on(backend).await;
    let calling = app.call("give_up_unnoticed", Caller::new(None, Via::new(Surface::InProcess)));
    let done = tokio::time::timeout(SOON, calling).await.unwrap();
    assert_eq!(done.unwrap_err().kind(), ErrorKind::Internal);
    app.observer.until(false).await;
    app.assert_healthy(1).await;
}

#[tokio::test]
async fn a_connection_whose_statement_was_ended_is_used_again() {
    let app = App::on(Backend::Postgres).await;
    let caller = || Caller::new(None, Via::new(Surface::InProcess));
    let before = app.call("process", caller()).await.unwrap();
    for _ in 0..3 {
        assert_eq!(app.call("short_write", caller()).await.unwrap_err().kind(), ErrorKind::Deadline);
        assert_eq!(app.call("process", caller()).await.unwrap(), before);
    }
}

async fn ends_when_the_task_is_cancelled(backend: Backend) {
    // Whoever cancels looks up the task before, by another connection than the one that is at work.
    let app = App::with(backend, 4).await;
    let tasks = app.engine.tasks().unwrap();
    tasks.migrate().await.unwrap();
    app.engine.work_on_tasks();
    let caller = Caller::new(None, Via::new(Surface::InProcess));
    let new = NewTask { caller: &caller, arguments: "{}", capabilities: &[], answers: Default::default() };
    let task = app.engine.create_task(app.engine.operation("job").unwrap(), new).await.unwrap();
    app.observer.until(true).await;
    assert!(tasks.cancel(task.id(), None).await.unwrap());
    app.observer.until(false).await;
    assert!(matches!(tasks.get(task.id(), None).await.unwrap().unwrap().status(), TaskStatus::Cancelled));
    app.assert_healthy(1).await;
    app.engine.stop_tasks().await;
}

/// One test for each database.
macro_rules! on_each {
    ($($ending:ident),+ $(,)?) => {$(
        mod $ending {
            #[tokio::test]
            async fn on_sqlite() {
                super::$ending(diptych::Backend::Sqlite).await;
            }
            #[tokio::test]
            async fn on_postgres() {
                super::$ending(diptych::Backend::Postgres).await;
            }
            #[tokio::test]
            async fn on_mysql() {
                super::$ending(diptych::Backend::MySql).await;
            }
        }
    )+};
}

on_each!(
    ends_when_the_caller_goes_away,
    ends_when_the_call_is_withdrawn,
    ends_at_the_deadline,
    ends_when_the_function_gives_up,
    ends_when_the_function_goes_on,
    ends_when_the_task_is_cancelled,
);
