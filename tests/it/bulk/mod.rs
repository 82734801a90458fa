//! Many items in one call, apart from what is the same over every surface (`suite/bulk.rs`): what is kept when something fails, what is
//! told and left to be done, what it costs, and what of it is seen over HTTP. What breaks in between is in `faults.rs`.

mod declared;
mod faults;
mod told;

use crate::counter::{Backend, Number, create_table, insert};
use diptych::{
    Anyone, Conn, Db, Engine, Error, ErrorKind, Input, Instance, Many, Operations, Outbox, OutboxMessage, Outgoing,
    Record, Result, SelectorSpec, ServiceSpec, State, Tx, Version, Versioned, query, query_as,
};
use diptych_pipeline::{EngineBuilder, OnDisconnect};
use diptych_spec::Args;
use diptych_testkit::TestDatabase;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::sync::{
    Arc, Mutex,
    atomic::{AtomicUsize, Ordering},
};
use tokio::sync::Barrier;
use validator::Validate;

/// Three numbers in a row, and behind which of them it fails, and how.
#[derive(Debug, Clone, Deserialize, JsonSchema, Validate)]
#[serde(deny_unknown_fields)]
pub(crate) struct Step {
    #[validate(range(min = 1, max = 1000000))]
    pub(crate) n: i64,
    #[serde(default)]
    fails_at: i64,
    #[serde(default)]
    how: String,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Stepped {
    n: i64,
}

#[derive(Serialize, Deserialize)]
struct Made {
    n: i64,
}

impl OutboxMessage for Made {
    const TOPIC: &'static str = "made";
}

/// What was done after COMMIT, and how often the function ran.
#[derive(Clone)]
pub(crate) struct Done {
    numbers: Arc<Mutex<Vec<i64>>>,
    runs: Arc<AtomicUsize>,
    both: Arc<Barrier>,
}

impl Default for Done {
    fn default() -> Self {
        Self { numbers: Arc::default(), runs: Arc::default(), both: Arc::new(Barrier::new(2)) }
    }
}

/// Writes `10 n`, `10 n + 1` and `10 n + 2`.
async fn step(tx: &mut Tx, Input(step): Input<Step>, done: State<Done>, outgoing: Outgoing) -> Result<Stepped> {
    let run = done.runs.fetch_add(1, Ordering::SeqCst);
    let noted = (*done.0).clone();
    let n = step.n;
    tx.after_commit(async move { noted.numbers.lock().unwrap().push(n) });
    outgoing.send(tx, &Made { n }).await?;
    for at in 0..3 {
        insert(tx, 10 * n + at).await?;
        if step.fails_at == at + 1 {
            match &*step.how {
                "again" => drop(insert(tx, 10 * n).await?),
                "ignored" => drop(insert(tx, 10 * n).await),
                "race" if run >= 3 => {}
                "race" => {
                    return Err(Error::new(ErrorKind::Unavailable, "serialization", "lost against another"));
                }
                "fault" => return Err(Error::internal("on purpose")),
                "panic" => panic!("on purpose"),
                "nested" => {
                    let undone = tx.savepoint(async |tx| insert(tx, 10 * n).await).await;
                    assert_eq!(undone.unwrap_err().code(), "unique");
                }
                _ => return Err(Error::conflict("refused", "refused on purpose")),
            }
        }
    }
    Ok(Stepped { n })
}

/// The same for all at once.
async fn steps(tx: &mut Tx, Many(steps): Many<Step>) -> Result<Vec<i64>> {
    if let Some(index) = steps.iter().position(|step| step.fails_at > 0) {
        return Err(Error::conflict("refused", "refused on purpose").at_item(index));
    }
    let numbers: Vec<i64> = steps.iter().flat_map(|step| (0..3).map(move |at| 10 * step.n + at)).collect();
    let insert = match tx.backend() {
        Backend::Postgres => "INSERT INTO numbers (n) SELECT value::BIGINT FROM json_array_elements_text($1::JSON)",
        Backend::MySql => {
            "INSERT INTO numbers (n) SELECT n FROM JSON_TABLE($1, '$[*]' COLUMNS (n BIGINT PATH '$')) AS given"
        }
        _ => "INSERT INTO numbers (n) SELECT value FROM json_each($1)",
    };
    query(insert).bind(serde_json::to_string(&numbers).unwrap()).execute(tx).await?;
    Ok(numbers)
}

/// A row of one number.
#[derive(Serialize, JsonSchema)]
struct Row {
    n: i64,
    version: Version,
}

impl Record for Row {
    const COLUMNS: &'static [&'static str] = &["n", "version"];
    fn from_row(row: &diptych::Row<'_>) -> Result<Self> {
        Ok(Self { n: row.get(0)?, version: Version::new(row.get(1)?) })
    }
}

impl Versioned for Row {
    fn version(&self) -> Version {
        self.version
    }
}

async fn row(conn: &mut Conn, Args(Number { n }): Args<Number>) -> Result<Option<Row>> {
    query_as("SELECT n, id AS version FROM numbers WHERE n = $1").bind(n).optional(conn).await
}

/// Moves a row out of sight.
async fn hide(tx: &mut Tx, Instance(row): Instance<Row>) -> Result<()> {
    query("UPDATE numbers SET n = -n WHERE n = $1").bind(row.n).execute(tx).await.map(drop)
}

/// Two calls that both have their first row before either takes its second.
async fn meet(tx: &mut Tx, Instance(row): Instance<Row>, done: State<Done>) -> Result<()> {
    query("UPDATE numbers SET n = n WHERE n = $1").bind(row.n).execute(tx).await?;
    if done.runs.fetch_add(1, Ordering::SeqCst) < 2 {
        done.both.wait().await;
    }
    Ok(())
}

#[derive(Deserialize, JsonSchema)]
struct Others {
    what: String,
    items: Vec<Value>,
    #[serde(default)]
    fails: bool,
}

/// Calls `what` with these items, and fails itself, or not.
async fn through(tx: &mut Tx, Args(others): Args<Others>, calls: diptych::Calls) -> Result<bool> {
    let called = calls.call_by_name::<Value>(tx, &others.what, &json!({"items": others.items})).await;
    if others.fails { Err(Error::conflict("own", "refused on purpose")) } else { Ok(called.is_ok()) }
}

fn one() -> ServiceSpec<impl diptych::Handler<Connection = Tx, Out = Stepped>> {
    ServiceSpec::from_fn("step", step).allow(Anyone)
}

pub(crate) fn operations() -> Operations {
    let row = || SelectorSpec::from_fn("row", row).allow(Anyone);
    let hide = || ServiceSpec::from_fn("hide", hide).allow(Anyone).target(row()).requires_version();
    Operations::new()
        .add(one())
        .add(one().named("all").bulk(0..=20).changes("steps://{n}").changes("steps://"))
        .add(one().named("each").per_item(1..=1000).changes("steps://{n}").changes("steps://"))
        .add(one().named("each.again").per_item(1..=20).retry(diptych::Retry::times(9)))
        .add(ServiceSpec::from_fn("through", through).allow(Anyone))
        .add(hide().named("hide.all").bulk(1..=20))
        .add(hide().named("hide.each").per_item(1..=20))
        .add(
            ServiceSpec::from_fn("meet", meet)
                .allow(Anyone)
                .target(row())
                .retry(diptych::Retry::times(3))
                .per_item(1..=20),
        )
        .add(ServiceSpec::from_fn("set", steps).allow(Anyone).bulk(1..=500))
}

/// The operations on a database of their own.
pub(crate) struct Steps {
    pub(crate) engine: Engine,
    done: Done,
    _database: TestDatabase,
}

impl Steps {
    pub(crate) async fn on(backend: Backend) -> Self {
        let database = TestDatabase::new(backend).await;
        let db = Db::connect(database.url()).await.unwrap();
        Self::with(database, db, |builder| builder).await
    }

    pub(crate) async fn with(
        database: TestDatabase,
        db: Db,
        more: impl FnOnce(EngineBuilder) -> EngineBuilder,
    ) -> Self {
        create_table(&db).await;
        let done = Done::default();
        let builder = Engine::builder(db).operations(operations()).state(done.clone()).outbox(Outbox::new());
        let engine = more(builder).build().unwrap();
        engine.migrate_outbox().await.unwrap();
        Self { engine, done, _database: database }
    }

    pub(crate) async fn call(&self, name: &str, items: &[Value]) -> Result<Value> {
        let arguments = json!({"items": items}).to_string();
        let answer = crate::counter::call(&self.engine, name, &arguments, OnDisconnect::Cancel).await?;
        Ok(serde_json::from_str(&answer).unwrap())
    }

    /// Counts runs from the start.
    pub(crate) fn forget_runs(&self) {
        self.done.runs.store(0, Ordering::SeqCst);
    }

    /// What is in the table, what was sent, and what was done after COMMIT: which of the items.
    pub(crate) async fn kept(&self) -> [Vec<i64>; 3] {
        self.engine.drain().await;
        let db = self.engine.db();
        let mut conn = db.read().await.unwrap();
        let whole = "SELECT (n - n % 10) / 10 FROM numbers GROUP BY (n - n % 10) / 10 HAVING COUNT(*) = 3 ORDER BY 1";
        let all: i64 = diptych::query_scalar("SELECT COUNT(*) FROM numbers").one(&mut conn).await.unwrap();
        let whole: Vec<i64> = diptych::query_scalar(whole).all(&mut conn).await.unwrap();
        assert_eq!(all, 3 * i64::try_from(whole.len()).unwrap(), "no item is there in part");
        let sent: Vec<String> =
            diptych::query_scalar("SELECT payload FROM diptych_outbox").all(&mut conn).await.unwrap();
        let mut sent: Vec<i64> = sent.iter().map(|made| serde_json::from_str::<Made>(made).unwrap().n).collect();
        sent.sort_unstable();
        let mut done = self.done.numbers.lock().unwrap().clone();
        done.sort_unstable();
        [whole, sent, done]
    }
}

/// An item that works.
pub(crate) fn good(n: i64) -> Value {
    json!({"n": n})
}

/// An item that fails behind so many statements.
pub(crate) fn bad(n: i64, fails_at: i64, how: &str) -> Value {
    json!({"n": n, "fails_at": fails_at, "how": how})
}
