//! How the targets of calls within calls are locked: each as its own operation declares. Only PostgreSQL locks rows.

use crate::counter::{Number, Postgres, Stored, call, create_table, insert};
use diptych::{
    Anyone, Calls, Conn, Db, Engine, Instance, Lock, Operations, Result, SelectorSpec, ServiceSpec, Tx, query, query_as,
};
use diptych_pipeline::OnDisconnect;
use diptych_spec::Args;
use diptych_testkit::TestDatabase;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

async fn number(conn: &mut Conn, Args(Number { n }): Args<Number>) -> Result<Option<Stored>> {
    query_as("SELECT id, n FROM numbers WHERE n = $1").bind(n).optional(conn).await
}

/// Whether somebody else would have to wait for the row.
async fn is_locked(_: &mut Tx, Instance(row): Instance<Stored>, db: Db) -> Result<bool> {
    let mut other = db.begin().await?;
    let taken = query("SELECT id FROM numbers WHERE id = $1 FOR UPDATE NOWAIT").bind(row.id).execute(&mut other).await;
    other.rollback().await;
    Ok(taken.is_err())
}

#[derive(Deserialize, JsonSchema)]
struct What {
    what: String,
    given: Value,
}

/// Calls `what`, and says whether its own row is locked, too.
async fn through(
    tx: &mut Tx,
    row: Instance<Stored>,
    Args(What { what, given }): Args<What>,
    calls: Calls,
    db: Db,
) -> Result<(bool, Value)> {
    let called = calls.call_by_name(tx, &what, &given).await?;
    Ok((is_locked(tx, row, db).await?, called))
}

fn operations() -> Operations {
    let target = || SelectorSpec::from_fn("number", number);
    let one = |name: &'static str, lock: Lock| {
        ServiceSpec::from_fn(name, is_locked).allow(Anyone).target(target()).lock(lock)
    };
    let outer = |name: &'static str, lock: Lock| {
        ServiceSpec::from_fn(name, through).allow(Anyone).target(target()).lock(lock).per_item(1..=9)
    };
    Operations::new()
        .add(one("locked", Lock::Update))
        .add(one("locked.many", Lock::Update).bulk(1..=9))
        .add(one("locked.each", Lock::Update).per_item(1..=9))
        .add(one("free", Lock::None))
        .add(one("free.many", Lock::None).bulk(1..=9))
        .add(one("free.each", Lock::None).per_item(1..=9))
        .add(outer("in_locked", Lock::Update))
        .add(outer("in_free", Lock::None))
}

#[tokio::test]
async fn the_targets_of_each_call_are_locked_as_it_declares() {
    let database = TestDatabase::new(Postgres).await;
    let db = Db::connect(database.url()).await.unwrap();
    create_table(&db).await;
    let mut tx = db.begin().await.unwrap();
    for n in 1..=4 {
        insert(&mut tx, n).await.unwrap();
    }
    tx.commit().await.unwrap();
    let engine = Engine::builder(db).operations(operations()).build().unwrap();
    for (outer, own) in [("in_locked", true), ("in_free", false)] {
        for (what, theirs) in [("locked", true), ("free", false)] {
            let items = json!({"items": [{"n": 3}]});
            let each = json!({"succeeded": 1, "failed": 0, "items": [{"index": 0, "status": 200, "value": theirs}]});
            for (what, given, answer) in [
                (what.to_owned(), json!({"n": 3}), json!(theirs)),
                (format!("{what}.many"), items.clone(), json!({"items": [theirs]})),
                (format!("{what}.each"), items.clone(), each),
            ] {
                // The second item comes after a call of another operation.
                let item = |n: i64| json!({"n": n, "what": what, "given": given});
                let given = json!({"items": [item(1), item(2)]}).to_string();
                let answered = call(&engine, outer, &given, OnDisconnect::Cancel).await.unwrap();
                let answered: Value = serde_json::from_str(&answered).unwrap();
                for index in 0..2 {
                    assert_eq!(answered["items"][index]["value"], json!([own, answer]), "{outer} {what}: {answered}");
                }
            }
        }
    }
}
