//! What each surface adds: header fields, `_meta`, an argument; and one key over all of them.

use crate::counter::EVERY;
use crate::suite::{application, customer, invoice};
use diptych::{
    Audit, AuditEntry, Authenticated, Backend, Db, IdempotencyKey, MCPServer, Operations, POST, Principal, Result,
    ServiceSpec, State, Task, Tx, query, query_as,
};
use diptych_pipeline::{Caller, NewTask, Surface as Speaks, TaskStatus, Via};
use diptych_testkit::{HttpReply, RunningServer, Surface, SurfaceClient, TestDatabase, request};
use serde_json::{Value, json};
use std::{net::SocketAddr, time::Duration};

async fn post(socket: SocketAddr, path: &str, more: &[(&str, &str)], body: &Value) -> HttpReply {
    let mut headers = vec![("Content-Type", "application/json"), ("Authorization", "Bearer ann")];
    headers.extend_from_slice(more);
    request(socket, "POST", path, &headers, Some(&body.to_string())).await
}

async fn tool(socket: SocketAddr, name: &str, arguments: Value, key: Option<&str>) -> Value {
    let mut params = json!({"name": name, "arguments": arguments, "_meta": {
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientCapabilities": {},
    }});
    if let Some(key) = key {
        params["_meta"]["dev.diptych/idempotency-key"] = json!(key);
    }
    let body = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params});
    let headers = [
        ("Accept", "application/json, text/event-stream"),
        ("MCP-Protocol-Version", "2026-07-28"),
        ("Mcp-Method", "tools/call"),
        ("Mcp-Name", name),
    ];
    post(socket, "/mcp", &headers, &body).await.json()["result"].clone()
}

const REPLAYED: &str = "dev.diptych/idempotent-replayed";

#[tokio::test]
async fn one_key_is_one_call_over_every_surface() {
    for backend in EVERY {
        let database = TestDatabase::new(backend).await;
        let running = RunningServer::start(application(&database)).await;
        let socket = running.socket();
        let ann = SurfaceClient::over(&running, Surface::McpSession, Some("ann")).await;
        let customer = customer(&ann, "Ada").await;
        let lines = json!([{"description": "Work", "quantity": 1, "unit_cents": 500}]);
        let new = json!({"customer_id": customer, "number": "1", "due_on": "2026-12-31", "lines": lines});
        let first = post(socket, "/api/invoices", &[("Idempotency-Key", "k")], &new).await;
        assert_eq!((first.status, first.header("idempotent-replayed")), (201, None), "{}", first.body);
        let again = post(socket, "/api/invoices", &[("Idempotency-Key", "\"k\"")], &new).await;
        assert_eq!((again.status, again.header("idempotent-replayed")), (201, Some("true")));
        assert_eq!((again.header("location"), &again.body), (first.header("location"), &first.body));
        assert!(again.header("location").unwrap().starts_with("/api/invoices/"));

        let turned = json!({"number": "1", "lines": [{"unit_cents": 500, "quantity": 1, "description": "Work"}], "due_on": "2026-12-31", "customer_id": customer});
        let result = tool(socket, "invoices.create", turned.clone(), Some("k")).await;
        assert_eq!(result["_meta"][REPLAYED], true);
        assert_eq!(result["content"][0]["text"], json!(first.body), "byte for byte");
        let call =
            json!({"name": "invoices.create", "arguments": turned, "_meta": {"dev.diptych/idempotency-key": "k"}});
        let result = ann.request("tools/call", call.clone()).await.unwrap();
        assert_eq!(result["_meta"], json!({REPLAYED: true}));
        assert_eq!(result["content"][0]["text"], json!(first.body));
        let client = running.socket();
        assert_eq!(client, socket);

        let made = tool(
            socket,
            "invoices.create",
            json!({"number": "2", "lines": lines, "due_on": "2026-12-31", "customer_id": customer}),
            Some("k2"),
        )
        .await;
        assert_eq!((&made["isError"], &made["_meta"][REPLAYED]), (&json!(false), &Value::Null));
    }
}

#[tokio::test]
async fn two_keys_are_none() {
    let database = TestDatabase::sqlite();
    let running = RunningServer::start(application(&database)).await;
    let new = json!({"name": "Ada", "email": "ada@example.com"});
    let two = [("Idempotency-Key", "a"), ("Idempotency-Key", "b")];
    let reply = post(running.socket(), "/api/customers", &two, &new).await;
    assert_eq!((reply.status, &reply.json()["code"]), (400, &json!("idempotency_key_invalid")));
}

#[tokio::test]
async fn a_model_can_send_a_key_where_it_is_offered() {
    let database = TestDatabase::sqlite();
    let running = RunningServer::start(application(&database)).await;
    let socket = running.socket();
    let ann = SurfaceClient::over(&running, Surface::McpSession, Some("ann")).await;
    let customer = customer(&ann, "Ada").await;
    let id = invoice(&ann, &customer, "1", 1_000, "2026-12-31").await;
    ann.call("invoices.send", json!({"id": id})).await.unwrap();
    let pay = |key: Value| json!({"id": id, "amount_cents": 100, "idempotency_key": key});
    let first = tool(socket, "invoices.pay", pay(json!("k")), None).await;
    assert_eq!((&first["isError"], &first["structuredContent"]["paid_cents"]), (&json!(false), &json!(100)));
    for (arguments, key) in
        [(pay(json!("k")), None), (pay(json!("k")), Some("k")), (json!({"id": id, "amount_cents": 100}), Some("k"))]
    {
        let again = tool(socket, "invoices.pay", arguments, key).await;
        assert_eq!((&again["_meta"][REPLAYED], &again["content"]), (&json!(true), &first["content"]));
    }
    for (arguments, key, says) in [
        (pay(json!("k")), Some("l"), "are two idempotency keys"),
        (pay(json!("")), None, "`idempotency_key` has to be"),
        (pay(json!(7)), None, "`idempotency_key` has to be"),
    ] {
        let refused = tool(socket, "invoices.pay", arguments, key).await;
        let problem: Value = serde_json::from_str(refused["content"][0]["text"].as_str().unwrap()).unwrap();
        assert_eq!((&refused["isError"], &problem["code"]), (&json!(true), &json!("idempotency_key_invalid")));
        assert!(problem["detail"].as_str().unwrap().contains(says), "{problem}");
    }
    // It is an argument of the tool, not of the operation.
    let reply = post(
        socket,
        &format!("/api/invoices/{id}/payments"),
        &[],
        &json!({"amount_cents": 100, "idempotency_key": "k"}),
    )
    .await;
    assert_eq!(reply.status, 422);
    let tools = ann.request("tools/list", json!({})).await.unwrap();
    let offers = |tool: &&Value| !tool["inputSchema"]["properties"]["idempotency_key"].is_null();
    let offering: Vec<_> = tools["tools"].as_array().unwrap().iter().filter(offers).map(|tool| &tool["name"]).collect();
    assert_eq!(offering, [&json!("invoices.pay")], "nobody else pays for it");
}

/// The answers of the user come with a state that is good once; with a key, as often as the answer is lost.
#[tokio::test]
async fn what_was_confirmed_can_be_sent_again() {
    let database = TestDatabase::sqlite();
    let running = RunningServer::start(application(&database)).await;
    let ann = SurfaceClient::over(&running, Surface::McpStateless, Some("ann")).await;
    let customer = customer(&ann, "Ada").await;
    let id = invoice(&ann, &customer, "1", 1_000, "2026-12-31").await;
    let call = async |key: &str, more: Value| {
        let mut params = json!({"name": "invoices.delete", "arguments": {"id": id}, "_meta": {
            "io.modelcontextprotocol/protocolVersion": "2026-07-28",
            "io.modelcontextprotocol/clientCapabilities": {"elicitation": {"form": {}}},
            "dev.diptych/idempotency-key": key,
        }});
        params.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        ann.request("tools/call", params).await
    };
    let asked = call("k", json!({})).await.unwrap();
    assert_eq!(asked["resultType"], "input_required", "{asked}");
    let properties = &asked["inputRequests"]["sure"]["params"]["requestedSchema"]["properties"];
    let content: serde_json::Map<_, _> =
        properties.as_object().unwrap().keys().map(|name| (name.clone(), json!(true))).collect();
    let answers = json!({
        "requestState": asked["requestState"],
        "inputResponses": {"sure": {"action": "accept", "content": content}},
    });
    let stolen = call("other", answers.clone()).await.unwrap_err();
    assert_eq!(stolen["code"], -32602, "{stolen}");
    let done = call("k", answers.clone()).await.unwrap();
    assert_eq!((&done["isError"], &done["_meta"][REPLAYED]), (&json!(false), &Value::Null), "{done}");
    for more in [answers, json!({})] {
        let again = call("k", more).await.unwrap();
        assert_eq!((&again["_meta"][REPLAYED], &again["content"]), (&json!(true), &done["content"]), "{again}");
    }
}

async fn wait(_: &mut Tx, gate: State<crate::counter::Gate>) -> Result<i64> {
    gate.reached.notify_one();
    gate.go.notified().await;
    Ok(1)
}

#[tokio::test]
async fn a_request_that_is_on_its_way_says_when_to_try_again() {
    let database = TestDatabase::postgres().await;
    let gate = crate::counter::Gate::default();
    let operations = Operations::new().add(ServiceSpec::from_fn("wait", wait).allow(Authenticated).rest(POST, "/wait"));
    let builder = MCPServer::builder("app", "1").database_url(database.url()).state(gate.clone()).mount(operations);
    let running = RunningServer::start(builder).await;
    let socket = running.socket();
    let key = [("Idempotency-Key", "k")];
    let nothing = json!({});
    let second = async {
        gate.reached.notified().await;
        let busy = post(socket, "/api/wait", &key, &json!({})).await;
        gate.go.notify_one();
        busy
    };
    let (first, busy) = tokio::join!(post(socket, "/api/wait", &key, &nothing), second);
    assert_eq!((busy.status, busy.header("retry-after")), (409, Some("1")));
    assert_eq!((&busy.json()["code"], &busy.json()["retry_after"]), (&json!("in_progress"), &json!(1)));
    assert_eq!(first.status, 200);
}

#[tokio::test]
async fn the_trail_says_that_nothing_was_done_again() {
    for backend in EVERY {
        let database = TestDatabase::new(backend).await;
        let server = application(&database).audit(Audit::new()).build().await.unwrap();
        let ann = SurfaceClient::in_process(server.client(), Some("ann"), &["invoices:read", "invoices:write"]);
        let new = json!({"name": "Ada", "email": "ada@example.com"});
        for _ in 0..2 {
            ann.call_with_key("k", "customers.create", new.clone()).await.unwrap();
        }
        ann.call_with_key("k", "customers.create", json!({"name": "Bea", "email": "b@example.com"})).await.unwrap_err();
        server.engine().stop_audit().await;
        let mut conn = server.engine().db().read().await.unwrap();
        let rows: Vec<AuditEntry> = query_as("SELECT * FROM diptych_audit ORDER BY id").all(&mut conn).await.unwrap();
        let outcomes: Vec<_> = rows.iter().map(|row| (&*row.outcome, &*row.code)).collect();
        assert_eq!(outcomes, [("committed", ""), ("replayed", ""), ("invalid", "idempotency_key_reused")]);
    }
}

async fn import(tx: &mut Tx) -> Result<i64> {
    query("INSERT INTO imports (n) VALUES (1)").execute(tx).await?;
    diptych::query_scalar("SELECT COUNT(*) FROM imports").one(tx).await
}

/// Each call is a task of its own; what they do, one of them does.
#[tokio::test]
async fn tasks_with_one_key_have_one_effect() {
    for backend in EVERY {
        let database = TestDatabase::new(backend).await;
        let table = async |db: Db| {
            let mut tx = db.begin().await?;
            query("CREATE TABLE imports (n BIGINT NOT NULL)").execute(&mut tx).await?;
            tx.commit().await
        };
        let import = ServiceSpec::from_fn("import", import).allow(Authenticated).task(Task::required());
        let builder = MCPServer::builder("app", "1").database_url(database.url()).on_start(table);
        let server = builder.mount(Operations::new().add(import)).build().await.unwrap();
        let engine = server.engine();
        let caller = Caller {
            idempotency_key: Some(IdempotencyKey::new("k").unwrap()),
            ..Caller::new(Some(Principal::new("tests", "ann", [""; 0]).unwrap()), Via::new(Speaks::Mcp))
        };
        let mut tasks = Vec::new();
        for _ in 0..5 {
            let new = NewTask { caller: &caller, arguments: "{}", capabilities: &[], answers: Default::default() };
            tasks.push(engine.create_task(engine.operation("import").unwrap(), new).await.unwrap());
        }
        for task in tasks {
            let answer = loop {
                let state = engine.tasks().unwrap().get(task.id(), caller.principal.as_ref()).await.unwrap().unwrap();
                match state.status() {
                    TaskStatus::Working => tokio::time::sleep(Duration::from_millis(10)).await,
                    TaskStatus::Finished(Ok(json)) => break json.clone(),
                    other => panic!("{backend}: {other:?}"),
                }
            };
            assert_eq!(answer, "1", "{backend}");
        }
        engine.stop_tasks().await;
    }
}

#[tokio::test]
async fn a_server_that_only_reads_has_no_table_for_keys() {
    let database = TestDatabase::new(Backend::Sqlite).await;
    MCPServer::builder("app", "1").database_url(database.url()).build().await.unwrap();
    let db = Db::connect(database.url()).await.unwrap();
    let tables = diptych::query_scalar::<i64>("SELECT COUNT(*) FROM sqlite_master WHERE name LIKE 'diptych%'");
    assert_eq!(tables.one(&mut db.read().await.unwrap()).await.unwrap(), 0);
}
