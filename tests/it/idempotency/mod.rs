//! Idempotency keys, apart from what is the same over every surface (`suite/retrying.rs`): many calls at once, what each surface
//! adds, how long keys are kept, and who has to send one. What breaks in between is in `faults.rs`.

mod declared;
mod faults;
mod once;
mod surfaces;

use diptych::{
    Anyone, Authenticated, Backend, Db, DbOptions, Engine, IdempotencyKey, Operations, Principal, Result, ServiceSpec,
    State, Tx, query, query_scalar,
};
use diptych_pipeline::{Caller, OnDisconnect, Outcome, Surface, Via};
use diptych_spec::{Args, Arguments};
use diptych_testkit::TestDatabase;

use crate::counter::{Gate, Number};

/// An application that notes numbers, any number of times.
pub(crate) struct Notes {
    pub(crate) engine: Engine,
    pub(crate) gate: Gate,
    pub(crate) database: TestDatabase,
}

/// Notes a number, and answers which row it is.
async fn note(tx: &mut Tx, Args(Number { n }): Args<Number>) -> Result<i64> {
    query("INSERT INTO notes (n) VALUES ($1)").bind(n).execute(tx).await?;
    query_scalar("SELECT MAX(id) FROM notes WHERE n = $1").bind(n).one(tx).await
}

async fn wait(tx: &mut Tx, number: Args<Number>, gate: State<Gate>) -> Result<i64> {
    let id = note(tx, number).await?;
    gate.reached.notify_one();
    gate.go.notified().await;
    Ok(id)
}

impl Notes {
    pub(crate) async fn on(backend: Backend) -> Self {
        let database = TestDatabase::new(backend).await;
        let url = database.url().to_owned();
        Self::at(database, &url).await
    }

    /// On this database, reached by this URL.
    pub(crate) async fn at(database: TestDatabase, url: &str) -> Self {
        let options = DbOptions { workers: Some(1), max_connections: 16, ..DbOptions::default() };
        let db = Db::connect_with(url, options).await.unwrap();
        let mut tx = db.begin().await.unwrap();
        let sql = match db.backend() {
            Backend::Postgres => "CREATE TABLE notes (id BIGSERIAL PRIMARY KEY, n BIGINT NOT NULL)",
            Backend::MySql => "CREATE TABLE notes (id BIGINT AUTO_INCREMENT PRIMARY KEY, n BIGINT NOT NULL)",
            _ => "CREATE TABLE notes (id INTEGER PRIMARY KEY, n BIGINT NOT NULL)",
        };
        query(sql).execute(&mut tx).await.unwrap();
        tx.commit().await.unwrap();
        let operations = Operations::new()
            .add(ServiceSpec::from_fn("note", note).allow(Anyone))
            .add(ServiceSpec::from_fn("wait", wait).allow(Authenticated));
        let gate = Gate::default();
        let engine = Engine::builder(db).operations(operations).state(gate.clone()).build().unwrap();
        engine.migrate_idempotency().await.unwrap();
        Self { engine, gate, database }
    }

    pub(crate) async fn call(&self, name: &str, key: &str, n: i64) -> Result<Outcome> {
        let caller = Caller {
            on_disconnect: OnDisconnect::Cancel,
            idempotency_key: Some(IdempotencyKey::new(key).unwrap()),
            ..Caller::new(Some(Principal::new("tests", "ann", [""; 0]).unwrap()), Via::new(Surface::InProcess))
        };
        let operation = self.engine.operation(name).unwrap();
        self.engine.dispatch(operation, Arguments::named(&format!("{{\"n\": {n}}}")), caller).await
    }

    /// How often a number was noted, seen by somebody else.
    pub(crate) async fn times(&self, n: i64) -> i64 {
        let mut conn = self.engine.db().read().await.unwrap();
        query_scalar("SELECT COUNT(*) FROM notes WHERE n = $1").bind(n).one(&mut conn).await.unwrap()
    }

    pub(crate) async fn execute(&self, sql: &'static str) {
        let mut tx = self.engine.db().begin().await.unwrap();
        query(sql).execute(&mut tx).await.unwrap();
        tx.commit().await.unwrap();
    }

    pub(crate) async fn count(&self, sql: &'static str) -> i64 {
        query_scalar(sql).one(&mut self.engine.db().read().await.unwrap()).await.unwrap()
    }
}
