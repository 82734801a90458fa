//! Plain sqlx: a handler that takes one database's own connection.

use crate::counter::{EVERY, Number, call, create_table, numbers};
use diptych::{
    Anyone, Backend, Conn, Db, Engine, ErrorKind, Instance, Operations, Result, SelectorSpec, ServiceSpec, db_error,
};
use diptych_pipeline::OnDisconnect;
use diptych_spec::{AnswerValue, Args};
use diptych_testkit::TestDatabase;
use sqlx::{PgConnection, SqliteConnection};

async fn add_pg(pg: &mut PgConnection, Args(Number { n }): Args<Number>) -> Result<()> {
    sqlx::query("INSERT INTO numbers (n) VALUES ($1)").bind(n).execute(pg).await.map_err(db_error)?;
    Ok(())
}

/// Ignores that its statement failed: on PostgreSQL nothing is kept after that, and COMMIT would still say yes.
async fn ignore_pg(pg: &mut PgConnection, Args(Number { n }): Args<Number>) -> Result<()> {
    for _ in 0..2 {
        let _ = sqlx::query("INSERT INTO numbers (n) VALUES ($1)").bind(n).execute(&mut *pg).await;
    }
    Ok(())
}

async fn count_pg(pg: &mut PgConnection) -> Result<AnswerValue<i64>> {
    sqlx::query_scalar("SELECT COUNT(*) FROM numbers").fetch_one(pg).await.map(AnswerValue).map_err(db_error)
}

async fn write_pg(pg: &mut PgConnection) -> Result<AnswerValue<bool>> {
    sqlx::query("INSERT INTO numbers (n) VALUES (666)").execute(pg).await.map(|_| AnswerValue(true)).map_err(db_error)
}

async fn add_sqlite(sqlite: &mut SqliteConnection, Args(Number { n }): Args<Number>) -> Result<()> {
    sqlx::query("INSERT INTO numbers (n) VALUES ($1)").bind(n).execute(sqlite).await.map_err(db_error)?;
    Ok(())
}

async fn count_sqlite(sqlite: &mut SqliteConnection) -> Result<AnswerValue<i64>> {
    sqlx::query_scalar("SELECT COUNT(*) FROM numbers").fetch_one(sqlite).await.map(AnswerValue).map_err(db_error)
}

async fn row_pg(pg: &mut PgConnection, Args(Number { n }): Args<Number>) -> Result<Option<i64>> {
    sqlx::query_scalar("SELECT n FROM numbers WHERE n = $1").bind(n).fetch_optional(pg).await.map_err(db_error)
}

async fn portable(_: &mut Conn, target: Instance<i64>) -> Result<i64> {
    Ok(target.0)
}

async fn database(backend: Backend) -> (Db, TestDatabase) {
    let database = TestDatabase::new(backend).await;
    let db = Db::connect(database.url()).await.unwrap();
    create_table(&db).await;
    (db, database)
}

fn postgres_operations() -> Operations {
    Operations::new()
        .add(ServiceSpec::from_fn("add", add_pg).allow(Anyone))
        .add(ServiceSpec::from_fn("ignore", ignore_pg).allow(Anyone))
        .add(SelectorSpec::from_fn("count", count_pg).allow(Anyone))
        .add(SelectorSpec::from_fn("write", write_pg).allow(Anyone))
        .add(ServiceSpec::from_fn("portable", portable).allow(Anyone).target(SelectorSpec::from_fn("row", row_pg)))
}

fn sqlite_operations() -> Operations {
    Operations::new()
        .add(ServiceSpec::from_fn("add", add_sqlite).allow(Anyone))
        .add(SelectorSpec::from_fn("count", count_sqlite).allow(Anyone))
}

#[tokio::test]
async fn it_runs_in_the_operations_own_transaction() {
    for (backend, operations) in EVERY.into_iter().zip([sqlite_operations(), postgres_operations()]) {
        let (db, _database) = database(backend).await;
        let engine = Engine::builder(db).operations(operations).build().unwrap();
        let run = async |name: &str, arguments: &str| call(&engine, name, arguments, OnDisconnect::Cancel).await;
        for round in 1..=20 {
            run("add", &format!("{{\"n\": {round}}}")).await.unwrap();
            assert_eq!(run("count", "{}").await.unwrap(), round.to_string(), "{backend}");
        }
        let error = run("add", "{\"n\": 1}").await.unwrap_err();
        assert_eq!((error.kind(), error.code()), (ErrorKind::Conflict, "unique"), "{backend}");
    }
}

#[tokio::test]
async fn a_failure_that_nobody_reported_is_noticed_before_commit() {
    let (db, _database) = database(Backend::Postgres).await;
    let engine = Engine::builder(db).operations(postgres_operations()).build().unwrap();
    let error = call(&engine, "ignore", "{\"n\": 1}", OnDisconnect::Cancel).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Internal);
    assert_eq!(numbers(engine.db()).await, [0i64; 0]);
    let error = call(&engine, "write", "{}", OnDisconnect::Cancel).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Internal, "a selector's connection is read-only whole, too");
}

#[tokio::test]
async fn another_database_is_refused_at_build() {
    for (backend, operations) in EVERY.into_iter().zip([postgres_operations(), sqlite_operations()]) {
        let (db, _database) = database(backend).await;
        let mistakes = Engine::builder(db).operations(operations.clone()).build().unwrap_err();
        assert_eq!(mistakes.as_slice().len(), operations.as_slice().len(), "each of them: {mistakes}");
        let wanted = if backend == Backend::Sqlite {
            "takes a PostgreSQL connection, but the database is SQLite"
        } else {
            "takes a SQLite connection, but the database is PostgreSQL"
        };
        assert!(mistakes.as_slice().iter().all(|mistake| mistake.message() == wanted), "{mistakes}");
    }
}
