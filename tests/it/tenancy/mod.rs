//! Row scopes: two tenants in the same tables, and every kind of operation over every surface on every database.

mod again;
mod lists;
mod policies;
mod together;
mod told;
mod wiring;

use diptych::{
    Authenticated, Backend, Conn, DELETE, Db, DbOptions, Engine, GET, IdempotencyKey, Input, Instance, Instances,
    Keyset, MCPServer, MCPServerBuilder, Message, Messages, Operations, PATCH, POST, PageNumber, Principal, PromptSpec,
    Record, Result, RowScope, Scoped, Select, SelectorSpec, ServiceSpec, Task, Tx, query, query_as, query_scalar,
    update,
};
use diptych_pipeline::{Caller, Surface as Speaks, Via};
use diptych_spec::{AnswerValue, Args, Arguments};
use diptych_testkit::{RunningServer, Surface, SurfaceClient, TestDatabase};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use validator::Validate;

pub(super) const EVERY: [Backend; 3] = [Backend::Sqlite, Backend::Postgres, Backend::MySql];

/// The notes of each tenant: 1 to 9, and 101 to 104.
const ACME: i64 = 9;
const BETA: i64 = 4;

#[derive(Debug, Clone, Record, Serialize, JsonSchema)]
pub(super) struct Note {
    id: i64,
    tenant_id: String,
    text: String,
}

#[derive(Deserialize, JsonSchema)]
struct ById {
    id: i64,
}

#[derive(Deserialize, JsonSchema, Validate)]
struct NewNote {
    id: i64,
    text: String,
}

#[derive(Deserialize, JsonSchema, Validate)]
struct Text {
    text: String,
}

#[derive(Deserialize, JsonSchema, diptych::Filter)]
struct NoteFilter {
    /// The ids.
    id: Option<diptych::OneOf<i64>>,
}

#[derive(diptych::Ordering)]
enum NoteOrder {
    Id,
}

const NOTES: &str = "SELECT id, tenant_id, text FROM notes";

async fn list(_: &mut Conn) -> Result<Select<Note>> {
    Ok(Select::sql(NOTES))
}

/// By hand, and without a word of tenants.
async fn get(db: &mut Conn, Args(ById { id }): Args<ById>) -> Result<Option<Note>> {
    query_as("SELECT id, tenant_id, text FROM notes WHERE id = $1").bind(id).optional(db).await
}

async fn peek(db: &mut Conn, Args(ById { id }): Args<ById>, _: Scoped<String>) -> Result<AnswerValue<Note>> {
    query_as("SELECT id, tenant_id, text FROM notes WHERE id = $1").bind(id).one(db).await.map(AnswerValue)
}

async fn count(db: &mut Conn, Scoped(tenant): Scoped<String>) -> Result<AnswerValue<i64>> {
    query_scalar("SELECT COUNT(*) FROM notes WHERE tenant_id = $1").bind(tenant).one(db).await.map(AnswerValue)
}

async fn everything(db: &mut Conn) -> Result<AnswerValue<i64>> {
    query_scalar("SELECT COUNT(*) FROM notes").one(db).await.map(AnswerValue)
}

async fn letter(_: &mut Conn, Scoped(tenant): Scoped<String>) -> Result<Messages> {
    Ok(Messages::new().and(Message::user(format!("Write to {tenant}."))))
}

fn by_id(id: &i64) -> Select<Note> {
    Select::sql("SELECT id, tenant_id, text FROM notes WHERE id = $1").bind(*id)
}

async fn insert(tx: &mut Tx, tenant: &str, NewNote { id, text }: NewNote) -> Result<i64> {
    query("INSERT INTO notes VALUES ($1, $2, $3)").bind(id).bind(tenant).bind(text).execute(tx).await?;
    Ok(id)
}

async fn add(tx: &mut Tx, Input(new): Input<NewNote>, Scoped(tenant): Scoped<String>) -> Result<i64> {
    insert(tx, &tenant, new).await
}

/// A mistake of its author: what it writes is somebody else's.
async fn misplace(tx: &mut Tx, Input(new): Input<NewNote>, _: Scoped<String>) -> Result<i64> {
    insert(tx, "nobody", new).await
}

async fn misplace_row(tx: &mut Tx, Input(new): Input<NewNote>, _: Scoped<String>) -> Result<Note> {
    let id = insert(tx, "nobody", new).await?;
    query_as("SELECT id, tenant_id, text FROM notes WHERE id = $1").bind(id).one(tx).await
}

async fn write(tx: &mut Tx, Instance(note): Instance<Note>, Input(Text { text }): Input<Text>) -> Result<i64> {
    update("notes").key("id", note.id).set("text", &note.text, Some(text)).execute(tx).await?;
    Ok(note.id)
}

async fn remove(tx: &mut Tx, Instances(notes): Instances<Note>) -> Result<Vec<i64>> {
    for note in &notes {
        query("DELETE FROM notes WHERE id = $1").bind(note.id).execute(tx).await?;
    }
    Ok(notes.iter().map(|note| note.id).collect())
}

/// How the tenant of a caller is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Found {
    /// In the name: `ann@acme`.
    InTheName,
    /// In the table of members.
    InTheDatabase,
}

pub(super) fn tenancy(found: Found) -> RowScope<String> {
    let column = RowScope::column("tenant_id");
    let scope = match found {
        Found::InTheName => column.by(|who: &Principal| Some(who.subject().split_once('@')?.1.to_owned())),
        Found::InTheDatabase => column.by_query(|who: &Principal| {
            query_scalar("SELECT tenant_id FROM members WHERE subject = $1").bind(who.subject())
        }),
    };
    scope.row(|note: &Note| note.tenant_id.clone()).setting("app.tenant")
}

pub(super) fn operations(found: Found) -> Operations {
    let got = || SelectorSpec::from_fn("notes.get", get);
    let all = || SelectorSpec::from_fn("notes.all", list);
    Operations::new()
        .add(
            SelectorSpec::from_fn("notes.list", list)
                .allow(Authenticated)
                .filter::<NoteFilter>()
                .order_by::<NoteOrder>("id")
                .paginate(Keyset { total: diptych::Total::Exact, ..Keyset::default() })
                .rest(GET, "/notes"),
        )
        // Before the others and behind some: it is about all of them.
        .row_scope(tenancy(found))
        .add(
            SelectorSpec::from_fn("notes.pages", list)
                .allow(Authenticated)
                .filter::<NoteFilter>()
                .paginate(PageNumber::default())
                .rest(GET, "/pages"),
        )
        .add(all().allow(Authenticated).filter::<NoteFilter>().rest(GET, "/all"))
        .add(
            got()
                .allow(Authenticated)
                .rest(GET, "/notes/{id}")
                .resource("notes://{id}")
                .enumerate("notes.all", "text")
                .complete_from("id", "notes.all", "id"),
        )
        .add(SelectorSpec::from_fn("notes.find", get).allow(Authenticated).allow_none().rest(GET, "/find/{id}"))
        .add(SelectorSpec::from_fn("notes.peek", peek).allow(Authenticated).rest(GET, "/peek/{id}"))
        .add(SelectorSpec::from_fn("notes.count", count).allow(Authenticated).rest(GET, "/count"))
        .add(
            SelectorSpec::from_fn("notes.everything", everything)
                .allow(Authenticated)
                .unscoped("how full the server is")
                .rest(GET, "/everything"),
        )
        .add(PromptSpec::from_fn("notes.letter", letter).allow(Authenticated))
        .add(
            ServiceSpec::from_fn("notes.add", add)
                .allow(Authenticated)
                .output(by_id)
                .dry_run(true)
                .task(Task::optional())
                .rest(POST, "/notes"),
        )
        .add(
            ServiceSpec::from_fn("notes.misplace", misplace).allow(Authenticated).output(by_id).rest(POST, "/misplace"),
        )
        .add(ServiceSpec::from_fn("notes.misplace_row", misplace_row).allow(Authenticated).rest(POST, "/misplace_row"))
        .add(
            ServiceSpec::from_fn("notes.write", write)
                .allow(Authenticated)
                .target(got())
                .output(by_id)
                .rest(PATCH, "/notes/{id}"),
        )
        .add(
            ServiceSpec::from_fn("notes.remove", remove)
                .allow(Authenticated)
                .targets(all().filter::<NoteFilter>())
                .rest(DELETE, "/notes"),
        )
}

pub(super) async fn fill(db: &Db) {
    let mut tx = db.begin().await.unwrap();
    let notes = "CREATE TABLE notes (id BIGINT PRIMARY KEY, tenant_id TEXT NOT NULL, text TEXT NOT NULL)";
    query(notes).execute(&mut tx).await.unwrap();
    query("CREATE TABLE members (subject VARCHAR(200) PRIMARY KEY, tenant_id TEXT NOT NULL)")
        .execute(&mut tx)
        .await
        .unwrap();
    query("INSERT INTO members VALUES ('ann@acme', 'acme'), ('bob@beta', 'beta')").execute(&mut tx).await.unwrap();
    for (tenant, ids) in [("acme", 1..=ACME), ("beta", 101..=100 + BETA)] {
        for id in ids {
            insert(&mut tx, tenant, NewNote { id, text: format!("{tenant} {id}") }).await.unwrap();
        }
    }
    tx.commit().await.unwrap();
}

pub(super) fn application(db: Db, found: Found) -> MCPServerBuilder {
    MCPServer::builder("notes", "1").database(db).seal_key([7; 32]).mount(operations(found))
}

pub(super) struct World {
    pub(super) server: diptych::Server,
    pub(super) listening: RunningServer,
    pub(super) db: Db,
    _database: TestDatabase,
}

impl World {
    pub(super) async fn on(backend: Backend, found: Found) -> Self {
        let database = TestDatabase::new(backend).await;
        let db = Db::connect(database.url()).await.unwrap();
        fill(&db).await;
        Self::of(database, db.clone(), db, found).await
    }

    /// On a database that is served by one connection and looked at by another.
    pub(super) async fn of(database: TestDatabase, served: Db, db: Db, found: Found) -> Self {
        let server = application(served.clone(), found).build().await.unwrap();
        let listening = RunningServer::start(application(served, found)).await;
        Self { server, listening, db, _database: database }
    }

    /// The same caller by every surface.
    pub(super) async fn callers(&self, user: Option<&str>) -> Vec<SurfaceClient> {
        let mut callers = vec![
            SurfaceClient::in_process(self.server.client(), user, &["x"]),
            SurfaceClient::stdio(&self.server, user, &["x"]),
        ];
        for surface in [Surface::Rest, Surface::McpSession, Surface::McpStateless] {
            callers.push(SurfaceClient::over(&self.listening, surface, user).await);
        }
        callers
    }

    pub(super) async fn count(&self, sql: &'static str) -> i64 {
        query_scalar(sql).one(&mut self.db.read().await.unwrap()).await.unwrap()
    }
}

pub(super) fn status(answered: &std::result::Result<Value, Value>) -> u64 {
    answered.as_ref().map_or_else(|problem| problem["status"].as_u64().unwrap_or(500), |_| 200)
}

pub(super) fn ids(page: &Value) -> Vec<i64> {
    page["items"].as_array().unwrap().iter().map(|note| note["id"].as_i64().unwrap()).collect()
}

const FOUND: [Found; 2] = [Found::InTheName, Found::InTheDatabase];

#[tokio::test]
async fn what_is_read_is_the_tenants() {
    for (backend, found) in EVERY.into_iter().flat_map(|backend| FOUND.map(|found| (backend, found))) {
        let world = World::on(backend, found).await;
        for (user, own, theirs) in [("ann@acme", 1..=ACME, 101), ("bob@beta", 101..=100 + BETA, 1)] {
            let own: Vec<_> = own.collect();
            for caller in world.callers(Some(user)).await {
                let case = format!("{backend} {found:?} {caller:?}");
                for name in ["notes.list", "notes.pages", "notes.all"] {
                    let all = caller.call(name, json!({})).await.unwrap();
                    assert_eq!(ids(&all), own, "{name} {case}");
                    let some = caller.call(name, json!({"id": [own[0], theirs]})).await.unwrap();
                    assert_eq!(ids(&some), own[..1], "{name} {case}");
                    let none = caller.call(name, json!({"id": [theirs]})).await.unwrap();
                    assert_eq!(ids(&none), [0i64; 0], "{name} {case}");
                    if name != "notes.all" {
                        assert_eq!((&all["total"], &none["total"]), (&json!(own.len()), &json!(0)), "{name} {case}");
                    }
                }
                for name in ["notes.get", "notes.peek"] {
                    assert_eq!(caller.call(name, json!({"id": own[0]})).await.unwrap()["id"], own[0], "{case}");
                    let foreign = caller.call(name, json!({"id": theirs})).await;
                    assert_eq!(status(&foreign), 404, "{name} {case}");
                    assert_eq!(foreign, caller.call(name, json!({"id": 77})).await, "{name} {case}");
                }
                assert_eq!(caller.call("notes.find", json!({"id": theirs})).await.unwrap(), Value::Null, "{case}");
                assert_eq!(caller.call("notes.count", json!({})).await.unwrap(), own.len(), "{case}");
                assert_eq!(caller.call("notes.everything", json!({})).await.unwrap(), ACME + BETA, "{case}");
                if caller.speaks_mcp() {
                    over_mcp(&caller, &own, theirs).await;
                }
            }
        }
    }
}

/// What only MCP has: resources, their list, completions and prompts.
async fn over_mcp(caller: &SurfaceClient, own: &[i64], theirs: i64) {
    let read = async |id: i64| caller.request("resources/read", json!({"uri": format!("notes://{id}")})).await;
    assert!(read(own[0]).await.is_ok(), "{caller:?}");
    let (foreign, gone) = (read(theirs).await.unwrap_err(), read(77).await.unwrap_err());
    assert_eq!(foreign["code"], gone["code"], "{caller:?}");
    let listed = caller.request("resources/list", json!({})).await.unwrap();
    assert_eq!(listed["resources"].as_array().unwrap().len(), own.len(), "{caller:?} {listed}");
    let completed = caller.request(
        "completion/complete",
        json!({"ref": {"type": "ref/resource", "uri": "notes://{id}"}, "argument": {"name": "id", "value": "1"}}),
    );
    let completed = completed.await.unwrap()["completion"]["values"].clone();
    let expected: Vec<_> = own.iter().map(i64::to_string).filter(|id| id.starts_with('1')).collect();
    assert_eq!(completed, json!(expected), "{caller:?}");
    let letter = caller.request("prompts/get", json!({"name": "notes.letter"})).await.unwrap();
    let tenant = if own[0] == 1 { "Write to acme." } else { "Write to beta." };
    assert_eq!(letter["messages"][0]["content"]["text"], tenant, "{caller:?}");
}

#[tokio::test]
async fn what_is_written_is_the_tenants() {
    for (backend, found) in EVERY.into_iter().flat_map(|backend| FOUND.map(|found| (backend, found))) {
        let world = World::on(backend, found).await;
        for (at, caller) in world.callers(Some("ann@acme")).await.into_iter().enumerate() {
            let case = format!("{backend} {found:?} {caller:?}");
            let new = |id: i64| json!({"id": id, "text": "new"});
            let fresh = 1_000 + i64::try_from(at).unwrap();
            assert_eq!(caller.call("notes.add", new(fresh)).await.unwrap()["tenant_id"], "acme", "{case}");
            // What is written elsewhere by mistake is undone.
            for name in ["notes.misplace", "notes.misplace_row"] {
                let misplaced = caller.call(name, new(2_000)).await;
                assert_eq!(status(&misplaced), 500, "{name} {case}");
            }
            let write = async |id: i64| caller.call("notes.write", json!({"id": id, "text": "written"})).await;
            assert_eq!(write(fresh).await.unwrap()["text"], "written", "{case}");
            let foreign = write(101).await;
            assert_eq!((status(&foreign), &foreign), (404, &write(77).await), "{case}");
            // A broken rule is told of a row that is one's own only, and a row that is named has to be there.
            let remove = async |ids: Value| caller.call("notes.remove", json!({"id": ids})).await;
            let foreign = remove(json!([fresh, 101])).await;
            assert_eq!((status(&foreign), &foreign), (404, &remove(json!([fresh, 77])).await), "{case}");
            assert_eq!(remove(json!([fresh])).await.unwrap(), json!([fresh]), "{case}");
        }
        assert_eq!(world.count("SELECT COUNT(*) FROM notes WHERE id > 200").await, 0, "{backend}");
        assert_eq!(world.count("SELECT COUNT(*) FROM notes WHERE text = 'written'").await, 0, "{backend}");
        // Whoever says nothing of rows gets all of their own.
        let bob = &world.callers(Some("bob@beta")).await[0];
        assert_eq!(bob.call("notes.remove", json!({})).await.unwrap(), json!([101, 102, 103, 104]));
        assert_eq!(world.count("SELECT COUNT(*) FROM notes").await, ACME);
    }
}

#[tokio::test]
async fn whoever_is_in_no_scope_is_refused() {
    for (backend, found) in EVERY.into_iter().flat_map(|backend| FOUND.map(|found| (backend, found))) {
        let world = World::on(backend, found).await;
        for (user, expected) in [(Some("eve"), 403), (Some("eve@"), 403), (None, 401)] {
            for caller in world.callers(user).await {
                for name in ["notes.list", "notes.all", "notes.get", "notes.count", "notes.add", "notes.write"] {
                    let arguments = match name {
                        "notes.add" => json!({"id": 1, "text": "x"}),
                        "notes.get" => json!({"id": 1}),
                        "notes.write" => json!({"id": 1, "text": "x"}),
                        _ => json!({}),
                    };
                    let refused = caller.call(name, arguments).await;
                    assert_eq!(status(&refused), expected, "{backend} {found:?} {caller:?} {name}");
                }
                if user.is_some() {
                    let everything = caller.call("notes.everything", json!({})).await.unwrap();
                    assert_eq!(everything, ACME + BETA, "{caller:?}");
                }
            }
        }
    }
}

/// Without the database the answer is there before arguments are looked at.
#[tokio::test]
async fn a_refusal_comes_before_arguments() {
    let world = World::on(Backend::Sqlite, Found::InTheName).await;
    for caller in world.callers(Some("eve")).await {
        let refused = caller.call("notes.write", json!({"id": "no number", "surplus": true})).await;
        assert_eq!(status(&refused), 403, "{caller:?}");
    }
}

pub(super) async fn engine(db: Db, found: Found) -> Engine {
    let engine = Engine::builder(db).operations(operations(found)).build().unwrap();
    engine.migrate_idempotency().await.unwrap();
    engine
}

/// A call in process, as this subject.
pub(super) async fn call(engine: &Engine, who: &str, key: Option<&str>, name: &str, arguments: &str) -> Result<Value> {
    let principal = Principal::new("tests", who, ["x"]).unwrap();
    let caller = Caller {
        idempotency_key: key.map(|key| IdempotencyKey::new(key).unwrap()),
        ..Caller::new(Some(principal), Via::new(Speaks::InProcess))
    };
    let outcome = engine.dispatch(engine.operation(name).unwrap(), Arguments::named(arguments), caller).await?;
    Ok(serde_json::from_str(outcome.json()).unwrap())
}

/// A pool with one connection of each kind, so that every call gets the one of the call before.
pub(super) async fn one_connection(url: &str) -> Db {
    let options = DbOptions { max_connections: 2, workers: Some(1), ..DbOptions::default() };
    Db::connect_with(url, options).await.unwrap()
}
