//! What is told of a call of many: changes, limits, the audit trail, and what HTTP says of it.

use super::{Steps, bad, good, operations};
use crate::counter::{EVERY, call, create_table};
use diptych::{
    Anyone, Audit, Db, Engine, ErrorKind, Input, Limit, MCPServer, Operations, Outbox, POST, Result, ServiceSpec,
    Settings, Tx, query_scalar,
};
use diptych_pipeline::{Change, OnDisconnect};
use diptych_testkit::{RunningServer, TestDatabase, request};
use serde_json::{Value, json};

#[tokio::test]
async fn changes_are_told_of_the_items_that_were_done_each_once() {
    let steps = Steps::on(EVERY[0]).await;
    let mut changes = steps.engine.changes().listen();
    let mut told = || {
        let mut told = Vec::new();
        while let Ok(Change::Resource(uri)) = changes.try_recv() {
            told.push(uri.to_string());
        }
        told
    };
    steps.call("all", &[good(1), good(2)]).await.unwrap();
    assert_eq!(told(), ["steps://1", "steps://", "steps://2"]);
    steps.call("all", &[good(3), bad(4, 1, "refuse")]).await.unwrap_err();
    assert!(told().is_empty());
    steps.call("each", &[bad(3, 1, "refuse"), good(4), json!({}), good(5)]).await.unwrap();
    assert_eq!(told(), ["steps://4", "steps://", "steps://5"]);
    steps.call("each", &[bad(6, 1, "refuse")]).await.unwrap();
    assert!(told().is_empty());

    // Called by another, they are told with all that it does.
    for (what, items, fails, expected) in [
        ("all", json!([good(10), good(11)]), false, &["steps://10", "steps://", "steps://11"][..]),
        ("all", json!([good(12), bad(13, 1, "refuse")]), false, &[]),
        (
            "each",
            json!([bad(12, 1, "refuse"), good(13), {}, good(14)]),
            false,
            &["steps://13", "steps://", "steps://14"],
        ),
        ("each", json!([good(15)]), true, &[]),
    ] {
        let given = json!({"what": what, "items": items, "fails": fails}).to_string();
        let done = call(&steps.engine, "through", &given, OnDisconnect::Cancel).await;
        assert_eq!(done.is_err(), fails, "{given}");
        steps.engine.drain().await;
        assert_eq!(told(), expected, "{given}");
    }
}

#[tokio::test]
async fn an_answer_that_is_too_long_undoes_all() {
    for backend in EVERY {
        let database = TestDatabase::new(backend).await;
        let db = Db::connect(database.url()).await.unwrap();
        let settings = Settings { max_result_bytes: 200, ..Settings::default() };
        let steps = Steps::with(database, db, |builder| builder.settings(settings)).await;
        let items: Vec<_> = (1..=20).map(good).collect();
        for name in ["each", "all"] {
            let error = match name {
                "all" => {
                    let long: Vec<_> = (1..=20).map(|n| good(100_000 + n)).collect();
                    steps.call(name, &long).await.unwrap_err()
                }
                _ => steps.call(name, &items).await.unwrap_err(),
            };
            assert_eq!((error.kind(), error.code()), (ErrorKind::TooLarge, "result_too_large"));
            assert!(error.detail().ends_with("send fewer items in one call"), "{error}");
            assert_eq!(steps.kept().await, [[0i64; 0]; 3]);
        }
    }
}

#[tokio::test]
async fn a_call_of_many_is_one_row_of_the_trail() {
    for backend in EVERY {
        let database = TestDatabase::new(backend).await;
        let db = Db::connect(database.url()).await.unwrap();
        let steps = Steps::with(database, db, |builder| builder.audit(Audit::new())).await;
        steps.engine.migrate_audit().await.unwrap();
        steps.call("each", &[good(1), bad(2, 1, "refuse"), good(3)]).await.unwrap();
        let mut conn = steps.engine.db().read().await.unwrap();
        let rows: Vec<String> = query_scalar("SELECT outcome FROM diptych_audit").all(&mut conn).await.unwrap();
        assert_eq!(rows, ["committed"], "{backend}");
        let arguments: Vec<String> = query_scalar("SELECT arguments FROM diptych_audit").all(&mut conn).await.unwrap();
        let recorded: Value = serde_json::from_str(&arguments[0]).unwrap();
        assert_eq!(recorded["items"].as_array().map(Vec::len), Some(3));
    }
}

async fn nothing(_: &mut Tx, _: Input<super::Step>) -> Result<()> {
    Ok(())
}

async fn server(database: &TestDatabase) -> RunningServer {
    let limited = || ServiceSpec::from_fn("limited", nothing).allow(Anyone).limit(Limit::per_hour(10).fixed_window());
    let operations = Operations::new()
        .add(limited().cost(2).bulk(1..=5).rest(POST, "/limited"))
        .add(limited().named("limited.each").per_item(1..=5).rest(POST, "/limited/each"));
    let builder = MCPServer::builder("bulk", "1.0.0").database_url(database.url()).mount(operations);
    RunningServer::start(builder).await
}

async fn post(server: &RunningServer, path: &str, items: usize) -> diptych_testkit::HttpReply {
    let body = json!({"items": vec![good(1); items]}).to_string();
    let headers = [("Content-Type", "application/json"), ("Authorization", "Bearer ann")];
    request(server.socket(), "POST", path, &headers, Some(&body)).await
}

/// A hundred are not had for the price of one.
#[tokio::test]
async fn each_item_counts_for_limits() {
    let database = TestDatabase::sqlite();
    let server = server(&database).await;
    let reply = post(&server, "/api/limited", 3).await;
    assert_eq!((reply.status, reply.body.as_str()), (204, ""));
    assert!(reply.header("ratelimit").unwrap().contains("r=4"), "{:?}", reply.header("ratelimit"));
    let refused = post(&server, "/api/limited", 3).await;
    assert_eq!((refused.status, &refused.json()["code"]), (429, &json!("rate_limited")));
    // That it was refused is known when the first of them was counted.
    assert_eq!(post(&server, "/api/limited", 1).await.status, 204);
    assert_eq!(post(&server, "/api/limited", 1).await.status, 429);
    let each = post(&server, "/api/limited/each", 5).await;
    assert_eq!(each.status, 207);
    assert!(each.header("ratelimit").unwrap().contains("r=5"), "{:?}", each.header("ratelimit"));
}

#[tokio::test]
async fn http_says_that_it_is_many() {
    let database = TestDatabase::sqlite();
    let server = server(&database).await;
    let body = json!({"items": [good(1), {"n": 0}]}).to_string();
    let headers = [("Content-Type", "application/json")];
    let reply = request(server.socket(), "POST", "/api/limited/each", &headers, Some(&body)).await;
    assert_eq!((reply.status, reply.header("location")), (207, None));
    let problem = json!({
        "type": "about:blank", "title": "Unprocessable Content", "status": 422, "code": "invalid",
        "detail": "n: must be at least 1 and at most 1000000",
        "errors": [{"pointer": "/n", "code": "range", "detail": "must be at least 1 and at most 1000000"}],
    });
    let items = json!([{"index": 0, "status": 204}, {"index": 1, "status": 422, "problem": problem}]);
    assert_eq!(reply.json(), json!({"succeeded": 1, "failed": 1, "items": items}));
    let document = request(server.socket(), "GET", "/openapi.json", &[], None).await.json();
    let responses = &document["paths"]["/limited/each"]["post"]["responses"];
    let schema = &responses["207"]["content"]["application/json"]["schema"];
    assert_eq!(schema["properties"]["items"]["maxItems"], 5, "{responses}");
}

#[tokio::test]
async fn an_empty_list_is_no_item() {
    for backend in EVERY {
        let steps = Steps::on(backend).await;
        assert_eq!(steps.call("all", &[]).await.unwrap(), json!({"items": []}));
    }
}

/// Which version it knows is for each item to say.
#[tokio::test]
async fn an_item_that_has_to_say_its_version_and_does_not_is_named() {
    for backend in EVERY {
        let steps = Steps::on(backend).await;
        steps.call("all", &[good(1)]).await.unwrap();
        let items =
            [json!({"n": 10, "expected_version": 1}), json!({"n": 11}), json!({"n": 12, "expected_version": 7})];
        let refused = steps.call("hide.all", &items).await.unwrap_err();
        assert_eq!(
            (refused.kind(), refused.fields()[0].pointer.as_str()),
            (ErrorKind::PreconditionRequired, "/items/1")
        );
        let refused = steps.call("hide.all", &[items[0].clone(), items[2].clone()]).await.unwrap_err();
        assert_eq!((refused.kind(), refused.fields()[0].pointer.as_str()), (ErrorKind::PreconditionFailed, "/items/1"));
        assert_eq!(steps.kept().await[0], [1], "{backend}");
        let answer = steps.call("hide.each", &items).await.unwrap();
        let statuses: Vec<_> = (0..3).map(|index| answer["items"][index]["status"].as_u64().unwrap()).collect();
        assert_eq!(statuses, [204, 428, 412], "{backend}");
        // All of it, and what answers nothing answers nothing.
        let items = [json!({"n": 11, "expected_version": 2}), json!({"n": 12, "expected_version": 3})];
        assert_eq!(steps.call("hide.all", &items).await.unwrap(), Value::Null);
    }
}

/// What a set takes itself is told as what is run for each.
#[tokio::test]
async fn a_set_names_the_item_that_is_at_fault() {
    for backend in EVERY {
        let steps = Steps::on(backend).await;
        let wrong = steps.call("set", &[good(0), good(1), json!({"n": 1, "x": 1})]).await.unwrap_err();
        let pointers: Vec<_> = wrong.fields().iter().map(|field| field.pointer.as_str()).collect();
        assert_eq!(pointers, ["/items/0/n", "/items/2/x"]);
        let refused = steps.call("set", &[good(1), bad(2, 1, "")]).await.unwrap_err();
        assert_eq!((refused.code(), refused.fields()[0].pointer.as_str()), ("refused", "/items/1"));
        assert_eq!(steps.call("set", &[good(1), good(2)]).await.unwrap(), json!([10, 11, 12, 20, 21, 22]));
        assert_eq!(steps.kept().await[0], [1, 2]);
        let many: Vec<_> = (0..501).map(good).collect();
        assert_eq!(steps.call("set", &many).await.unwrap_err().fields()[0].pointer, "/items");
    }
}

/// Of so many wrong fields that nobody reads them, the first are listed.
#[tokio::test]
async fn a_list_of_wrong_fields_ends() {
    let steps = Steps::on(EVERY[0]).await;
    let wrong = |count: i64| (0..count).map(|_| good(0)).collect::<Vec<_>>();
    for (name, count, listed, more) in [
        ("set", 200, 200, None),
        ("set", 201, 201, Some("1 more field is not valid")),
        ("set", 500, 201, Some("300 more fields are not valid")),
    ] {
        let error = steps.call(name, &wrong(count)).await.unwrap_err();
        let fields = error.fields();
        assert_eq!((error.code(), fields.len()), ("invalid", listed), "{name} {count}");
        assert_eq!(fields[199].pointer, "/items/199/n");
        assert_eq!(
            fields.get(200).map(|field| (&*field.pointer, &*field.code, &*field.detail)),
            more.map(|more| ("", "more", more))
        );
        assert!(error.detail().starts_with(&format!("{count} fields are not valid: items/0/n, ")), "{error}");
    }
}

/// An outbox is asked for by the function of one item, and so by that of many.
#[tokio::test]
async fn what_an_item_needs_is_needed() {
    let database = TestDatabase::sqlite();
    let db = Db::connect(database.url()).await.unwrap();
    create_table(&db).await;
    let mistakes = Engine::builder(db).operations(operations()).build().unwrap_err().to_string();
    assert!(mistakes.contains("all: sends messages, but there is no outbox"), "{mistakes}");
    let _ = Outbox::new();
}
