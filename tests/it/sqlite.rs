//! Traps 3 and 4: SQLite's one write lock.

use crate::counter::{App, Sqlite};
use diptych::{Anyone, Db, Engine, Operations, Result, ServiceSpec, Tx, query, query_scalar};
use diptych_pipeline::OnDisconnect;
use diptych_testkit::TestDatabase;

/// Reads, then writes: under `BEGIN DEFERRED` nine of ten such transactions fail at once when they meet.
async fn next(tx: &mut Tx) -> Result<i64> {
    let last: i64 = query_scalar("SELECT COALESCE(MAX(n), 0) FROM numbers").one(tx).await?;
    tokio::task::yield_now().await;
    query("INSERT INTO numbers (n) VALUES ($1)").bind(last + 1).execute(tx).await?;
    Ok(last + 1)
}

#[tokio::test(flavor = "multi_thread")]
async fn forty_writers_at_once_all_succeed() {
    let database = TestDatabase::sqlite();
    let db = Db::connect(database.url()).await.unwrap();
    crate::counter::create_table(&db).await;
    // A second process on the same file, with locks of its own.
    let other = Db::connect(database.url()).await.unwrap();
    let operations = || Operations::new().add(ServiceSpec::from_fn("next", next).allow(Anyone));
    let engines = [
        Engine::builder(db).operations(operations()).build().unwrap(),
        Engine::builder(other).operations(operations()).build().unwrap(),
    ];
    let calls: Vec<_> = (0..40)
        .map(|n| {
            let engine = engines[n % 2].clone();
            tokio::spawn(async move { crate::counter::call(&engine, "next", "{}", OnDisconnect::Cancel).await })
        })
        .collect();
    for call in calls {
        call.await.unwrap().unwrap();
    }
    assert_eq!(crate::counter::numbers(engines[0].db()).await, (1..=40).collect::<Vec<i64>>());
}

#[tokio::test]
async fn the_file_is_set_up_for_many_readers_and_one_writer() {
    let app = App::on(Sqlite).await;
    let mut tx = app.engine.db().begin().await.unwrap();
    let journal: String = query_scalar("SELECT journal_mode FROM pragma_journal_mode").one(&mut tx).await.unwrap();
    let keys: i64 = query_scalar("SELECT foreign_keys FROM pragma_foreign_keys").one(&mut tx).await.unwrap();
    let synchronous: i64 = query_scalar("SELECT synchronous FROM pragma_synchronous").one(&mut tx).await.unwrap();
    assert_eq!((journal.as_str(), keys, synchronous), ("wal", 1, 1));
    // A reader does not wait for the writer.
    assert_eq!(app.call("count", "{}").await.unwrap(), "0");
    tx.rollback().await;
}

#[tokio::test]
async fn a_database_in_memory_is_refused_with_the_remedy() {
    let error = Db::connect("sqlite::memory:").await.unwrap_err();
    assert!(error.detail().contains("use a file"), "{error}");
    let error = Db::connect("mongodb://localhost").await.unwrap_err();
    assert!(error.detail().contains("sqlite:"), "{error}");
}
