//! Lists whose functions call others: as pages, as streams, and as what is included.

use crate::counter::{EVERY, Stored, call, create_table, insert};
use diptych::{Anyone, Calls, Conn, Db, Engine, GET, Include, Operations, Result, Select, SelectorSpec, Streaming};
use diptych_pipeline::{Caller, OnDisconnect, Surface, Via};
use diptych_spec::{AnswerValue, Arguments};
use diptych_testkit::TestDatabase;
use serde_json::{Value, json};

async fn smallest(conn: &mut Conn) -> Result<AnswerValue<i64>> {
    diptych::query_scalar("SELECT MIN(n) FROM numbers").one(conn).await.map(AnswerValue)
}

/// All numbers but the smallest, which another finds.
async fn above(conn: &mut Conn, calls: Calls) -> Result<Select<Stored>> {
    let least: i64 = calls.read_by_name(conn, "smallest", &json!({})).await?;
    Ok(Select::sql("SELECT id, n FROM numbers WHERE n > $1").bind(least))
}

async fn all(_: &mut Conn) -> Result<Select<Stored>> {
    Ok(Select::sql("SELECT id, n FROM numbers"))
}

fn operations() -> Operations {
    let above = || SelectorSpec::from_fn("above", above).allow(Anyone);
    let same = Include::many("same", |stored: &Stored| stored.n, above(), "n");
    Operations::new()
        .add(SelectorSpec::from_fn("smallest", smallest).allow(Anyone))
        .add(above().rest(GET, "/above").stream(Streaming::default()))
        .add(SelectorSpec::from_fn("all", all).allow(Anyone).include(same))
}

#[tokio::test]
async fn a_list_calls_others_however_it_is_read() {
    for backend in EVERY {
        let database = TestDatabase::new(backend).await;
        let db = Db::connect(database.url()).await.unwrap();
        create_table(&db).await;
        let mut tx = db.begin().await.unwrap();
        for n in [10, 20] {
            insert(&mut tx, n).await.unwrap();
        }
        tx.commit().await.unwrap();
        let engine = Engine::builder(db).operations(operations()).build().unwrap();
        let read = async |name: &str, given: Value| -> Value {
            let json = call(&engine, name, &given.to_string(), OnDisconnect::Cancel).await.unwrap();
            serde_json::from_str(&json).unwrap()
        };
        let twenty = json!({"id": 2, "n": 20});
        assert_eq!(read("above", json!({})).await["items"], json!([twenty]), "{backend}");
        let included = read("all", json!({"include": ["same"]})).await;
        assert_eq!(included["items"][0]["same"], json!([]), "{backend}");
        assert_eq!(included["items"][1]["same"], json!([twenty]), "{backend}");

        let caller = Caller::new(None, Via::new(Surface::Rest));
        let mut stream =
            engine.stream(engine.operation("above").unwrap(), Arguments::named("{}"), caller).await.unwrap();
        let mut lines = Vec::new();
        while let Some(part) = stream.next().await {
            lines.extend_from_slice(&part.unwrap());
        }
        assert_eq!(serde_json::from_slice::<Value>(&lines).unwrap(), twenty, "{backend}");
    }
}
