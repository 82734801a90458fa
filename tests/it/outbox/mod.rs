//! The outbox between processes: what is sent, who handles it, what is left when a worker dies, and what becomes of what fails. That it
//! is the same over every surface is in `suite/sending.rs`.
//!
//! A process is an engine with connections and a runtime of its own, on a database that others use, too.

mod command;
mod faults;
mod mistakes;
mod once;

use crate::counter::{Backend, Number};
use diptych::{
    Anyone, Db, Delivery, Engine, Error, Operations, Outbox, OutboxMessage, Outgoing, Result, ServiceSpec, State, Tx,
    query, query_scalar,
};
use diptych_pipeline::{Caller, Outcome, Surface, Via};
use diptych_spec::{Args, Arguments, IdempotencyKey, Principal};
use diptych_testkit::TestDatabase;
use serde::{Deserialize, Serialize};
use std::{
    future::Future,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};
use tokio::{runtime::Runtime, sync::Notify};

/// A number, for a handler with a transaction.
#[derive(Serialize, Deserialize)]
pub(crate) struct Noted {
    n: i64,
}

impl OutboxMessage for Noted {
    const TOPIC: &'static str = "noted";
}

/// A number, for a handler without one.
#[derive(Serialize, Deserialize)]
pub(crate) struct Told {
    n: i64,
}

impl OutboxMessage for Told {
    const TOPIC: &'static str = "told";
}

/// A number, in order with those of the same parity.
#[derive(Serialize, Deserialize)]
pub(crate) struct Ordered {
    n: i64,
}

impl OutboxMessage for Ordered {
    const TOPIC: &'static str = "ordered";
    fn key(&self) -> Option<String> {
        Some((self.n % 2).to_string())
    }
}

/// Where handlers wait, and how often they fail.
#[derive(Clone, Default)]
pub(crate) struct Gate {
    /// Whether they wait at all.
    is_closed: bool,
    reached: Arc<Notify>,
    go: Arc<Notify>,
    /// How many runs fail from now on.
    failing: Arc<AtomicUsize>,
}

impl Gate {
    pub(crate) fn closed() -> Self {
        Self { is_closed: true, ..Self::default() }
    }

    pub(crate) fn failing(runs: usize) -> Self {
        Self { failing: Arc::new(AtomicUsize::new(runs)), ..Self::default() }
    }

    async fn pass(&self) -> Result<()> {
        let less = |runs: usize| runs.checked_sub(1);
        if self.failing.fetch_update(Ordering::SeqCst, Ordering::SeqCst, less).is_ok() {
            return Err(Error::conflict("not_now", "it does not work now: Zq7detailQx"));
        }
        if self.is_closed {
            self.reached.notify_one();
            self.go.notified().await;
        }
        Ok(())
    }
}

/// What handling a message does.
async fn handled(tx: &mut Tx, n: i64, message: uuid::Uuid, attempt: u32) -> Result<()> {
    query("INSERT INTO handled (n, message, attempt) VALUES ($1, $2, $3)")
        .bind(n)
        .bind(message.to_string())
        .bind(i64::from(attempt))
        .execute(tx)
        .await
        .map(drop)
}

async fn note(tx: &mut Tx, noted: Delivery<Noted>, gate: State<Gate>) -> Result<()> {
    handled(tx, noted.n, noted.id(), noted.attempt()).await?;
    gate.pass().await
}

async fn tell(told: Delivery<Told>, db: Db, gate: State<Gate>) -> Result<()> {
    let mut tx = db.begin().await?;
    handled(&mut tx, told.n, told.id(), told.attempt()).await?;
    tx.commit().await?;
    gate.pass().await
}

async fn order(tx: &mut Tx, ordered: Delivery<Ordered>, gate: State<Gate>) -> Result<()> {
    handled(tx, ordered.n, ordered.id(), ordered.attempt()).await?;
    gate.pass().await
}

/// Everything is handled, and tried again soon.
pub(crate) fn handlers() -> Outbox {
    Outbox::new()
        .handle(note)
        .handle(tell)
        .handle(order)
        .poll(Duration::from_millis(50))
        .backoff(Duration::from_millis(1), Duration::from_millis(20))
}

/// Sends and notes the number of each kind; on a conflict with what is there, nothing.
fn operations() -> Operations {
    async fn send<M: OutboxMessage>(tx: &mut Tx, n: i64, outgoing: &Outgoing, message: M) -> Result<i64> {
        query("INSERT INTO sent (n) VALUES ($1)").bind(n).execute(tx).await?;
        outgoing.send(tx, &message).await?;
        Ok(n)
    }
    let noted = async |tx: &mut Tx, Args(Number { n }): Args<Number>, outgoing: Outgoing| {
        send(tx, n, &outgoing, Noted { n }).await
    };
    let told = async |tx: &mut Tx, Args(Number { n }): Args<Number>, outgoing: Outgoing| {
        send(tx, n, &outgoing, Told { n }).await
    };
    let ordered = async |tx: &mut Tx, Args(Number { n }): Args<Number>, outgoing: Outgoing| {
        send(tx, n, &outgoing, Ordered { n }).await
    };
    let failing = async |tx: &mut Tx, Args(Number { n }): Args<Number>, outgoing: Outgoing| -> Result<i64> {
        send(tx, n, &outgoing, Noted { n }).await?;
        Err(Error::conflict("refused", "refused on purpose"))
    };
    let undone = async |tx: &mut Tx, Args(Number { n }): Args<Number>, outgoing: Outgoing| -> Result<i64> {
        let sent = tx
            .savepoint(async |tx| {
                outgoing.send(tx, &Noted { n }).await?;
                Err::<(), _>(Error::conflict("refused", "refused on purpose"))
            })
            .await;
        assert!(sent.is_err());
        Ok(n)
    };
    Operations::new()
        .add(ServiceSpec::from_fn("noted", noted).allow(Anyone).dry_run(true))
        .add(ServiceSpec::from_fn("told", told).allow(Anyone))
        .add(ServiceSpec::from_fn("ordered", ordered).allow(Anyone))
        .add(ServiceSpec::from_fn("failing", failing).allow(Anyone))
        .add(ServiceSpec::from_fn("undone", undone).allow(Anyone))
}

pub(crate) struct Process {
    pub(crate) engine: Engine,
    runtime: Option<Runtime>,
}

impl Process {
    /// Begins to handle messages.
    pub(crate) async fn start(database: &TestDatabase, outbox: Outbox, gate: Gate) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let url = database.url().to_owned();
        let started = async move {
            let db = Db::connect(&url).await.unwrap();
            let builder = Engine::builder(db).operations(operations()).state(gate).outbox(outbox);
            let engine = builder.build().unwrap_or_else(|mistakes| panic!("{mistakes}"));
            engine.migrate_idempotency().await.unwrap();
            engine.migrate_outbox().await.unwrap();
            engine.start_outbox();
            engine
        };
        let engine = runtime.spawn(started).await.unwrap();
        Self { engine, runtime: Some(runtime) }
    }

    /// Runs something in the process.
    pub(crate) async fn within<T: Send + 'static, F: Future<Output = T> + Send + 'static>(
        &self,
        work: impl FnOnce(Engine) -> F,
    ) -> T {
        self.runtime.as_ref().unwrap().spawn(work(self.engine.clone())).await.unwrap()
    }

    /// Calls a service.
    pub(crate) async fn call(
        &self,
        name: &'static str,
        arguments: String,
        key: Option<&'static str>,
    ) -> Result<Outcome> {
        self.within(async move |engine| {
            let caller = Caller {
                idempotency_key: key.map(|key| IdempotencyKey::new(key).unwrap()),
                ..Caller::new(Some(Principal::new("tests", "ann", [""; 0]).unwrap()), Via::new(Surface::InProcess))
            };
            engine.dispatch(engine.operation(name).unwrap(), Arguments::named(&arguments), caller).await
        })
        .await
    }

    /// Sends a number by the service of this name.
    pub(crate) async fn send(&self, name: &'static str, n: i64) {
        self.call(name, format!("{{\"n\": {n}}}"), None).await.unwrap();
    }

    pub(crate) async fn stop(&self) {
        self.within(async |engine| engine.stop_outbox().await).await;
    }

    /// Is gone from one moment to the next.
    pub(crate) fn kill(mut self) {
        self.runtime.take().unwrap().shutdown_background();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// A database, as somebody who is in no process sees it.
pub(crate) struct Seen {
    pub(crate) database: TestDatabase,
    pub(crate) db: Db,
}

impl Seen {
    pub(crate) async fn on(backend: Backend) -> Self {
        let database = TestDatabase::new(backend).await;
        let db = Db::connect(database.url()).await.unwrap();
        let seen = Self { database, db };
        seen.execute("CREATE TABLE sent (n BIGINT NOT NULL)").await;
        let serial = match backend {
            Backend::Postgres => {
                "CREATE TABLE handled (id BIGSERIAL PRIMARY KEY, n BIGINT NOT NULL, message TEXT NOT NULL, attempt BIGINT NOT NULL)"
            }
            Backend::MySql => {
                "CREATE TABLE handled (id BIGINT AUTO_INCREMENT PRIMARY KEY, n BIGINT NOT NULL, message TEXT NOT NULL, attempt BIGINT NOT NULL)"
            }
            _ => {
                "CREATE TABLE handled (id INTEGER PRIMARY KEY, n BIGINT NOT NULL, message TEXT NOT NULL, attempt BIGINT NOT NULL)"
            }
        };
        seen.execute(serial).await;
        seen
    }

    /// One that only sends.
    pub(crate) async fn sender(&self) -> Process {
        Process::start(&self.database, Outbox::new(), Gate::default()).await
    }

    /// One that handles everything.
    pub(crate) async fn worker(&self) -> Process {
        Process::start(&self.database, handlers(), Gate::default()).await
    }

    pub(crate) async fn execute(&self, sql: &'static str) {
        let mut tx = self.db.begin().await.unwrap();
        query(sql).execute(&mut tx).await.unwrap();
        tx.commit().await.unwrap();
    }

    pub(crate) async fn count(&self, sql: &'static str) -> i64 {
        query_scalar(sql).one(&mut self.db.read().await.unwrap()).await.unwrap()
    }

    pub(crate) async fn texts(&self, sql: &'static str) -> Vec<String> {
        query_scalar(sql).all(&mut self.db.read().await.unwrap()).await.unwrap()
    }

    /// What was handled, in order.
    pub(crate) async fn handled(&self) -> Vec<i64> {
        let mut conn = self.db.read().await.unwrap();
        query_scalar("SELECT n FROM handled ORDER BY id").all(&mut conn).await.unwrap()
    }

    /// How many messages are in this state: `pending`, `delivered`, `dead`.
    pub(crate) async fn are(&self, state: &str) -> i64 {
        let mut conn = self.db.read().await.unwrap();
        query_scalar("SELECT COUNT(*) FROM diptych_outbox WHERE state = $1").bind(state).one(&mut conn).await.unwrap()
    }

    /// Waits until so many messages are in a state.
    pub(crate) async fn until(&self, state: &str, many: i64) {
        for _ in 0..3_000 {
            if self.are(state).await == many {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("{} messages are {state}, not {many}", self.are(state).await);
    }
}

pub(crate) async fn within_reason<T>(work: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(30), work).await.expect("it gets there")
}
