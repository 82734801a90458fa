//! All or nothing: error, panic, deadline, and the state of the connection afterwards.

use crate::counter::{App, EVERY, call};
use diptych::{Anyone, Backend, Engine, ErrorKind, Operations, Result, ServiceSpec, Tx, query, query_scalar};
use diptych_pipeline::OnDisconnect;

#[tokio::test]
async fn success_commits_and_every_failure_rolls_back() {
    for backend in EVERY {
        let app = App::on(backend).await;
        assert_eq!(app.add(1).await.unwrap(), "1");
        for (name, kind) in
            [("fail", ErrorKind::Conflict), ("panic", ErrorKind::Internal), ("hang", ErrorKind::Deadline)]
        {
            let error = app.call(name, "{\"n\": 2}").await.unwrap_err();
            assert_eq!(error.kind(), kind, "{name} on {backend}");
            assert_eq!(app.numbers().await, [1], "{name} on {backend} left nothing");
        }
        app.assert_healthy().await;
    }
}

async fn backend_pid(tx: &mut Tx) -> Result<i32> {
    query_scalar("SELECT pg_backend_pid()").one(tx).await
}

/// Trap 8: a failure is rolled back, and the connection goes on; it is not thrown away with what was done on it.
#[tokio::test]
async fn a_connection_survives_the_failures_on_it() {
    let app = App::on(Backend::Postgres).await;
    let operations = Operations::new().add(ServiceSpec::from_fn("pid", backend_pid).allow(Anyone));
    let engine = Engine::builder(app.engine.db().clone()).operations(operations).build().unwrap();
    let pid = async || call(&engine, "pid", "{}", OnDisconnect::Cancel).await.unwrap();
    let before = pid().await;
    for name in ["fail", "panic", "hang"] {
        app.call(name, "{\"n\": 2}").await.unwrap_err();
        assert_eq!(pid().await, before, "after {name}");
    }
}

async fn change_tables(tx: &mut Tx) -> Result<()> {
    crate::counter::insert(tx, 2).await?;
    query("CREATE TABLE others (n BIGINT)").execute(tx).await.map(drop)
}

/// MySQL would commit what was done before it.
#[tokio::test]
async fn a_statement_that_commits_by_itself_is_not_sent() {
    let app = App::on(Backend::MySql).await;
    let operations = Operations::new().add(ServiceSpec::from_fn("change_tables", change_tables).allow(Anyone));
    let engine = Engine::builder(app.engine.db().clone()).operations(operations).build().unwrap();
    let error = call(&engine, "change_tables", "{}", OnDisconnect::Cancel).await.unwrap_err();
    let cause = std::error::Error::source(&error).unwrap().to_string();
    assert!(error.kind() == ErrorKind::Internal && cause.contains("a service sends CREATE"), "{cause}");
    assert_eq!(app.numbers().await, Vec::<i64>::new());
    assert_eq!(app.add(2).await.unwrap(), "1");
}

#[tokio::test]
async fn an_unexpected_error_keeps_its_cause_to_itself() {
    for backend in EVERY {
        let app = App::on(backend).await;
        let error = app.call("panic", "{\"n\": 2}").await.unwrap_err();
        let problem = serde_json::to_value(error.problem()).unwrap();
        assert_eq!(problem["detail"], "an unexpected error occurred");
        assert_eq!(problem["error_id"].as_str().unwrap().len(), 32);
        let error = app.add(1).await.and(app.add(1).await).unwrap_err();
        let problem = serde_json::to_string(&error.problem()).unwrap();
        assert_eq!((error.kind(), error.code()), (ErrorKind::Conflict, "unique"), "{backend}");
        assert!(!problem.contains("numbers") && !problem.contains("INSERT"), "{problem}");
    }
}

#[tokio::test]
async fn a_selector_cannot_write() {
    // Trap 6: its connection was opened read-only.
    for backend in EVERY {
        let app = App::on(backend).await;
        let error = app.call("writes", "{}").await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Internal, "{backend}");
        assert_eq!(app.numbers().await, [0i64; 0]);
        app.assert_healthy().await;
    }
}

#[tokio::test]
async fn a_connection_that_outlives_its_runtime_is_dropped_without_a_panic() {
    // Trap 8: giving it back spawns a task, for which there is no runtime any more.
    for backend in EVERY {
        let app = App::on(backend).await;
        let url = app.database.url().to_owned();
        let conn = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async { diptych::Db::connect(&url).await.unwrap().read().await.unwrap() })
        });
        let conn = conn.join().unwrap();
        std::thread::spawn(move || drop(conn)).join().unwrap();
    }
}
