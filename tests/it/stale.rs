//! Trap 10: plans that DDL made stale, and text that must never become SQL.

use crate::counter::{App, Postgres, call};
use diptych::{Anyone, Db, Engine, Limit, Operations, Result, ServiceSpec, Tx, query, query_as};
use diptych_pipeline::OnDisconnect;

#[tokio::test]
async fn a_plan_that_a_schema_change_made_stale_is_planned_again() {
    let app = App::on(Postgres).await;
    app.add(1).await.unwrap();
    let other = Db::connect(app.database.url()).await.unwrap();
    let alter = [
        "ALTER TABLE numbers ADD COLUMN a TEXT",
        "ALTER TABLE numbers ADD COLUMN b TEXT",
        "ALTER TABLE numbers ADD COLUMN c TEXT",
    ];
    for sql in alter {
        for _ in 0..8 {
            assert_eq!(app.call("star", "{}").await.unwrap(), "1");
        }
        let mut tx = other.begin().await.unwrap();
        query(sql).execute(&mut tx).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(app.call("star", "{}").await.unwrap(), "1", "after {sql}");
    }
}

async fn star(tx: &mut Tx) -> Result<usize> {
    let rows: Vec<crate::counter::Stored> = query_as("SELECT * FROM numbers").all(tx).await?;
    Ok(rows.len())
}

#[tokio::test]
async fn in_a_service_too() {
    let app = App::on(Postgres).await;
    app.add(1).await.unwrap();
    // The call that is planned again is still one call: the fourth.
    let calls = Limit::per_day(4);
    let operations = Operations::new().add(ServiceSpec::from_fn("star", star).allow(Anyone).limit(calls));
    let engine = Engine::builder(app.engine.db().clone()).operations(operations).build().unwrap();
    for _ in 0..3 {
        call(&engine, "star", "{}", OnDisconnect::Cancel).await.unwrap();
    }
    let mut tx = Db::connect(app.database.url()).await.unwrap().begin().await.unwrap();
    query("ALTER TABLE numbers ADD COLUMN a TEXT").execute(&mut tx).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(call(&engine, "star", "{}", OnDisconnect::Cancel).await.unwrap(), "1");
    let error = call(&engine, "star", "{}", OnDisconnect::Cancel).await.unwrap_err();
    assert_eq!(error.code(), "rate_limited");
}
