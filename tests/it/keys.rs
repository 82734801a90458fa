//! API keys, over REST and MCP and from the command line, on every database.

use crate::counter::{Backend, EVERY};
use diptych::{
    AnswerValue, Anyone, ApiKeys, Authenticated, Conn, Db, GET, MCPServer, NewApiKey, Operations, Principal, Result,
    Scope, SelectorSpec, ServiceSpec, Task, Tx, query,
};
use diptych_testkit::{HttpReply, RunningServer, Surface, SurfaceClient, TestDatabase, request};
use serde_json::{Value, json};
use std::process::{Command, Output};
use std::time::{Duration, SystemTime};

async fn whoami(_: &mut Conn, who: Principal) -> Result<AnswerValue<Vec<String>>> {
    let client = who.client().unwrap_or_default().to_owned();
    Ok(AnswerValue(vec![who.issuer().to_owned(), who.subject().to_owned(), client]))
}

async fn told(_: &mut Conn) -> Result<AnswerValue<bool>> {
    Ok(AnswerValue(true))
}

async fn work(_: &mut Tx, who: Principal) -> Result<String> {
    Ok(who.client().unwrap_or_default().to_owned())
}

fn operations() -> Operations {
    Operations::new()
        .add(SelectorSpec::from_fn("whoami", whoami).allow(Authenticated).rest(GET, "/whoami"))
        .add(
            SelectorSpec::from_fn("notes", told).allow(Scope("notes:read")).rest(GET, "/notes").resource("notes://all"),
        )
        .add(
            SelectorSpec::from_fn("bills", told).allow(Scope("bills:read")).rest(GET, "/bills").resource("bills://all"),
        )
        .add(SelectorSpec::from_fn("open", told).allow(Anyone).rest(GET, "/open").resource("open://all"))
        .add(ServiceSpec::from_fn("work", work).allow(Authenticated).task(Task::required()))
}

struct World {
    server: RunningServer,
    keys: ApiKeys,
    db: Db,
    _database: TestDatabase,
}

impl World {
    async fn on(backend: Backend, keys: ApiKeys) -> Self {
        let database = TestDatabase::new(backend).await;
        let db = Db::connect(database.url()).await.unwrap();
        // Connections of its own, so that the test's can be closed.
        let builder = MCPServer::builder("keys", "1").database_url(database.url());
        let builder = builder.mount(operations()).auth(keys.clone());
        Self { server: RunningServer::start(builder).await, keys, db, _database: database }
    }

    async fn key(&self, new: NewApiKey) -> (String, String) {
        let mut tx = self.db.begin().await.unwrap();
        let (key, secret) = self.keys.create(&mut tx, new).await.unwrap();
        tx.commit().await.unwrap();
        (key.id, secret.expose().to_owned())
    }

    async fn revoke(&self, id: &str) -> bool {
        let mut tx = self.db.begin().await.unwrap();
        let known = self.keys.revoke(&mut tx, id).await.unwrap();
        tx.commit().await.unwrap();
        known
    }

    async fn get(&self, path: &str, key: &str) -> HttpReply {
        let authorization = format!("Bearer {key}");
        request(self.server.socket(), "GET", path, &[("Authorization", &authorization)], None).await
    }
}

fn always() -> ApiKeys {
    ApiKeys::new().cached_for(Duration::ZERO)
}

const OVER_THE_WIRE: [Surface; 3] = [Surface::Rest, Surface::McpSession, Surface::McpStateless];

#[tokio::test]
async fn a_key_is_a_principal_with_its_scopes_and_no_others() {
    for backend in EVERY {
        let world = World::on(backend, ApiKeys::new()).await;
        let in_a_day = SystemTime::now() + Duration::from_secs(86_400);
        let new = NewApiKey::new("ci").scopes(["notes:read"]).expires_at(in_a_day).label("the build");
        let (id, key) = world.key(new).await;
        for surface in OVER_THE_WIRE {
            let ci = SurfaceClient::over(&world.server, surface, Some(&key)).await;
            assert_eq!(ci.call("whoami", json!({})).await, Ok(json!(["api-key", "ci", id])), "{backend} {surface:?}");
            assert_eq!(ci.call("notes", json!({})).await, Ok(json!(true)), "{backend} {surface:?}");
            assert_eq!(ci.call("bills", json!({})).await, Err(json!({"status": 403})), "{backend} {surface:?}");
        }
        // Not where a log would see it.
        let query = format!("/api/notes?access_token={key}&api_key={key}");
        assert_ne!(request(world.server.socket(), "GET", &query, &[], None).await.status, 200);
        let header = [("X-Api-Key", &*key)];
        assert_eq!(request(world.server.socket(), "GET", "/api/notes", &header, None).await.status, 401);
        let mut conn = world.db.read().await.unwrap();
        let stored: Vec<String> =
            diptych::query_scalar("SELECT hash FROM diptych_api_keys").all(&mut conn).await.unwrap();
        let secret = key.rsplit('_').next().unwrap();
        assert!(stored.len() == 1 && !stored[0].contains(secret) && stored[0].len() == 64);
        let listed = world.keys.list(&mut conn, 10).await.unwrap();
        assert!(!serde_json::to_string(&listed).unwrap().contains(secret) && !format!("{listed:?}").contains(secret));
    }
}

#[tokio::test]
async fn keys_that_are_not_good_are_refused_alike() {
    for backend in EVERY {
        let (world, elsewhere) = (World::on(backend, always()).await, World::on(backend, always()).await);
        let (_, unknown) = elsewhere.key(NewApiKey::new("ci")).await;
        let (revoked, revoked_key) = world.key(NewApiKey::new("ci")).await;
        assert_eq!(world.get("/api/whoami", &revoked_key).await.status, 200);
        assert!(world.revoke(&revoked).await && world.revoke(&revoked).await && !world.revoke("nothing").await);
        let (expired, expired_key) = world.key(NewApiKey::new("ci")).await;
        let mut tx = world.db.begin().await.unwrap();
        query("UPDATE diptych_api_keys SET expires_at = 1 WHERE id = $1").bind(expired).execute(&mut tx).await.unwrap();
        tx.commit().await.unwrap();
        // The id of one, the secret of another, with a checksum that is right for neither.
        let (_, good) = world.key(NewApiKey::new("ci")).await;
        let mixed = format!("{}{}", &good[..20], &unknown[20..]);
        let cut = &good[..good.len() - 1];
        let expected = world.get("/api/whoami", "dk_").await;
        let challenge = expected.header("www-authenticate").unwrap().to_owned();
        assert!(expected.status == 401 && challenge.contains("invalid_token"), "{expected:?}");
        for (why, key) in [
            ("unknown", &*unknown),
            ("revoked", &revoked_key),
            ("expired", &expired_key),
            ("mixed", &mixed),
            ("cut off", cut),
            ("in capitals", &good.to_uppercase().replacen("DK_", "dk_", 1)),
        ] {
            // Also where nobody would be let in.
            for path in ["/api/whoami", "/api/open"] {
                let refused = world.get(path, key).await;
                let told = (refused.status, &*refused.body, refused.header("www-authenticate"));
                assert_eq!(told, (401, &*expected.body, Some(&*challenge)), "{backend} {why} {path}");
            }
        }
        assert_eq!(world.get("/api/whoami", &good).await.status, 200);
        for foreign in ["what", "dkx_what", "eyJ.eyJ.x"] {
            let refused = world.get("/api/open", foreign).await;
            assert_eq!((refused.status, &refused.json()["code"]), (401, &json!("invalid_token")), "{foreign}");
        }
        assert_eq!(request(world.server.socket(), "GET", "/api/open", &[], None).await.status, 200);
    }
}

#[tokio::test]
async fn a_key_that_was_looked_up_is_not_looked_up_again_and_a_slip_never_is() {
    let world = World::on(Backend::Sqlite, ApiKeys::new().cached_for(Duration::from_secs(600))).await;
    let elsewhere = World::on(Backend::Sqlite, ApiKeys::new()).await;
    let (id, good) = world.key(NewApiKey::new("ci")).await;
    let (_, bad) = elsewhere.key(NewApiKey::new("ci")).await;
    let (_, other) = elsewhere.key(NewApiKey::new("ci")).await;
    assert_eq!(world.get("/api/whoami", &good).await.status, 200);
    assert_eq!(world.get("/api/whoami", &bad).await.status, 401);
    world.revoke(&id).await;
    let mut tx = world.db.begin().await.unwrap();
    query("DROP TABLE diptych_api_keys").execute(&mut tx).await.unwrap();
    tx.commit().await.unwrap();
    // What the database would say now, a key that was never seen shows.
    for (key, status) in [(&good, 200), (&bad, 401), (&good[..40].to_owned(), 401), (&other, 500)] {
        assert_eq!(world.get("/api/whoami", key).await.status, status);
    }
}

#[tokio::test]
async fn a_key_for_named_operations_is_good_for_no_others_on_any_way_in() {
    for backend in EVERY {
        let world = World::on(backend, ApiKeys::new()).await;
        let new = || NewApiKey::new("ci").scopes(["notes:read", "bills:read"]);
        let (_, key) = world.key(new().operations(["notes"])).await;
        for surface in OVER_THE_WIRE {
            let ci = SurfaceClient::over(&world.server, surface, Some(&key)).await;
            assert_eq!(ci.call("notes", json!({})).await, Ok(json!(true)), "{backend} {surface:?}");
            for other in ["bills", "whoami", "open"] {
                let refused = ci.call(other, json!({})).await;
                assert_eq!(refused, Err(json!({"status": 403})), "{backend} {surface:?} {other}");
            }
            if surface == Surface::Rest {
                continue;
            }
            let tools = ci.request("tools/list", json!({})).await.unwrap();
            let names: Vec<_> = tools["tools"].as_array().unwrap().iter().map(|tool| &tool["name"]).collect();
            assert_eq!(names, ["notes"], "{backend} {surface:?}");
            let resources = ci.request("resources/list", json!({})).await.unwrap();
            let uris: Vec<_> = resources["resources"].as_array().unwrap().iter().map(|one| &one["uri"]).collect();
            assert_eq!(uris, ["notes://all"], "{backend} {surface:?}");
            if surface == Surface::McpStateless {
                assert_eq!(tools["cacheScope"], "private");
            }
        }
        let read = |uri: &'static str| mcp(&world, &key, "resources/read", json!({"uri": uri}));
        assert_eq!(read("notes://all").await.status, 200);
        assert_eq!((read("bills://all").await.status, read("open://all").await.status), (403, 403));
        let create = json!({"name": "work"});
        assert_eq!(mcp(&world, &key, "tools/call", create.clone()).await.status, 403);
        // A task is run as the key that made it.
        let (id, key) = world.key(new().operations(["work"])).await;
        let created = mcp(&world, &key, "tools/call", create).await.json();
        let task = created["result"]["taskId"].as_str().unwrap_or_else(|| panic!("{created:#}")).to_owned();
        let done = loop {
            let state = mcp(&world, &key, "tasks/get", json!({"taskId": task})).await.json();
            if state["result"]["status"] != "working" {
                break state;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        };
        assert_eq!(done["result"]["result"]["content"][0]["text"], format!("\"{id}\""), "{done:#}");
    }
}

async fn mcp(world: &World, key: &str, method: &str, mut params: Value) -> HttpReply {
    let name = ["name", "uri", "taskId"].iter().find_map(|member| params[member].as_str());
    let name = name.unwrap_or_default().to_owned();
    params["_meta"] = json!({
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientCapabilities": {"extensions": {"io.modelcontextprotocol/tasks": {}}},
    });
    let body = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).to_string();
    let authorization = format!("Bearer {key}");
    let headers = [
        ("Authorization", &*authorization),
        ("Content-Type", "application/json"),
        ("MCP-Protocol-Version", "2026-07-28"),
        ("Mcp-Method", method),
        ("Mcp-Name", &name),
    ];
    request(world.server.socket(), "POST", "/mcp", &headers, Some(&body)).await
}

#[tokio::test]
async fn the_last_use_is_noted_and_not_at_every_request() {
    for backend in EVERY {
        let world = World::on(backend, always()).await;
        let (_, key) = world.key(NewApiKey::new("ci")).await;
        let used = async || {
            let mut conn = world.db.read().await.unwrap();
            world.keys.list(&mut conn, 1).await.unwrap().remove(0).last_used_at
        };
        assert_eq!(used().await, None);
        assert_eq!(world.get("/api/whoami", &key).await.status, 200);
        let first = tokio::time::timeout(Duration::from_secs(20), async {
            loop {
                if let Some(at) = used().await {
                    return at;
                }
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        });
        let first = first.await.expect("the use is noted");
        assert!((chrono::Utc::now() - first).num_seconds() < 60);
        for _ in 0..3 {
            assert_eq!(world.get("/api/whoami", &key).await.status, 200);
        }
        assert_eq!(used().await, Some(first), "{backend}: within a minute it is not noted again");
        // Long ago, it is.
        let mut tx = world.db.begin().await.unwrap();
        query("UPDATE diptych_api_keys SET last_used_at = 5").execute(&mut tx).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(world.get("/api/whoami", &key).await.status, 200);
        let again = tokio::time::timeout(Duration::from_secs(20), async {
            while used().await.unwrap().timestamp_millis() == 5 {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        });
        again.await.expect("the use is noted again");
    }
}

#[tokio::test]
async fn a_key_that_makes_no_sense_is_not_created() {
    let world = World::on(Backend::Sqlite, ApiKeys::new()).await;
    let past = SystemTime::now() - Duration::from_secs(1);
    for (new, pointers) in [
        (NewApiKey::new(" "), &["/name"] as &[&str]),
        (NewApiKey::new("a\nb").label("x".repeat(201)), &["/label", "/name"]),
        (NewApiKey::new("ci").scopes(["a", "", "a b", "\""]), &["/scopes/1", "/scopes/2", "/scopes/3"]),
        (NewApiKey::new("ci").operations([] as [&str; 0]).expires_at(past), &["/expires_at", "/operations"]),
    ] {
        let mut tx = world.db.begin().await.unwrap();
        let error = world.keys.create(&mut tx, new).await.unwrap_err();
        let told: Vec<_> = error.fields().iter().map(|field| &*field.pointer).collect();
        assert_eq!(told, pointers);
        tx.rollback().await;
    }
}

/// The program `keyed`, on this database.
fn keyed(database: &TestDatabase, arguments: &[&str], without: bool) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_keyed"));
    command.args(arguments).env("DATABASE_URL", database.url()).env("USER", "ann");
    if without {
        command.env("KEYED_WITHOUT", "1");
    }
    command.output().unwrap()
}

#[tokio::test]
async fn the_command_line_creates_lists_and_revokes() {
    for backend in EVERY {
        let database = TestDatabase::new(backend).await;
        let run = |arguments: &[&str]| {
            let Output { status, stdout, stderr } = keyed(&database, arguments, false);
            (status.success(), String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap())
        };
        let create = ["keys", "create", "--name", "ci", "--scope", "secret:read", "--operation", "secret.whoami"];
        let (ok, key, explained) = run(&[&create as &[&str], &["--expires", "90d", "--label", "the build"]].concat());
        // What is piped is the key alone.
        assert!(ok && key.starts_with("dk_") && key.lines().count() == 1 && key.ends_with('\n'), "{key} {explained}");
        let key = key.trim();
        assert!(explained.contains("ci") && explained.contains("not shown again") && !explained.contains(key));

        let (ok, json, _) = run(&["keys", "create", "--name", "cd", "--expires", "never", "--format", "json"]);
        let created: Value = serde_json::from_str(&json).unwrap();
        assert!(ok && created["key"].as_str().unwrap().starts_with("dk_") && created["expires_at"].is_null());

        let (ok, table, _) = run(&["keys", "list"]);
        let (_, json, _) = run(&["keys", "list", "--format", "json"]);
        let listed: Value = serde_json::from_str(&json).unwrap();
        let secret = key.rsplit('_').next().unwrap();
        assert!(ok && table.lines().count() == 3 && table.contains("the build"), "{table}");
        assert!(!table.contains(secret) && !json.contains(secret) && !json.contains("hash"));
        let of = |name: &str| listed["keys"].as_array().unwrap().iter().find(|key| key["name"] == name).unwrap();
        assert_eq!((&of("ci")["created_by"], &of("ci")["scopes"]), (&json!("ann"), &json!(["secret:read"])));
        assert_eq!((&of("ci")["operations"], &of("cd")["operations"]), (&json!(["secret.whoami"]), &Value::Null));
        let id = of("ci")["id"].as_str().unwrap();
        assert_eq!(key.split('_').nth(1), Some(id));

        let (ok, out, explained) = run(&["keys", "revoke", id]);
        assert!(ok && out.is_empty() && explained.contains(id), "{explained}");
        let (_, table, _) = run(&["keys", "list"]);
        assert!(table.lines().any(|line| line.contains(id) && line.contains("revoked")), "{table}");

        for (arguments, says) in [
            (&["keys", "revoke", "nothing"] as &[&str], "no key with the id nothing"),
            (&["keys", "create", "--name", "x", "--operation", "whoamy"], "--operation whoamy"),
            (&["keys", "create", "--name", " "], "name"),
            (&["keys", "create"], "--name"),
            (&["keys"], "create"),
        ] {
            let (ok, out, explained) = run(arguments);
            assert!(!ok && out.is_empty() && explained.contains(says), "{arguments:?}: {explained}");
        }
        let (ok, _, explained) = run(&["keys", "create", "--name", "x", "--scope", "secrets:read"]);
        assert!(ok && explained.contains("no operation asks for the scope secrets:read"), "{explained}");
        let without = keyed(&database, &["keys", "list"], true);
        let explained = String::from_utf8(without.stderr).unwrap();
        assert!(!without.status.success() && explained.contains(".auth(ApiKeys::new())"), "{explained}");
    }
}
