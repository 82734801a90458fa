//! Row-level security of PostgreSQL, with policies and a role that is not the owner: what the scope's setting lets through, and that it
//! is gone with the call.

use super::{ACME, BETA, FOUND, Found, NewNote, Note, World, call, fill, ids, insert, one_connection, status, tenancy};
use diptych::{
    Authenticated, Conn, Db, Engine, Error, Input, Operations, Result, Scoped, Select, SelectorSpec, ServiceSpec,
    State, Tx, query, query_as, query_scalar,
};
use diptych_pipeline::{Caller, Surface, Via};
use diptych_spec::{AnswerValue, Arguments};
use diptych_testkit::TestDatabase;
use serde_json::json;
use std::sync::Arc;
use tokio::sync::Notify;

/// Whom the policies hold for. It cannot sign in, and owns nothing.
const ROLE: &str = "diptych_test_tenant";

const SETTING: &str = "SELECT COALESCE(NULLIF(current_setting('app.tenant', TRUE), ''), 'nobody')";

/// A filled database with policies, and the URL by which they hold.
async fn guarded() -> (TestDatabase, Db, String) {
    let database = TestDatabase::postgres().await;
    let owner = Db::connect(database.url()).await.unwrap();
    fill(&owner).await;
    let mut tx = owner.begin().await.unwrap();
    for sql in [
        // Tests that run at the same time make it, too.
        "SELECT pg_advisory_xact_lock(5020)",
        "DO $$ BEGIN CREATE ROLE diptych_test_tenant NOLOGIN; EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$",
        "GRANT ALL ON SCHEMA public TO diptych_test_tenant",
        "GRANT ALL ON notes, members TO diptych_test_tenant",
        "ALTER TABLE notes ENABLE ROW LEVEL SECURITY",
        "CREATE POLICY tenants ON notes
         USING (tenant_id = NULLIF(current_setting('app.tenant', TRUE), ''))
         WITH CHECK (tenant_id = NULLIF(current_setting('app.tenant', TRUE), ''))",
    ] {
        query(sql).execute(&mut tx).await.unwrap();
    }
    tx.commit().await.unwrap();
    let url = format!("{}?options[role]={ROLE}", database.url());
    (database, owner, url)
}

/// By hand, and without a word of tenants, in all kinds of operations.
async fn count(db: &mut Conn, _: Scoped<String>) -> Result<AnswerValue<i64>> {
    query_scalar("SELECT COUNT(*) FROM notes").one(db).await.map(AnswerValue)
}

async fn setting(db: &mut Conn) -> Result<AnswerValue<String>> {
    query_scalar(SETTING).one(db).await.map(AnswerValue)
}

async fn written(tx: &mut Tx, _: Scoped<String>) -> Result<u64> {
    query("UPDATE notes SET text = 'written'").execute(tx).await
}

async fn plant(tx: &mut Tx, Input(new): Input<NewNote>, _: Scoped<String>) -> Result<i64> {
    insert(tx, "beta", new).await
}

async fn in_a_savepoint(tx: &mut Tx, _: Scoped<String>) -> Result<i64> {
    let failed = tx.savepoint(async |tx| query("INSERT INTO notes VALUES (1, 'beta', '')").execute(tx).await).await;
    assert!(failed.is_err());
    query_scalar("SELECT COUNT(*) FROM notes").one(tx).await
}

async fn fails(db: &mut Conn, _: Scoped<String>) -> Result<AnswerValue<i64>> {
    query_scalar("SELECT 1 / 0").one(db).await.map(AnswerValue)
}

async fn refuses(_: &mut Conn, _: Scoped<String>) -> Result<AnswerValue<i64>> {
    Err(Error::conflict("no", "not now"))
}

async fn panics(db: &mut Conn, tenant: Scoped<String>) -> Result<AnswerValue<i64>> {
    count(db, tenant).await?;
    panic!("on purpose")
}

async fn waits(db: &mut Conn, tenant: Scoped<String>, reached: State<Arc<Notify>>) -> Result<AnswerValue<i64>> {
    count(db, tenant).await?;
    reached.notify_one();
    std::future::pending().await
}

async fn sleeps(db: &mut Conn, _: Scoped<String>, reached: State<Arc<Notify>>) -> Result<AnswerValue<i64>> {
    reached.notify_one();
    query_scalar("SELECT 1::BIGINT FROM pg_sleep(59)").one(db).await.map(AnswerValue)
}

async fn writes_and_fails(tx: &mut Tx, _: Scoped<String>) -> Result<i64> {
    query("UPDATE notes SET text = 'lost'").execute(tx).await?;
    Err(Error::conflict("no", "not now"))
}

async fn writes_and_panics(tx: &mut Tx, _: Scoped<String>) -> Result<i64> {
    query("UPDATE notes SET text = 'lost'").execute(tx).await?;
    panic!("on purpose")
}

async fn writes_and_waits(tx: &mut Tx, _: Scoped<String>, reached: State<Arc<Notify>>) -> Result<i64> {
    query("UPDATE notes SET text = 'lost'").execute(tx).await?;
    reached.notify_one();
    std::future::pending().await
}

async fn setting_in_a_service(tx: &mut Tx) -> Result<String> {
    query_scalar(SETTING).one(tx).await
}

async fn forgetful(_: &mut Conn) -> Result<Select<Note>> {
    Ok(Select::sql("SELECT id, tenant_id, text FROM notes"))
}

fn scoped() -> Operations {
    Operations::new()
        .row_scope(tenancy(Found::InTheName))
        .add(SelectorSpec::from_fn("count", count).allow(Authenticated))
        .add(SelectorSpec::from_fn("count.snapshot", count).allow(Authenticated).snapshot(true))
        .add(ServiceSpec::from_fn("written", written).allow(Authenticated))
        .add(ServiceSpec::from_fn("plant", plant).allow(Authenticated))
        .add(ServiceSpec::from_fn("savepoint", in_a_savepoint).allow(Authenticated))
        .add(SelectorSpec::from_fn("fails", fails).allow(Authenticated))
        .add(SelectorSpec::from_fn("refuses", refuses).allow(Authenticated))
        .add(SelectorSpec::from_fn("panics", panics).allow(Authenticated))
        .add(SelectorSpec::from_fn("waits", waits).allow(Authenticated))
        .add(SelectorSpec::from_fn("sleeps", sleeps).allow(Authenticated))
        .add(ServiceSpec::from_fn("writes.fails", writes_and_fails).allow(Authenticated))
        .add(ServiceSpec::from_fn("writes.panics", writes_and_panics).allow(Authenticated))
        .add(ServiceSpec::from_fn("writes.waits", writes_and_waits).allow(Authenticated))
        .add(SelectorSpec::from_fn("forgetful", forgetful).allow(Authenticated).unscoped("the policy decides alone"))
}

/// With what nobody says a tenant for beside it.
fn engine(db: Db) -> (Engine, Arc<Notify>) {
    let beside = Operations::new()
        .add(SelectorSpec::from_fn("setting", setting).allow(Authenticated))
        .add(ServiceSpec::from_fn("setting.written", setting_in_a_service).allow(Authenticated));
    let reached = Arc::new(Notify::new());
    let engine = Engine::builder(db).operations(scoped()).operations(beside).state(Arc::clone(&reached));
    (engine.build().unwrap(), reached)
}

/// The whole application of the matrix, where the database guards the tables as well.
#[tokio::test]
async fn policies_and_scopes_agree() {
    for found in FOUND {
        let (database, owner, url) = guarded().await;
        let world = World::of(database, Db::connect(&url).await.unwrap(), owner, found).await;
        for (user, own, theirs) in [("ann@acme", 1..=ACME, 101), ("bob@beta", 101..=100 + BETA, 1)] {
            let own: Vec<_> = own.collect();
            for (at, caller) in world.callers(Some(user)).await.into_iter().enumerate() {
                for name in ["notes.list", "notes.pages", "notes.all"] {
                    let page = caller.call(name, json!({})).await.unwrap();
                    // A list without an order has none.
                    let mut seen = ids(&page);
                    seen.sort_unstable();
                    assert_eq!(seen, own, "{found:?} {caller:?} {name}");
                }
                assert_eq!(status(&caller.call("notes.get", json!({"id": theirs})).await), 404, "{caller:?}");
                assert_eq!(status(&caller.call("notes.get", json!({"id": own[0]})).await), 200, "{caller:?}");
                let write = json!({"id": own[0], "text": format!("{at}")});
                assert_eq!(caller.call("notes.write", write).await.unwrap()["text"], format!("{at}"), "{caller:?}");
                assert_eq!(status(&caller.call("notes.write", json!({"id": theirs, "text": "x"})).await), 404);
                let new = json!({"id": 1_000 + own[0], "text": "new"});
                assert_eq!(status(&caller.call("notes.add", new.clone()).await), 200, "{caller:?}");
                let removed = caller.call("notes.remove", json!({"id": [1_000 + own[0]]})).await.unwrap();
                assert_eq!(removed, json!([1_000 + own[0]]), "{caller:?}");
                // No tenant is said, so the database shows nothing.
                assert_eq!(caller.call("notes.everything", json!({})).await.unwrap(), 0, "{caller:?}");
            }
        }
        assert_eq!(world.count("SELECT COUNT(*) FROM notes").await, ACME + BETA);
    }
}

/// What an author forgets, the database does not.
#[tokio::test]
async fn the_database_keeps_what_sql_by_hand_forgets() {
    let (_database, owner, url) = guarded().await;
    let (engine, _) = engine(Db::connect(&url).await.unwrap());
    for (who, own) in [("ann@acme", ACME), ("bob@beta", BETA)] {
        for name in ["count", "count.snapshot", "savepoint"] {
            assert_eq!(call(&engine, who, None, name, "{}").await.unwrap(), own, "{name}");
        }
        assert_eq!(call(&engine, who, None, "written", "{}").await.unwrap(), own);
        assert_eq!(ids(&call(&engine, who, None, "forgetful", "{}").await.unwrap()), [0i64; 0]);
    }
    let planted = call(&engine, "ann@acme", None, "plant", "{\"id\": 500, \"text\": \"\"}").await;
    assert!(planted.is_err(), "the policy refuses rows of others");
    call(&engine, "bob@beta", None, "plant", "{\"id\": 500, \"text\": \"\"}").await.unwrap();
    let planted: Vec<Note> = query_as("SELECT id, tenant_id, text FROM notes WHERE id = 500")
        .all(&mut owner.read().await.unwrap())
        .await
        .unwrap();
    assert_eq!(planted[0].tenant_id, "beta");
    // A name that is SQL is a name.
    let name = "x@'); DROP TABLE notes; --";
    assert_eq!(call(&engine, name, None, "count", "{}").await.unwrap(), 0);
    assert_eq!(call(&engine, "ann@acme", None, "count", "{}").await.unwrap(), ACME);
}

/// Every call gets the connection of the call before, however that ended.
#[tokio::test]
async fn the_next_call_on_a_connection_knows_nothing_of_the_scope_before() {
    let (_database, owner, url) = guarded().await;
    let (engine, reached) = engine(one_connection(&url).await);
    let nobody = async |after: &str| {
        for name in ["setting", "setting.written"] {
            let said = call(&engine, "ann@acme", None, name, "{}").await.unwrap();
            assert_eq!(said, "nobody", "{name} after {after}");
        }
        let beta = call(&engine, "bob@beta", None, "count", "{}").await.unwrap();
        assert_eq!(beta, BETA, "after {after}");
    };
    for name in ["count", "count.snapshot", "written"] {
        assert_eq!(call(&engine, "ann@acme", None, name, "{}").await.unwrap(), ACME);
        nobody(name).await;
    }
    for name in ["fails", "refuses", "panics", "writes.fails", "writes.panics"] {
        call(&engine, "ann@acme", None, name, "{}").await.unwrap_err();
        nobody(name).await;
    }
    for name in ["waits", "sleeps", "writes.waits"] {
        let principal = diptych::Principal::new("tests", "ann@acme", ["x"]).unwrap();
        // Gone away.
        tokio::select! {
            done = call(&engine, "ann@acme", None, name, "{}") => panic!("{done:?}"),
            () = reached.notified() => {}
        }
        engine.drain().await;
        nobody(name).await;
        // Withdrawn.
        let caller = Caller::new(Some(principal), Via::new(Surface::InProcess));
        let withdrawn = caller.withdrawn.clone();
        let running = engine.dispatch(engine.operation(name).unwrap(), Arguments::named("{}"), caller);
        let (done, ()) = tokio::join!(running, async {
            reached.notified().await;
            withdrawn.cancel();
        });
        done.unwrap_err();
        nobody(name).await;
    }
    let lost: i64 = query_scalar("SELECT COUNT(*) FROM notes WHERE text = 'lost'")
        .one(&mut owner.read().await.unwrap())
        .await
        .unwrap();
    assert_eq!(lost, 0);
}
