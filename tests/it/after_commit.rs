//! What a service leaves to be done after COMMIT: done when it was, dropped when it was not, and nobody waits for it but a server that
//! stops.

use crate::counter::{EVERY, Number, call, create_table, insert, numbers};
use diptych::{
    Anyone, Backend, Db, DbOptions, Engine, Error, ErrorKind, Operations, Result, Retry, ServiceSpec, State, Tx,
};
use diptych_pipeline::OnDisconnect;
use diptych_spec::Args;
use diptych_testkit::{DelayProxy, TestDatabase};
use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};
use tokio::sync::Notify;

/// What was done, and what lets it go on.
#[derive(Clone, Default)]
struct Done {
    numbers: Arc<Mutex<Vec<i64>>>,
    runs: Arc<AtomicUsize>,
    go: Arc<Notify>,
}

impl Done {
    fn note(&self, n: i64) {
        self.numbers.lock().unwrap().push(n);
    }

    fn take(&self) -> Vec<i64> {
        std::mem::take(&mut *self.numbers.lock().unwrap())
    }

    /// Leaves it to be noted.
    fn leave(&self, tx: &mut Tx, n: i64) {
        let done = self.clone();
        tx.after_commit(async move { done.note(n) });
    }
}

async fn add(tx: &mut Tx, Args(Number { n }): Args<Number>, done: State<Done>) -> Result<()> {
    done.leave(tx, n);
    insert(tx, n).await.map(drop)
}

/// Notes how many numbers somebody else sees by then.
async fn count(tx: &mut Tx, Args(Number { n }): Args<Number>, db: Db, done: State<Done>) -> Result<()> {
    insert(tx, n).await?;
    let done = done.0.clone();
    tx.after_commit(async move { done.note(numbers(&db).await.len() as i64) });
    Ok(())
}

async fn wait(tx: &mut Tx, Args(Number { n }): Args<Number>, done: State<Done>) -> Result<()> {
    let waiting = Arc::clone(&done.0);
    tx.after_commit(async move {
        waiting.go.notified().await;
        waiting.note(n);
    });
    done.leave(tx, n + 1);
    insert(tx, n).await.map(drop)
}

async fn fail(tx: &mut Tx, number: Args<Number>, done: State<Done>) -> Result<()> {
    add(tx, number, done).await?;
    Err(Error::conflict("refused", "refused on purpose"))
}

async fn panics(tx: &mut Tx, number: Args<Number>, done: State<Done>) -> Result<()> {
    add(tx, number, done).await?;
    panic!("on purpose")
}

async fn hang(tx: &mut Tx, number: Args<Number>, done: State<Done>) -> Result<()> {
    add(tx, number, done).await?;
    std::future::pending().await
}

/// Loses once.
async fn lose(tx: &mut Tx, number: Args<Number>, done: State<Done>) -> Result<()> {
    let run = done.runs.fetch_add(1, Ordering::SeqCst);
    add(tx, number, State(Arc::clone(&done.0))).await?;
    if run == 0 {
        return Err(Error::new(ErrorKind::Unavailable, "serialization", "another call was changing the same rows"));
    }
    Ok(())
}

/// Leaves 1, then 2 and 3 in savepoints of which the second fails around an inner one that does not, then 5.
async fn savepoints(tx: &mut Tx, done: State<Done>) -> Result<()> {
    done.leave(tx, 1);
    tx.savepoint(async |tx| {
        done.leave(tx, 2);
        Ok::<_, Error>(())
    })
    .await?;
    let failed: Result<()> = tx
        .savepoint(async |tx| {
            done.leave(tx, 3);
            tx.savepoint(async |tx| {
                done.leave(tx, 4);
                Ok::<_, Error>(())
            })
            .await?;
            Err(Error::conflict("inner", "undone"))
        })
        .await;
    assert_eq!(failed.unwrap_err().code(), "inner");
    done.leave(tx, 5);
    Ok(())
}

/// The first of three panics, the second hangs.
async fn breaks(tx: &mut Tx, done: State<Done>) -> Result<()> {
    tx.after_commit(async { panic!("on purpose") });
    tx.after_commit(std::future::pending());
    done.leave(tx, 3);
    Ok(())
}

fn operations() -> Operations {
    let short = Duration::from_millis(100);
    Operations::new()
        .add(ServiceSpec::from_fn("add", add).allow(Anyone).dry_run(true))
        .add(ServiceSpec::from_fn("count", count).allow(Anyone))
        .add(ServiceSpec::from_fn("wait", wait).allow(Anyone))
        .add(ServiceSpec::from_fn("fail", fail).allow(Anyone))
        .add(ServiceSpec::from_fn("panic", panics).allow(Anyone))
        .add(ServiceSpec::from_fn("hang", hang).allow(Anyone).deadline(short))
        .add(ServiceSpec::from_fn("lose", lose).allow(Anyone).retry(Retry::times(3)))
        .add(ServiceSpec::from_fn("savepoints", savepoints).allow(Anyone))
        .add(ServiceSpec::from_fn("breaks", breaks).allow(Anyone))
}

async fn at(url: &str) -> (Engine, Done) {
    let options = DbOptions { after_commit_deadline: Duration::from_millis(300), ..DbOptions::default() };
    let db = Db::connect_with(url, options).await.unwrap();
    create_table(&db).await;
    let done = Done::default();
    (Engine::builder(db).operations(operations()).state(done.clone()).build().unwrap(), done)
}

async fn on(backend: Backend) -> (Engine, Done, TestDatabase) {
    let database = TestDatabase::new(backend).await;
    let (engine, done) = at(database.url()).await;
    (engine, done, database)
}

async fn run(engine: &Engine, name: &str, arguments: &str) -> Result<String> {
    let answered = call(engine, name, arguments, OnDisconnect::Cancel).await;
    engine.drain().await;
    answered
}

#[tokio::test]
async fn it_is_done_once_what_was_done_can_be_seen() {
    for backend in EVERY {
        let (engine, done, _database) = on(backend).await;
        for n in 1..=3 {
            run(&engine, "count", &format!("{{\"n\": {n}}}")).await.unwrap();
        }
        assert_eq!(done.take(), [1, 2, 3], "{backend}");
    }
}

#[tokio::test]
async fn nobody_waits_for_it_but_a_server_that_stops() {
    for backend in EVERY {
        let (engine, done, _database) = on(backend).await;
        call(&engine, "wait", "{\"n\": 1}", OnDisconnect::Cancel).await.unwrap();
        assert_eq!(done.take(), [0i64; 0], "{backend}: the answer is there before");
        let drained = engine.drain();
        done.go.notify_one();
        drained.await;
        assert_eq!(done.take(), [1, 2], "{backend}: one after the other");
    }
}

#[tokio::test]
async fn it_is_dropped_with_whatever_is_rolled_back() {
    for backend in EVERY {
        let (engine, done, _database) = on(backend).await;
        for name in ["fail", "panic", "hang"] {
            run(&engine, name, "{\"n\": 1}").await.unwrap_err();
            assert_eq!(done.take(), [0i64; 0], "{name} on {backend}");
        }
        run(&engine, "add", "{\"n\": 1, \"dry_run\": true}").await.unwrap();
        assert_eq!(done.take(), [0i64; 0], "a dry run on {backend}");
        run(&engine, "add", "{\"n\": 1}").await.unwrap();
        assert_eq!(done.take(), [1], "{backend}");
        run(&engine, "lose", "{\"n\": 2}").await.unwrap();
        assert_eq!((done.take(), done.runs.load(Ordering::SeqCst)), (vec![2], 2), "the run that lost on {backend}");
        run(&engine, "savepoints", "{}").await.unwrap();
        assert_eq!(done.take(), [1, 2, 5], "{backend}");
    }
}

#[tokio::test]
async fn one_that_breaks_harms_nothing() {
    for backend in EVERY {
        let (engine, done, _database) = on(backend).await;
        run(&engine, "breaks", "{}").await.unwrap();
        assert_eq!(done.take(), [3], "{backend}");
        run(&engine, "add", "{\"n\": 1}").await.unwrap();
        assert_eq!(done.take(), [1], "{backend}");
    }
}

#[tokio::test]
async fn it_is_dropped_when_nobody_knows_whether_it_was_committed() {
    let database = TestDatabase::postgres().await;
    let proxy = DelayProxy::before(diptych_testkit::server_address(diptych::Backend::Postgres)).await;
    let (engine, done) = at(&database.url_through(proxy.address())).await;
    run(&engine, "add", "{\"n\": 1}").await.unwrap();
    let before = proxy.messages();
    run(&engine, "add", "{\"n\": 2}").await.unwrap();
    // COMMIT is the last message of a call.
    proxy.lose_answer_after_messages(proxy.messages() - before - 1);
    done.take();
    let error = run(&engine, "add", "{\"n\": 3}").await.unwrap_err();
    assert_eq!((error.kind(), done.take()), (ErrorKind::OutcomeUnknown, vec![]));
    proxy.mend();
    let fresh = Db::connect(database.url()).await.unwrap();
    assert_eq!(numbers(&fresh).await, [1, 2, 3], "here it was");
}

#[tokio::test]
async fn a_transaction_outside_of_operations_has_it_too() {
    for backend in EVERY {
        let (engine, done, _database) = on(backend).await;
        for keep in [true, false] {
            let mut tx = engine.db().begin().await.unwrap();
            done.leave(&mut tx, 1);
            if keep {
                tx.commit().await.unwrap();
            } else {
                tx.rollback().await;
            }
            engine.drain().await;
            assert_eq!(done.take(), if keep { vec![1] } else { vec![] }, "{backend}");
        }
    }
}
