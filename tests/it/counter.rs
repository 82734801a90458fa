//! The smallest application for tests of transactions: numbers in a table.

use diptych::{
    Anyone, Conn, Db, DbOptions, Engine, Operations, Record, Result, Select, SelectorSpec, ServiceSpec, State, Tx,
};
use diptych::{query, query_as, query_scalar};
use diptych_pipeline::{Caller, OnDisconnect, Surface, Via};
use diptych_spec::{AnswerValue, Args, Arguments};
use diptych_testkit::TestDatabase;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};
use tokio::sync::Notify;

pub(crate) use diptych::Backend::{self, MySql, Postgres, Sqlite};

pub(crate) const EVERY: [Backend; 3] = [Sqlite, Postgres, MySql];

#[derive(Deserialize, JsonSchema)]
pub(crate) struct Number {
    pub(crate) n: i64,
}

#[derive(Debug, Serialize, JsonSchema, PartialEq)]
pub(crate) struct Stored {
    pub(crate) id: i64,
    pub(crate) n: i64,
}

impl Record for Stored {
    const COLUMNS: &'static [&'static str] = &["id", "n"];
    fn from_row(row: &diptych::Row<'_>) -> Result<Self> {
        Ok(Self { id: row.get(0)?, n: row.get(1)? })
    }
}

/// Lets a test wait until a service is at a point, and lets it go on.
#[derive(Clone, Default)]
pub(crate) struct Gate {
    pub(crate) reached: Arc<Notify>,
    pub(crate) go: Arc<Notify>,
    pub(crate) passed: Arc<AtomicUsize>,
}

pub(crate) async fn create_table(db: &Db) {
    let mut tx = db.begin().await.unwrap();
    let sql = match db.backend() {
        Postgres => "CREATE TABLE numbers (id BIGSERIAL PRIMARY KEY, n BIGINT NOT NULL UNIQUE)",
        MySql => "CREATE TABLE numbers (id BIGINT AUTO_INCREMENT PRIMARY KEY, n BIGINT NOT NULL UNIQUE)",
        _ => "CREATE TABLE numbers (id INTEGER PRIMARY KEY, n BIGINT NOT NULL UNIQUE)",
    };
    query(sql).execute(&mut tx).await.unwrap();
    tx.commit().await.unwrap();
}

pub(crate) async fn insert(tx: &mut Tx, n: i64) -> Result<u64> {
    query("INSERT INTO numbers (n) VALUES ($1)").bind(n).execute(tx).await
}

/// What is in the table, seen by somebody else.
pub(crate) async fn numbers(db: &Db) -> Vec<i64> {
    let mut conn = db.read().await.unwrap();
    query_scalar("SELECT n FROM numbers ORDER BY n").all(&mut conn).await.unwrap()
}

pub(crate) fn operations() -> Operations {
    Operations::new()
        .add(
            ServiceSpec::from_fn("add", async |tx: &mut Tx, Args(Number { n }): Args<Number>| insert(tx, n).await)
                .allow(Anyone),
        )
        .add(
            ServiceSpec::from_fn("fail", async |tx: &mut Tx, Args(Number { n }): Args<Number>| -> Result<()> {
                insert(tx, n).await?;
                Err(diptych::Error::conflict("refused", "refused on purpose"))
            })
            .allow(Anyone),
        )
        .add(
            ServiceSpec::from_fn("panic", async |tx: &mut Tx, Args(Number { n }): Args<Number>| -> Result<()> {
                insert(tx, n).await?;
                panic!("on purpose")
            })
            .allow(Anyone),
        )
        .add(ServiceSpec::from_fn("wait", wait).allow(Anyone).deadline(std::time::Duration::from_secs(20)))
        .add(
            ServiceSpec::from_fn("hang", async |tx: &mut Tx, Args(Number { n }): Args<Number>| -> Result<()> {
                insert(tx, n).await?;
                std::future::pending().await
            })
            .allow(Anyone)
            .deadline(std::time::Duration::from_millis(100)),
        )
        .add(
            SelectorSpec::from_fn("list", async |_: &mut Conn| -> Result<Select<Stored>> {
                Ok(Select::sql("SELECT id, n FROM numbers"))
            })
            .allow(Anyone),
        )
        .add(
            SelectorSpec::from_fn("count", async |conn: &mut Conn| -> Result<AnswerValue<i64>> {
                query_scalar("SELECT COUNT(*) FROM numbers").one(conn).await.map(AnswerValue)
            })
            .allow(Anyone),
        )
        .add(
            SelectorSpec::from_fn("writes", async |conn: &mut Conn| -> Result<AnswerValue<u64>> {
                query("INSERT INTO numbers (n) VALUES (666)").execute(conn).await.map(AnswerValue)
            })
            .allow(Anyone),
        )
        .add(
            SelectorSpec::from_fn("star", async |conn: &mut Conn| -> Result<AnswerValue<usize>> {
                let rows: Vec<Stored> = query_as("SELECT * FROM numbers").all(conn).await?;
                Ok(AnswerValue(rows.len()))
            })
            .allow(Anyone),
        )
}

async fn wait(tx: &mut Tx, Args(Number { n }): Args<Number>, gate: State<Gate>) -> Result<()> {
    insert(tx, n).await?;
    gate.reached.notify_one();
    gate.go.notified().await;
    gate.passed.fetch_add(1, Ordering::SeqCst);
    insert(tx, n + 1).await?;
    Ok(())
}

/// An application on a fresh database.
pub(crate) struct App {
    pub(crate) engine: Engine,
    pub(crate) gate: Gate,
    pub(crate) database: TestDatabase,
}

impl App {
    pub(crate) async fn on(backend: Backend) -> Self {
        let database = TestDatabase::new(backend).await;
        let url = database.url().to_owned();
        Self::at(database, &url).await
    }

    /// On this database, reached by this URL.
    pub(crate) async fn at(database: TestDatabase, url: &str) -> Self {
        let acquire_timeout = std::time::Duration::from_secs(3);
        let options = DbOptions { max_connections: 8, acquire_timeout, ..DbOptions::default() };
        let db = Db::connect_with(url, options).await.unwrap();
        create_table(&db).await;
        let gate = Gate::default();
        let engine = Engine::builder(db).operations(operations()).state(gate.clone()).build().unwrap();
        Self { engine, gate, database }
    }

    pub(crate) async fn call(&self, name: &str, arguments: &str) -> Result<String> {
        call(&self.engine, name, arguments, OnDisconnect::Cancel).await
    }

    pub(crate) async fn add(&self, n: i64) -> Result<String> {
        self.call("add", &format!("{{\"n\": {n}}}")).await
    }

    pub(crate) async fn numbers(&self) -> Vec<i64> {
        numbers(self.engine.db()).await
    }

    /// Every connection works: more calls than there are connections, all of them kept.
    pub(crate) async fn assert_healthy(&self) {
        let before = self.numbers().await;
        for n in 0..16 {
            self.add(1_000 + n).await.unwrap();
        }
        let fresh = Db::connect(self.database.url()).await.unwrap();
        let expected: Vec<i64> = before.into_iter().chain(1_000..1_016).collect();
        assert_eq!(numbers(&fresh).await, expected, "what was acknowledged is there");
        fresh.close().await;
    }
}

pub(crate) async fn call(engine: &Engine, name: &str, arguments: &str, on_disconnect: OnDisconnect) -> Result<String> {
    let operation = engine.operation(name).unwrap();
    let caller = Caller { on_disconnect, ..Caller::new(None, Via::new(Surface::InProcess)) };
    let outcome = engine.dispatch(operation, Arguments::named(arguments), caller).await?;
    Ok(outcome.json().to_owned())
}
