//! Who may use what, where the example has no such rule: scopes that contain others, combined permissions, rows that a selector
//! shows to some.

use diptych::{
    AllOf, AnyOf, Authenticated, Backend, Conn, DELETE, Db, GET, Instance, MCPServer, MCPServerBuilder, Operations,
    Permission, Principal, Record, Result, Scope, SelectorSpec, ServiceSpec, Tx, query, query_as,
};
use diptych_spec::{AnswerValue, Args};
use diptych_testkit::{HttpReply, RunningServer, Surface, SurfaceClient, TestDatabase, request};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

#[derive(Debug, Deserialize, JsonSchema)]
struct ById {
    id: i64,
}

#[derive(Debug, Serialize, JsonSchema, Record)]
struct Note {
    id: i64,
    owner: String,
}

async fn get(conn: &mut Conn, Args(ById { id }): Args<ById>) -> Result<Option<Note>> {
    query_as::<Note>("SELECT id, owner FROM notes WHERE id = $1").bind(id).optional(conn).await
}

async fn delete(tx: &mut Tx, Instance(note): Instance<Note>) -> Result<()> {
    query("DELETE FROM notes WHERE id = $1").bind(note.id).execute(tx).await?;
    Ok(())
}

async fn scopes(_: &mut Conn, who: Principal) -> Result<AnswerValue<Vec<String>>> {
    Ok(AnswerValue(who.scopes().to_vec()))
}

fn is_owner(who: Option<&Principal>, note: &Note) -> bool {
    who.is_some_and(|who| who.subject() == note.owner || who.has_scope("notes:all"))
}

/// The row selector, with its rule.
fn shown() -> SelectorSpec<impl diptych::Handler<Connection = Conn, Out = Option<Note>>> {
    SelectorSpec::from_fn("notes.get", get).permit(is_owner)
}

fn application(db: Db) -> MCPServerBuilder {
    let guarded = |name: &'static str, path: &str, permission: Box<dyn Permission>| {
        SelectorSpec::from_fn(name, scopes).allow(permission).rest(GET, path)
    };
    let both = AllOf([Scope("notes:read"), Scope("reports:read")]);
    let either =
        AnyOf((Scope("notes:write"), |who: Option<&Principal>| who.is_some_and(|who| who.subject() == "root")));
    let operations = Operations::new()
        .add(shown().allow(Authenticated).rest(GET, "/notes/{id}").resource("notes://{id}"))
        .add(
            SelectorSpec::from_fn("notes.find", get)
                .permit(is_owner)
                .allow_none()
                .allow(Authenticated)
                .rest(GET, "/found/{id}"),
        )
        .add(
            ServiceSpec::from_fn("notes.delete", delete)
                .allow(Authenticated)
                .target(shown())
                .rest(DELETE, "/notes/{id}"),
        )
        .add(guarded("read", "/read", Box::new(Scope("notes:read"))))
        .add(guarded("both", "/both", Box::new(both)))
        .add(guarded("either", "/either", Box::new(either)));
    MCPServer::builder("notes", "1")
        .database(db)
        .scope_contains("notes:write", ["notes:read"])
        .scope_contains("admin", ["notes:write", "notes:all", "reports:read"])
        .mount(operations)
}

struct World {
    server: RunningServer,
    client: diptych::Client,
    _database: TestDatabase,
}

impl World {
    async fn on(backend: Backend) -> Self {
        let database = TestDatabase::new(backend).await;
        let db = Db::connect(database.url()).await.unwrap();
        let mut tx = db.begin().await.unwrap();
        query("CREATE TABLE notes (id BIGINT PRIMARY KEY, owner TEXT NOT NULL)").execute(&mut tx).await.unwrap();
        query("INSERT INTO notes VALUES (1, 'ann'), (2, 'bob')").execute(&mut tx).await.unwrap();
        tx.commit().await.unwrap();
        let client = application(db.clone()).build().await.unwrap().client();
        Self { server: RunningServer::start(application(db)).await, client, _database: database }
    }

    /// The same caller by every surface.
    async fn callers(&self, token: &str) -> Vec<SurfaceClient> {
        let mut callers = vec![SurfaceClient::in_process(self.client.clone(), Some(token), &[])];
        for surface in [Surface::Rest, Surface::McpSession, Surface::McpStateless] {
            callers.push(SurfaceClient::over(&self.server, surface, Some(token)).await);
        }
        callers
    }

    async fn rest(&self, token: &str, path: &str) -> HttpReply {
        request(self.server.socket(), "GET", path, &[("Authorization", &format!("Bearer {token}"))], None).await
    }
}

fn status(answered: Result<Value, Value>) -> u64 {
    answered.map_or_else(|problem| problem["status"].as_u64().unwrap(), |_| 200)
}

#[tokio::test]
async fn a_row_is_shown_to_some() {
    for backend in [Backend::Sqlite, Backend::Postgres] {
        let world = World::on(backend).await;
        for (token, id, expected) in
            [("ann+x", 1, 200), ("ann+x", 2, 404), ("ann+x", 3, 404), ("eve+notes:all", 2, 200), ("eve+admin", 1, 200)]
        {
            for caller in world.callers(token).await {
                let got = caller.call("notes.get", json!({"id": id})).await;
                assert_eq!(status(got), expected, "{caller:?} {id}");
                let found = caller.call("notes.find", json!({"id": id})).await.unwrap();
                assert_eq!(found.is_null(), expected == 404, "{caller:?} {id}: {found}");
                if caller.speaks_mcp() {
                    let read = caller.request("resources/read", json!({"uri": format!("notes://{id}")})).await;
                    assert_eq!(read.is_ok(), expected == 200, "{caller:?} {id}");
                }
                if expected == 404 {
                    let deleted = caller.call("notes.delete", json!({"id": id})).await;
                    assert_eq!(deleted, caller.call("notes.delete", json!({"id": 9})).await, "{caller:?} {id}");
                    assert_eq!(status(deleted), 404, "{caller:?} {id}");
                }
            }
        }
        assert_eq!(status(world.callers("bob+x").await[1].call("notes.delete", json!({"id": 2})).await), 200);
    }
}

#[tokio::test]
async fn scopes_contain_others_on_every_surface() {
    let world = World::on(Backend::Sqlite).await;
    for (token, read, both, either) in [
        ("ann+notes:read", 200, 403, 403),
        ("ann+notes:write", 200, 403, 200),
        ("ann+notes:write+reports:read", 200, 200, 200),
        ("ann+admin", 200, 200, 200),
        ("ann+notes", 403, 403, 403),
        ("ann+admins", 403, 403, 403),
        ("root+x", 403, 403, 200),
    ] {
        for caller in world.callers(token).await {
            for (name, expected) in [("read", read), ("both", both), ("either", either)] {
                assert_eq!(status(caller.call(name, json!({})).await), expected, "{caller:?} {name}");
                if caller.speaks_mcp() {
                    let tools = caller.request("tools/list", json!({})).await.unwrap();
                    let listed = tools["tools"].as_array().unwrap().iter().any(|tool| tool["name"] == name);
                    assert_eq!(listed, expected == 200, "{caller:?} {name}");
                }
            }
        }
    }
    let own = world.callers("ann+admin").await[1].call("read", json!({})).await.unwrap();
    assert_eq!(own, json!(["admin", "notes:all", "notes:read", "notes:write", "reports:read"]), "as handlers see them");
}

#[tokio::test]
async fn a_challenge_names_every_scope_of_one_way_in() {
    let world = World::on(Backend::Sqlite).await;
    for (path, scopes) in [("both", "notes:read reports:read"), ("either", "notes:write"), ("read", "notes:read")] {
        let refused = world.rest("ann+notes", &format!("/api/{path}")).await;
        let challenge = refused.header("www-authenticate").unwrap();
        assert!(challenge.contains(&format!("scope=\"{scopes}\"")), "{challenge}");
    }
    let document = world.rest("ann", "/openapi.json").await.json();
    for (path, security) in [
        ("both", json!([{"bearer": ["notes:read", "reports:read"]}])),
        ("either", json!([{"bearer": ["notes:write"]}, {"bearer": []}])),
        ("read", json!([{"bearer": ["notes:read"]}])),
    ] {
        assert_eq!(document["paths"][format!("/{path}")]["get"]["security"], security, "{path}");
    }
}

#[tokio::test]
async fn a_permission_that_lets_nobody_in_does_not_start() {
    let database = TestDatabase::sqlite();
    let none: [diptych::Anyone; 0] = [];
    let operations = Operations::new()
        .add(SelectorSpec::from_fn("a", scopes).allow(AnyOf(none)))
        .add(SelectorSpec::from_fn("b", scopes).allow(Scope("notes:read notes:write")));
    let builder = MCPServer::builder("notes", "1").database_url(database.url()).scope_contains("x y", ["z"]);
    let mistakes = builder.mount(operations).build().await.unwrap_err().to_string();
    for told in ["a: allows `AnyOf` of nothing", "b: names the scope \"notes:read notes:write\"", "\"x y\""] {
        assert!(mistakes.contains(told), "{told} in {mistakes}");
    }
}
