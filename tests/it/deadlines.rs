//! A deadline that is declared reaches the database, also one that is longer than what a statement may take elsewhere.

use diptych::{
    Anyone, Backend, Conn, Db, DbOptions, Engine, ErrorKind, Operations, Result, SelectorSpec, ServiceSpec, Tx,
    query_scalar,
};
use diptych_pipeline::OnDisconnect;
use diptych_spec::AnswerValue;
use diptych_testkit::TestDatabase;
use std::time::Duration;

const SLEEP: &str = "SELECT 1::BIGINT FROM pg_sleep(0.4)";

async fn read(conn: &mut Conn) -> Result<AnswerValue<i64>> {
    query_scalar(SLEEP).one(conn).await.map(AnswerValue)
}

async fn write(tx: &mut Tx) -> Result<i64> {
    query_scalar(SLEEP).one(tx).await
}

#[tokio::test]
async fn statements_may_take_as_long_as_is_declared_and_no_longer() {
    let database = TestDatabase::new(Backend::Postgres).await;
    let options = DbOptions { statement_timeout: Duration::from_millis(100), ..DbOptions::default() };
    let db = Db::connect_with(database.url(), options).await.unwrap();
    // Nothing has been declared yet: the option holds.
    let error = query_scalar::<i64>(SLEEP).one(&mut db.read().await.unwrap()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Deadline);
    let settings = diptych::Settings { deadline: Duration::from_millis(50), ..diptych::Settings::default() };
    let long = Duration::from_secs(20);
    let operations = Operations::new()
        .add(SelectorSpec::from_fn("read", read).allow(Anyone).deadline(long))
        .add(ServiceSpec::from_fn("write", write).allow(Anyone).deadline(long))
        .add(SelectorSpec::from_fn("short_read", read).allow(Anyone))
        .add(ServiceSpec::from_fn("short_write", write).allow(Anyone).deadline(Duration::from_millis(100)));
    let engine = Engine::builder(db).operations(operations).settings(settings).build().unwrap();
    for name in ["read", "write"] {
        let answer = crate::counter::call(&engine, name, "{}", OnDisconnect::Cancel).await;
        assert_eq!(answer.unwrap(), "1", "{name}");
    }
    for name in ["short_read", "short_write"] {
        let answer = crate::counter::call(&engine, name, "{}", OnDisconnect::Cancel).await;
        assert_eq!(answer.unwrap_err().kind(), ErrorKind::Deadline, "{name}");
    }
}
