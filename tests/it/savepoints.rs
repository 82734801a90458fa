//! Trap 9: surviving a failing statement, and not believing a COMMIT that keeps nothing.

use crate::counter::{EVERY, create_table, insert, numbers};
use diptych::{Anyone, Backend, Db, Engine, ErrorKind, Operations, Result, ServiceSpec, Tx};
use diptych_pipeline::OnDisconnect;
use diptych_testkit::TestDatabase;

async fn engine(backend: Backend) -> (Engine, TestDatabase) {
    let database = TestDatabase::new(backend).await;
    let db = Db::connect(database.url()).await.unwrap();
    create_table(&db).await;
    let operations = Operations::new()
        .add(ServiceSpec::from_fn("survives", survives).allow(Anyone))
        .add(ServiceSpec::from_fn("ignores", ignores).allow(Anyone))
        .add(ServiceSpec::from_fn("tears", tears).allow(Anyone));
    (Engine::builder(db).operations(operations).build().unwrap(), database)
}

/// Adds 1, fails to add it again in a savepoint, adds 2.
async fn survives(tx: &mut Tx) -> Result<()> {
    insert(tx, 1).await?;
    let again = tx.savepoint(async |tx| insert(tx, 1).await).await;
    assert_eq!(again.unwrap_err().code(), "unique");
    let nested: Result<()> = tx
        .savepoint(async |tx| {
            insert(tx, 3).await?;
            tx.savepoint(async |tx| insert(tx, 4).await).await?;
            Err(diptych::Error::conflict("inner", "undone"))
        })
        .await;
    assert_eq!(nested.unwrap_err().code(), "inner");
    tx.savepoint(async |tx| insert(tx, 2).await).await?;
    Ok(())
}

/// Ignores a failing statement without a savepoint.
async fn ignores(tx: &mut Tx) -> Result<()> {
    insert(tx, 1).await?;
    let _ = insert(tx, 1).await;
    Ok(())
}

/// Drops a savepoint half-way.
async fn tears(tx: &mut Tx) -> Result<()> {
    insert(tx, 1).await?;
    let half_way = tokio::sync::Notify::new();
    let stuck = tx.savepoint(async |tx| -> Result<()> {
        insert(tx, 2).await?;
        half_way.notify_one();
        std::future::pending().await
    });
    tokio::select! {
        done = stuck => done,
        () = half_way.notified() => Ok(()),
    }
}

#[tokio::test]
async fn a_savepoint_undoes_only_itself() {
    for backend in EVERY {
        let (engine, _database) = engine(backend).await;
        crate::counter::call(&engine, "survives", "{}", OnDisconnect::Cancel).await.unwrap();
        assert_eq!(numbers(engine.db()).await, [1, 2], "{backend}");
    }
}

#[tokio::test]
async fn a_failed_statement_that_was_ignored_is_not_answered_with_success() {
    let (engine, _database) = engine(Backend::Postgres).await;
    let error = crate::counter::call(&engine, "ignores", "{}", OnDisconnect::Cancel).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Internal);
    assert_eq!(numbers(engine.db()).await, [0i64; 0]);
}

#[tokio::test]
async fn a_savepoint_dropped_half_way_undoes_everything() {
    for backend in EVERY {
        let (engine, _database) = engine(backend).await;
        let error = crate::counter::call(&engine, "tears", "{}", OnDisconnect::Cancel).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Internal, "{backend}");
        assert_eq!(numbers(engine.db()).await, [0i64; 0], "{backend}");
        crate::counter::call(&engine, "survives", "{}", OnDisconnect::Cancel).await.unwrap();
    }
}
