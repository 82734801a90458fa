//! Services that lose against others: what their isolation refuses, and who is run again.

use crate::counter::{Number, call, insert};
use diptych::{
    Anyone, Backend, Db, DbOptions, Engine, Error, ErrorKind, Isolation, Operations, Result, Retry, ServiceSpec, State,
    Tx, query, query_scalar,
};
use diptych_pipeline::OnDisconnect;
use diptych_spec::Args;
use diptych_testkit::{DelayProxy, TestDatabase};
use sqlx::{Connection as _, SqliteConnection};
use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};
use tokio::sync::Barrier;

/// The first two runs meet half-way; those after them go on alone.
#[derive(Clone)]
struct Meeting {
    barrier: Arc<Barrier>,
    runs: Arc<AtomicUsize>,
}

impl Meeting {
    fn new() -> Self {
        Self { barrier: Arc::new(Barrier::new(2)), runs: Arc::default() }
    }

    /// Which run this is.
    fn begin(&self) -> usize {
        self.runs.fetch_add(1, Ordering::SeqCst)
    }

    async fn meet(&self, run: usize) {
        if run < 2 {
            self.barrier.wait().await;
        }
    }

    fn runs(&self) -> usize {
        self.runs.load(Ordering::SeqCst)
    }
}

/// Goes off duty, unless nobody else is on it.
async fn leave(tx: &mut Tx, Args(Number { n }): Args<Number>, meeting: State<Meeting>) -> Result<bool> {
    let run = meeting.begin();
    let on_duty: i64 = query_scalar("SELECT COUNT(*) FROM duty WHERE is_on = 1").one(tx).await?;
    meeting.meet(run).await;
    if on_duty < 2 {
        return Ok(false);
    }
    query("UPDATE duty SET is_on = 0 WHERE n = $1").bind(n).execute(tx).await?;
    Ok(true)
}

/// Changes one row and then the other.
async fn cross(tx: &mut Tx, Args(Number { n }): Args<Number>, meeting: State<Meeting>) -> Result<()> {
    let run = meeting.begin();
    let change = || query("UPDATE duty SET is_on = is_on + 1 WHERE n = $1");
    change().bind(n).execute(tx).await?;
    meeting.meet(run).await;
    change().bind(3 - n).execute(tx).await?;
    Ok(())
}

/// Reads, meets the other, and adds to what it read.
async fn add_up(tx: &mut Tx, _: Args<Number>, meeting: State<Meeting>) -> Result<()> {
    let run = meeting.begin();
    let known: i64 = query_scalar("SELECT is_on FROM duty WHERE n = 1").one(tx).await?;
    meeting.meet(run).await;
    query("UPDATE duty SET is_on = $1 WHERE n = 1").bind(known + 1).execute(tx).await?;
    Ok(())
}

async fn refuse(_: &mut Tx, meeting: State<Meeting>) -> Result<()> {
    meeting.begin();
    Err(Error::conflict("refused", "refused on purpose"))
}

/// Two people on duty, and a service of this name.
async fn duty(operations: Operations) -> (Engine, Meeting, TestDatabase) {
    let database = TestDatabase::postgres().await;
    let db = Db::connect(database.url()).await.unwrap();
    let mut tx = db.begin().await.unwrap();
    query("CREATE TABLE duty (n BIGINT PRIMARY KEY, is_on BIGINT NOT NULL)").execute(&mut tx).await.unwrap();
    query("INSERT INTO duty VALUES (1, 1), (2, 1)").execute(&mut tx).await.unwrap();
    tx.commit().await.unwrap();
    let meeting = Meeting::new();
    let engine = Engine::builder(db).operations(operations).state(meeting.clone()).build().unwrap();
    (engine, meeting, database)
}

async fn both(engine: &Engine, name: &str) -> [Result<String>; 2] {
    let one = call(engine, name, "{\"n\": 1}", OnDisconnect::Cancel);
    let two = call(engine, name, "{\"n\": 2}", OnDisconnect::Cancel);
    let (one, two) = tokio::join!(one, two);
    [one, two]
}

async fn on_duty(engine: &Engine) -> i64 {
    let sum = query_scalar("SELECT SUM(is_on)::BIGINT FROM duty");
    sum.one(&mut engine.db().read().await.unwrap()).await.unwrap()
}

fn retries(engine: &Engine) -> u64 {
    engine.statistics()[0].retries
}

fn codes(done: [Result<String>; 2]) -> Vec<String> {
    let mut codes = done.map(|done| done.unwrap_or_else(|error| error.code().to_owned())).to_vec();
    codes.sort();
    codes
}

#[tokio::test]
async fn statements_see_what_was_committed_before_them_unless_said_otherwise() {
    let leave = ServiceSpec::from_fn("leave", leave).allow(Anyone).retry(Retry::times(3));
    let (engine, meeting, _database) = duty(Operations::new().add(leave)).await;
    assert_eq!(codes(both(&engine, "leave").await), ["true", "true"]);
    assert_eq!((on_duty(&engine).await, meeting.runs()), (0, 2), "nobody is on duty any more");
}

#[tokio::test]
async fn a_write_skew_is_refused_where_services_are_serializable() {
    let leave = ServiceSpec::from_fn("leave", leave).allow(Anyone).isolation(Isolation::Serializable);
    let (engine, meeting, _database) = duty(Operations::new().add(leave)).await;
    assert_eq!(codes(both(&engine, "leave").await), ["serialization", "true"]);
    assert_eq!((on_duty(&engine).await, meeting.runs(), retries(&engine)), (1, 2, 0), "it was not run again");
}

#[tokio::test]
async fn whoever_lost_is_run_again_and_sees_what_the_other_did() {
    let leave = ServiceSpec::from_fn("leave", leave).allow(Anyone).isolation(Isolation::Serializable);
    let (engine, meeting, _database) = duty(Operations::new().add(leave.retry(Retry::times(3)))).await;
    assert_eq!(codes(both(&engine, "leave").await), ["false", "true"]);
    assert_eq!((on_duty(&engine).await, meeting.runs(), retries(&engine)), (1, 3, 1));
}

#[tokio::test]
async fn no_change_is_lost_with_repeatable_reads() {
    for (isolation, sum) in [(Isolation::ReadCommitted, 3), (Isolation::RepeatableRead, 4)] {
        let spec = ServiceSpec::from_fn("add_up", add_up).allow(Anyone).isolation(isolation).retry(Retry::times(1));
        let (engine, _, _database) = duty(Operations::new().add(spec)).await;
        assert_eq!(codes(both(&engine, "add_up").await), ["null", "null"]);
        assert_eq!(on_duty(&engine).await, sum, "{isolation:?}");
    }
}

#[tokio::test]
async fn of_two_services_in_a_deadlock_one_is_run_again() {
    let spec = ServiceSpec::from_fn("cross", cross).allow(Anyone).retry(Retry::times(1));
    let (engine, meeting, _database) = duty(Operations::new().add(spec)).await;
    assert_eq!(codes(both(&engine, "cross").await), ["null", "null"]);
    assert_eq!((on_duty(&engine).await, meeting.runs(), retries(&engine)), (6, 3, 1));

    let spec = ServiceSpec::from_fn("cross", cross).allow(Anyone);
    let (engine, meeting, _database) = duty(Operations::new().add(spec)).await;
    assert_eq!(codes(both(&engine, "cross").await), ["null", "serialization"]);
    assert_eq!((on_duty(&engine).await, meeting.runs()), (4, 2), "without `.retry(…)` it is not");
}

#[tokio::test]
async fn only_a_lost_race_is_run_again() {
    let spec = ServiceSpec::from_fn("refuse", refuse).allow(Anyone).retry(Retry::times(3));
    let (engine, meeting, _database) = duty(Operations::new().add(spec)).await;
    let error = call(&engine, "refuse", "{}", OnDisconnect::Cancel).await.unwrap_err();
    assert_eq!((error.code(), meeting.runs(), retries(&engine)), ("refused", 1, 0));
}

struct Wire(DelayProxy);

async fn add(tx: &mut Tx, Args(Number { n }): Args<Number>, wire: State<Wire>, meeting: State<Meeting>) -> Result<()> {
    meeting.begin();
    insert(tx, n).await?;
    wire.0.0.break_on_next_message();
    Ok(())
}

/// COMMIT was sent: whether it happened nobody knows, so that a second run could be a second effect.
#[tokio::test]
async fn an_unknown_outcome_is_not_run_again() {
    let database = TestDatabase::postgres().await;
    let proxy = DelayProxy::before(diptych_testkit::server_address(diptych::Backend::Postgres)).await;
    let db = Db::connect(&database.url_through(proxy.address())).await.unwrap();
    crate::counter::create_table(&db).await;
    let meeting = Meeting::new();
    let spec = ServiceSpec::from_fn("add", add).allow(Anyone).retry(Retry::times(3));
    let builder = Engine::builder(db).operations(Operations::new().add(spec)).state(Wire(proxy));
    let engine = builder.state(meeting.clone()).build().unwrap();
    let error = call(&engine, "add", "{\"n\": 1}", OnDisconnect::Cancel).await.unwrap_err();
    assert_eq!((error.kind(), meeting.runs(), retries(&engine)), (ErrorKind::OutcomeUnknown, 1, 0));
}

async fn plain_add(tx: &mut Tx, Args(Number { n }): Args<Number>) -> Result<u64> {
    insert(tx, n).await
}

/// Another program has the write lock of the file.
async fn locked(retry: Retry) -> (Engine, SqliteConnection, TestDatabase) {
    let database = TestDatabase::new(Backend::Sqlite).await;
    let options = DbOptions { busy_timeout: Duration::from_millis(1), ..DbOptions::default() };
    let db = Db::connect_with(database.url(), options).await.unwrap();
    crate::counter::create_table(&db).await;
    let spec = ServiceSpec::from_fn("add", plain_add).allow(Anyone).retry(retry);
    let engine = Engine::builder(db).operations(Operations::new().add(spec)).build().unwrap();
    let mut other = SqliteConnection::connect(database.url()).await.unwrap();
    sqlx::query("BEGIN IMMEDIATE").execute(&mut other).await.unwrap();
    (engine, other, database)
}

#[tokio::test]
async fn a_locked_file_is_tried_as_often_as_was_said() {
    let (engine, _other, _database) = locked(Retry::times(4)).await;
    let error = call(&engine, "add", "{\"n\": 1}", OnDisconnect::Cancel).await.unwrap_err();
    assert_eq!((error.code(), retries(&engine)), ("serialization", 4));
}

#[tokio::test]
async fn once_a_file_is_free_the_call_goes_through() {
    let (engine, mut other, _database) = locked(Retry::times(10)).await;
    let calling = call(&engine, "add", "{\"n\": 1}", OnDisconnect::Cancel);
    let freeing = async {
        while retries(&engine) == 0 {
            tokio::task::yield_now().await;
        }
        sqlx::query("ROLLBACK").execute(&mut other).await.unwrap();
    };
    let (done, ()) = tokio::join!(calling, freeing);
    assert_eq!(done.unwrap(), "1");
}
