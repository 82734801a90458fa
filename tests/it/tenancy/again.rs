//! Calls that are sent again, and calls that run later.

use super::{EVERY, FOUND, Found, World, call, engine, fill, status, tenancy};
use diptych::{
    Authenticated, Backend, Db, Engine, Operations, Principal, Result, RowScope, Scoped, ServiceSpec, Task, Tx,
    query_scalar,
};
use diptych_pipeline::{Caller, NewTask, Surface, TaskStatus, Via};
use diptych_testkit::TestDatabase;
use serde_json::{Value, json};
use std::time::Duration;

/// Somebody who changes from one tenant to another has other keys there.
#[tokio::test]
async fn a_key_is_of_one_scope() {
    for backend in EVERY {
        let database = TestDatabase::new(backend).await;
        let db = Db::connect(database.url()).await.unwrap();
        fill(&db).await;
        let engine = engine(db.clone(), Found::InTheDatabase).await;
        let add = async |id: i64| {
            let new = format!("{{\"id\": {id}, \"text\": \"new\"}}");
            call(&engine, "ann@acme", Some("k"), "notes.add", &new).await
        };
        let first = add(1_000).await.unwrap();
        assert_eq!((&add(1_000).await.unwrap(), &first["tenant_id"]), (&first, &json!("acme")), "{backend}");
        assert_eq!(add(1_001).await.unwrap_err().code(), "idempotency_key_reused");
        let mut tx = db.begin().await.unwrap();
        diptych::query("UPDATE members SET tenant_id = 'beta' WHERE subject = 'ann@acme'")
            .execute(&mut tx)
            .await
            .unwrap();
        tx.commit().await.unwrap();
        // Nothing of the answer of then, nor that there was one.
        assert_eq!(add(1_001).await.unwrap()["tenant_id"], "beta", "{backend}");
        let mut tx = db.begin().await.unwrap();
        diptych::query("DELETE FROM members WHERE subject = 'ann@acme'").execute(&mut tx).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(add(1_001).await.unwrap_err().kind(), diptych::ErrorKind::Forbidden, "{backend}");
    }
}

#[tokio::test]
async fn a_dry_run_is_in_the_scope() {
    for found in FOUND {
        let world = World::on(Backend::Sqlite, found).await;
        for caller in world.callers(Some("bob@beta")).await {
            let tried = caller.call("notes.add", json!({"id": 500, "text": "x", "dry_run": true})).await;
            if status(&tried) == 200 {
                assert_eq!(tried.unwrap()["tenant_id"], "beta", "{caller:?}");
            }
        }
        assert_eq!(world.count("SELECT COUNT(*) FROM notes WHERE id = 500").await, 0);
    }
}

async fn whose(tx: &mut Tx, Scoped(tenant): Scoped<String>) -> Result<String> {
    query_scalar("SELECT $1").bind(tenant).one(tx).await
}

/// What a task, run without the token that it was made with, answers.
async fn run_later(db: Db, scope: RowScope<String>, who: Principal) -> Result<Value> {
    let whose = ServiceSpec::from_fn("whose", whose).allow(Authenticated).task(Task::optional());
    let engine = Engine::builder(db).operations(Operations::new().row_scope(scope).add(whose)).build().unwrap();
    engine.migrate_idempotency().await?;
    let tasks = engine.tasks().unwrap();
    tasks.migrate().await?;
    engine.work_on_tasks();
    let caller = Caller::new(Some(who), Via::new(Surface::Mcp));
    let new = NewTask { caller: &caller, arguments: "{}", capabilities: &[], answers: Default::default() };
    let task = engine.create_task(&engine.operations()[0], new).await?;
    for _ in 0..1_000 {
        let state = tasks.get(task.id(), caller.principal.as_ref()).await?.unwrap();
        match state.status() {
            TaskStatus::Finished(answer) => {
                engine.stop_tasks().await;
                return Ok(serde_json::from_str(answer.as_ref().unwrap()).unwrap());
            }
            _ => tokio::time::sleep(Duration::from_millis(10)).await,
        }
    }
    panic!("the task is not done")
}

#[tokio::test]
async fn a_task_runs_in_the_scope_of_its_owner() {
    for backend in EVERY {
        let database = TestDatabase::new(backend).await;
        let db = Db::connect(database.url()).await.unwrap();
        fill(&db).await;
        let claims = [("tenant".to_owned(), json!("acme")), ("email".to_owned(), json!("ann@example.com"))];
        let ann = Principal::new("tests", "ann@acme", ["x"]).unwrap().with_claims(claims.into_iter().collect());
        let column = || RowScope::column("tenant_id");
        let closure = |who: &Principal| who.claim("tenant")?.as_str().map(str::to_owned);
        for scope in [
            column().by_claim("tenant"),
            column().by(closure).reads_claims(["tenant"]),
            tenancy(Found::InTheName),
            tenancy(Found::InTheDatabase),
        ] {
            assert_eq!(run_later(db.clone(), scope, ann.clone()).await.unwrap(), "acme", "{backend}");
        }
        // It would be refused later, so it does not begin.
        let forgetful = run_later(db.clone(), column().by(closure), ann).await.unwrap_err();
        assert_eq!(forgetful.kind(), diptych::ErrorKind::Internal);
        let kept: i64 = query_scalar("SELECT COUNT(*) FROM diptych_tasks WHERE credentials LIKE '%example.com%'")
            .one(&mut db.read().await.unwrap())
            .await
            .unwrap();
        assert_eq!(kept, 0, "other claims are not kept");
    }
}
