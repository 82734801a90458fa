//! COMMIT: runs to its end, and says so when nobody can know.

use crate::counter::{Number, insert, numbers};
use diptych::{Anyone, Db, Engine, ErrorKind, Operations, Result, ServiceSpec, State, Tx};
use diptych_pipeline::OnDisconnect;
use diptych_spec::Args;
use diptych_testkit::{DelayProxy, TestDatabase};
use std::time::Duration;

/// The wire, and what is done to it right before COMMIT.
struct Wire {
    proxy: DelayProxy,
    before_commit: fn(&DelayProxy),
}

async fn engine(before_commit: fn(&DelayProxy)) -> (Engine, TestDatabase) {
    let database = TestDatabase::postgres().await;
    let proxy = DelayProxy::before(diptych_testkit::server_address(diptych::Backend::Postgres)).await;
    let db = Db::connect(&database.url_through(proxy.address())).await.unwrap();
    crate::counter::create_table(&db).await;
    let operations =
        Operations::new().add(ServiceSpec::from_fn("add", add).allow(Anyone).deadline(Duration::from_secs(2)));
    let operations = operations.add(ServiceSpec::from_fn("fail", fail).allow(Anyone));
    let engine = Engine::builder(db).operations(operations).state(Wire { proxy, before_commit }).build().unwrap();
    (engine, database)
}

async fn add(tx: &mut Tx, Args(Number { n }): Args<Number>, wire: State<Wire>) -> Result<()> {
    insert(tx, n).await?;
    (wire.before_commit)(&wire.proxy);
    Ok(())
}

async fn fail(tx: &mut Tx, number: Args<Number>, wire: State<Wire>) -> Result<()> {
    add(tx, number, wire).await?;
    Err(diptych::Error::conflict("refused", "refused on purpose"))
}

/// Trap 8: a rollback on drop is only queued. Here it takes its time on the wire, and the answer waits for it: right after,
/// somebody else locks the table without waiting.
#[tokio::test]
async fn a_failure_is_rolled_back_before_it_is_answered() {
    let (engine, database) = engine(|proxy| proxy.delay(Duration::from_millis(300))).await;
    let other = Db::connect(database.url()).await.unwrap();
    other.begin().await.unwrap().rollback().await;
    let error = crate::counter::call(&engine, "fail", "{\"n\": 1}", OnDisconnect::Cancel).await.unwrap_err();
    assert_eq!(error.code(), "refused");
    let mut tx = other.begin().await.unwrap();
    diptych::query("LOCK TABLE numbers IN ACCESS EXCLUSIVE MODE NOWAIT").execute(&mut tx).await.unwrap();
    tx.rollback().await;
}

/// Trap 2: a COMMIT that was sent commits, whatever the deadline says. Answering "failed" would be a lie.
#[tokio::test]
async fn a_commit_that_outlasts_the_deadline_is_a_success() {
    let (engine, _database) = engine(|proxy| proxy.delay(Duration::from_secs(3))).await;
    crate::counter::call(&engine, "add", "{\"n\": 1}", OnDisconnect::Cancel).await.unwrap();
}

#[tokio::test]
async fn a_commit_whose_answer_is_lost_is_an_unknown_outcome() {
    let (engine, database) = engine(DelayProxy::break_on_next_message).await;
    let error = crate::counter::call(&engine, "add", "{\"n\": 1}", OnDisconnect::Cancel).await.unwrap_err();
    assert_eq!((error.kind(), error.code()), (ErrorKind::OutcomeUnknown, "outcome_unknown"));
    assert!(error.error_id().is_some());
    let fresh = Db::connect(database.url()).await.unwrap();
    assert_eq!(numbers(&fresh).await, [0i64; 0], "here COMMIT never arrived; the caller could not know");
}
