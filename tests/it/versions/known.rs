//! Who has to say which version they know, in an argument where there is no header, and what becomes of it: in races, in replays, in
//! tasks; and what cannot be declared.

use super::{Page, get_page, notebook, operations, pages, remove, send};
use crate::counter::EVERY;
use diptych::{
    Audit, AuditEntry, Authenticated, Backend, Db, Engine, IdempotencyKey, Input, Instance, Lock, Operations,
    Principal, Result, ServiceSpec, Tx, Version, query_as,
};
use diptych_pipeline::{Caller, NewTask, Surface as Speaks, TaskStatus, Via};
use diptych_spec::{Arguments, ExpectedVersion};
use diptych_testkit::{RunningServer, Surface, SurfaceClient, TestDatabase, request};
use futures_util::future::join_all;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use validator::Validate;

#[tokio::test]
async fn who_has_to_say_a_version_is_told_how() {
    let database = TestDatabase::sqlite();
    let running = RunningServer::start(notebook(&database)).await;
    for surface in [Surface::Rest, Surface::McpSession, Surface::McpStateless] {
        let ann = SurfaceClient::over(&running, surface, Some("ann")).await;
        // Also of a row that is not there: nothing was looked for.
        for id in [1, 7] {
            let problem = ann.call("pages.write", json!({"id": id, "text": "x"})).await.unwrap_err();
            assert_eq!((&problem["status"], &problem["code"]), (&json!(428), &json!("precondition_required")));
            for way in ["`If-Match`", "`expected_version`"] {
                assert!(problem["detail"].as_str().unwrap().contains(way), "{problem}");
            }
        }
    }
    let ann = SurfaceClient::over(&running, Surface::McpStateless, Some("ann")).await;
    let tools = ann.request("tools/list", json!({})).await.unwrap();
    let tool =
        |name: &str| tools["tools"].as_array().unwrap().iter().find(|tool| tool["name"] == name).cloned().unwrap();
    let write = tool("pages.write")["inputSchema"].clone();
    assert_eq!(write["required"], json!(["text", "id", "expected_version"]));
    assert_eq!(write["properties"]["expected_version"]["type"], "integer");
    assert!(tool("pages.get")["inputSchema"]["properties"]["expected_version"].is_null());
    assert_eq!(tool("pages.get")["outputSchema"]["properties"]["version"]["type"], "integer");
    assert!(!tools.to_string().contains("x-diptych"), "{tools}");
    // A model may write it as a string, as any other number.
    let written = ann.call("pages.write", json!({"id": 1, "text": "x", "expected_version": "1"})).await.unwrap();
    assert_eq!(written["version"], 2);

    let document = request(running.socket(), "GET", "/openapi.json", &[], None).await.json();
    let (put, get) = (&document["paths"]["/pages/{id}"]["put"], &document["paths"]["/pages/{id}"]["get"]);
    let parameter = |operation: &Value| operation["parameters"].as_array().unwrap().last().unwrap()["$ref"].clone();
    assert_eq!(parameter(put), "#/components/parameters/RequiredIfMatch");
    // What may be left out is told with the answers that it leads to.
    assert_eq!(get["parameters"].as_array().map(Vec::len), Some(1), "{get}");
    for (operation, statuses) in [(put, &["412", "428"][..]), (get, &["304"])] {
        for status in statuses {
            assert!(operation["responses"][status].is_object(), "{status}: {operation}");
        }
        assert!(operation["responses"]["200"]["headers"]["ETag"].is_object(), "{operation}");
    }
    assert!(get["responses"]["412"].is_null() && put["responses"]["304"].is_null());
    assert!(!document.to_string().contains("expected_version"), "over REST it is a header");
}

#[tokio::test]
async fn of_many_racing_changes_one_is_made() {
    for backend in EVERY {
        let database = TestDatabase::new(backend).await;
        let db = Db::connect(database.url()).await.unwrap();
        pages(db.clone()).await.unwrap();
        let engine = Engine::builder(db).operations(operations()).build().unwrap();
        let operation = engine.operation("pages.write").unwrap();
        for version in 1..6 {
            let engine = &engine;
            let write = |n: i32| async move {
                let caller = Caller {
                    expected_version: Some(ExpectedVersion::OneOf(vec![Version::new(version)])),
                    ..Caller::new(Some(Principal::new("tests", "ann", [""; 0]).unwrap()), Via::new(Speaks::Rest))
                };
                let arguments = format!(r#"{{"id": 1, "text": "{version} {n}"}}"#);
                engine.dispatch(operation, Arguments::named(&arguments), caller).await
            };
            let done = join_all((0..32).map(write)).await;
            let won: Vec<_> = done.iter().flatten().collect();
            assert_eq!(won.len(), 1, "{backend}");
            for error in done.iter().filter_map(|done| done.as_ref().err()) {
                assert_eq!(error.code(), "precondition_failed", "{backend}: {error}");
            }
            let mut conn = engine.db().read().await.unwrap();
            let page: Page = query_as("SELECT * FROM pages WHERE id = 1").one(&mut conn).await.unwrap();
            assert_eq!(page.version, Version::new(version).next());
            let answered: Value = serde_json::from_str(won[0].json()).unwrap();
            assert_eq!(answered["text"], json!(page.text), "what was answered is what is there");
        }
    }
}

/// The version is no part of what is done, so REST and MCP make one call of it.
#[tokio::test]
async fn a_replay_needs_no_version() {
    for backend in EVERY {
        let database = TestDatabase::new(backend).await;
        let running = RunningServer::start(notebook(&database)).await;
        let put = async |more: &[(&str, &str)]| {
            let headers = [&[("Idempotency-Key", "k")][..], more].concat();
            send(running.socket(), "PUT", "/api/pages/1", &headers, Some(json!({"text": "once"}))).await
        };
        let first = put(&[("If-Match", "\"1\"")]).await;
        assert_eq!((first.status, &first.json()["version"]), (200, &json!(2)), "{}", first.body);
        for more in [&[("If-Match", "\"1\"")] as &[(&str, &str)], &[("If-Match", "\"2\"")], &[]] {
            let again = put(more).await;
            assert_eq!((again.status, again.header("idempotent-replayed")), (200, Some("true")), "{}", again.body);
            assert_eq!((&again.body, again.header("etag")), (&first.body, first.header("etag")));
        }
        let ann = SurfaceClient::over(&running, Surface::McpSession, Some("ann")).await;
        let call = json!({"id": 1, "text": "once", "expected_version": 1});
        assert_eq!(ann.call_with_key("k", "pages.write", call).await.unwrap(), first.json());
        let unsaid = ann.call_with_key("k2", "pages.write", json!({"id": 1, "text": "x"})).await.unwrap_err();
        assert_eq!(unsaid["code"], "precondition_required");
    }
}

/// A task compares when it runs, not when it is made.
#[tokio::test]
async fn a_task_is_of_the_version_that_was_known() {
    for backend in EVERY {
        let database = TestDatabase::new(backend).await;
        let server = notebook(&database).build().await.unwrap();
        let engine = server.engine();
        let caller = Caller::new(Some(Principal::new("tests", "ann", [""; 0]).unwrap()), Via::new(Speaks::Mcp));
        let operation = engine.operation("pages.write").unwrap();
        let run = async |arguments: &str| {
            let new = NewTask { caller: &caller, arguments, capabilities: &[], answers: Default::default() };
            let task = engine.create_task(operation, new).await?;
            loop {
                let state = engine.tasks().unwrap().get(task.id(), caller.principal.as_ref()).await?.unwrap();
                if let TaskStatus::Finished(done) = state.status() {
                    return Ok::<_, diptych::Error>(format!("{done:?}"));
                }
                tokio::time::sleep(std::time::Duration::from_millis(10)).await;
            }
        };
        let done = run(r#"{"id": 1, "text": "x", "expected_version": 1}"#).await.unwrap();
        assert!(done.starts_with("Ok") && done.contains("version"), "{backend}: {done}");
        let late = run(r#"{"id": 1, "text": "y", "expected_version": 1}"#).await.unwrap();
        assert!(late.contains("precondition_failed") || late.contains("PreconditionFailed"), "{backend}: {late}");
        let refused = run(r#"{"id": 1, "text": "y"}"#).await.unwrap_err();
        assert_eq!(refused.code(), "precondition_required", "no task is made of it");
        engine.stop_tasks().await;
    }
}

#[tokio::test]
async fn in_process_it_is_an_argument() {
    let database = TestDatabase::sqlite();
    let server = notebook(&database).audit(Audit::new()).build().await.unwrap();
    let ann = server.client().as_principal(Principal::new("tests", "ann", [""; 0]).unwrap());
    let write = |version: Version| json!({"id": 1, "text": format!("after {version}"), "expected_version": version});
    let first: Value = ann.call("pages.write", &write(Version::FIRST)).await.unwrap();
    assert_eq!(first["version"], 2);
    let late = ann.call::<Value>("pages.write", &write(Version::FIRST)).await.unwrap_err();
    assert_eq!((late.kind().status(), late.code()), (412, "precondition_failed"));
    let key = ann.clone().with_idempotency_key(IdempotencyKey::new("k").unwrap());
    let second: Value = key.call("pages.write", &write(Version::new(2))).await.unwrap();
    let again: Value = key.call("pages.write", &write(Version::new(2))).await.unwrap();
    assert_eq!((&second, &second["version"]), (&again, &json!(3)));
    server.engine().stop_audit().await;
    let mut conn = server.engine().db().read().await.unwrap();
    let rows: Vec<AuditEntry> = query_as("SELECT * FROM diptych_audit ORDER BY id").all(&mut conn).await.unwrap();
    let outcomes: Vec<_> = rows.iter().map(|row| (&*row.outcome, &*row.code)).collect();
    assert_eq!(
        outcomes,
        [("committed", ""), ("precondition_failed", "precondition_failed"), ("committed", ""), ("replayed", ""),]
    );
}

#[derive(Deserialize, JsonSchema, Validate)]
struct Own {
    #[expect(dead_code, reason = "only declared")]
    expected_version: i64,
}

#[derive(Serialize, JsonSchema)]
struct Both {
    one: Version,
    other: Version,
}

async fn own(_: &mut Tx, _: Instance<Page>, _: Input<Own>) -> Result<()> {
    Ok(())
}

async fn both(_: &mut Tx) -> Result<Both> {
    Ok(Both { one: Version::FIRST, other: Version::FIRST })
}

#[tokio::test]
async fn what_cannot_be_declared_does_not_start() {
    let spec = |name, lock| ServiceSpec::from_fn(name, remove).allow(Authenticated).target(get_page()).lock(lock);
    let operations = Operations::new()
        .add(spec("unlocked", Lock::None).expects_version())
        .add(spec("shared", Lock::Share).requires_version())
        .add(spec("good", Lock::NoKeyUpdate).expects_version())
        .add(spec("indifferent", Lock::None))
        .add(ServiceSpec::from_fn("own", own).allow(Authenticated).target(get_page()).expects_version())
        .add(ServiceSpec::from_fn("both", both).allow(Authenticated));
    let database = TestDatabase::new(Backend::Sqlite).await;
    let db = Db::connect(database.url()).await.unwrap();
    let mistakes = Engine::builder(db).operations(operations).build().unwrap_err().to_string();
    for expected in [
        "unlocked: compares the version of a row that others can lock as well",
        "shared: compares the version of a row that others can lock as well",
        "own: the argument `expected_version` is declared twice, by the input and by the expected version",
        "both: answers with two versions",
    ] {
        assert!(mistakes.replace('`', "").contains(&expected.replace('`', "")), "{expected}: {mistakes}");
    }
    assert!(!mistakes.contains("good") && !mistakes.contains("indifferent"), "{mistakes}");
}
