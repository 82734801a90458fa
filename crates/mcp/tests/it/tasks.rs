//! The extension `io.modelcontextprotocol/tasks`: what a client sees of a call that becomes a task.

use crate::fixture::{Fixture, Request, ann};
use crate::schema;
use crate::talking::{Sure, Who};
use diptych_mcp::{Events, Head, Mount};
use diptych_pipeline::{Conn, Operations, Settings, TaskSettings, Tx, query_scalar};
use diptych_spec::{
    AnswerValue, Anyone, Args, Ask, Authenticated, Elicited, Error, Input, Principal, Progress, Result, Scope,
    SelectorSpec, ServiceSpec, Task, TaskStart,
};
use futures_util::{FutureExt as _, future};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};
use std::time::Duration;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use validator::Validate;

pub(crate) const EXTENSION: &str = "io.modelcontextprotocol/tasks";

#[derive(Debug, Deserialize, JsonSchema, Validate)]
struct New {
    #[validate(length(min = 1, max = 20))]
    text: String,
}

#[derive(Debug, Deserialize, JsonSchema)]
struct How {
    how: String,
}

async fn insert(tx: &mut Tx, text: String) -> Result<i64> {
    query_scalar("INSERT INTO notes (text) VALUES ($1) RETURNING id").bind(text).one(tx).await
}

async fn add(tx: &mut Tx, Input(new): Input<New>) -> Result<i64> {
    insert(tx, new.text).await
}

async fn mine(_: &mut Conn, who: Principal) -> Result<AnswerValue<String>> {
    Ok(AnswerValue(format!("{} {}", who.subject(), who.scopes().join(" "))))
}

async fn fail(tx: &mut Tx, Args(args): Args<How>) -> Result<i64> {
    insert(tx, "not kept".to_owned()).await?;
    match &*args.how {
        "conflict" => Err(Error::conflict("sent", "it was sent before")),
        "panic" => panic!("on purpose"),
        _ => Err(Error::internal("the password is hunter2")),
    }
}

async fn ask(tx: &mut Tx, ask: Ask) -> Result<String> {
    insert(tx, "asked".to_owned()).await?;
    let (who, sure) = (ask.form::<Who>("who", "Who?"), ask.form::<Sure>("sure", "Sure?"));
    Ok(match (who?, sure?) {
        (Elicited::Accepted(who), Elicited::Accepted(Sure { sure: true })) => who.name,
        _ => "nobody".to_owned(),
    })
}

async fn start(tx: &mut Tx, ask: Ask, start: TaskStart) -> Result<String> {
    insert(tx, "started".to_owned()).await?;
    let who = ask.form::<Who>("who", "Who?")?.accepted().map(|who| who.name);
    start.begin()?;
    let sure = ask.form::<Sure>("sure", "Sure?")?.accepted().is_some_and(|answer| answer.sure);
    Ok(format!("{} {sure}", who.unwrap_or_default()))
}

async fn wait(tx: &mut Tx, progress: Progress) -> Result<i64> {
    insert(tx, "waiting".to_owned()).await?;
    progress.report(1.0, 2.0);
    std::future::pending().await
}

async fn watch(_: &mut Conn, progress: Progress) -> Result<AnswerValue<i64>> {
    progress.report_with(1.0, None, "watching");
    std::future::pending().await
}

fn operations() -> Operations {
    Operations::new()
        .add(ServiceSpec::from_fn("add", add).allow(Anyone).task(Task::optional()))
        .add(ServiceSpec::from_fn("must", add).allow(Anyone).task(Task::required()))
        .add(ServiceSpec::from_fn("scoped", add).allow(Scope("notes:write")).task(Task::optional()))
        .add(SelectorSpec::from_fn("mine", mine).allow(Authenticated).task(Task::optional()))
        .add(ServiceSpec::from_fn("fail", fail).allow(Anyone).task(Task::optional()))
        .add(ServiceSpec::from_fn("ask", ask).allow(Anyone).task(Task::optional()))
        .add(ServiceSpec::from_fn("start", start).allow(Anyone).task(Task::required()))
        .add(ServiceSpec::from_fn("wait", wait).allow(Anyone).task(Task::optional()))
        .add(SelectorSpec::from_fn("watch", watch).allow(Anyone).task(Task::optional()))
        .add(ServiceSpec::from_fn("plain", add).allow(Anyone))
}

pub(crate) async fn fixture() -> Fixture {
    limited(TaskSettings::default()).await
}

pub(crate) async fn limited(tasks: TaskSettings) -> Fixture {
    let limits = Settings { tasks, ..Settings::default() };
    let fixture = Fixture::limited(operations(), limits, |_| {}).await;
    fixture.server.engine().tasks().unwrap().migrate().await.unwrap();
    fixture.server.engine().work_on_tasks();
    fixture
}

pub(crate) fn speaks() -> Value {
    json!({"elicitation": {}, "extensions": {EXTENSION: {}}})
}

pub(crate) fn call(name: &str, arguments: Value) -> Request {
    Request::modern("tools/call", json!({"name": name, "arguments": arguments})).declaring(&speaks())
}

pub(crate) fn about(method: &str, id: &str) -> Request {
    let mut params = json!({"taskId": id});
    if method == "tasks/update" {
        params["inputResponses"] = json!({});
    }
    Request::modern(method, params).declaring(&speaks())
}

pub(crate) async fn ok(fixture: &Fixture, request: &Request) -> Value {
    let answer = fixture.post(request).await;
    assert_eq!(answer.status, 200, "{:#}", answer.body);
    answer.result().clone()
}

/// Creates a task, and gives its id.
pub(crate) async fn created(fixture: &Fixture, request: &Request) -> String {
    let task = ok(fixture, request).await;
    assert_eq!((&task["resultType"], &task["status"]), (&json!("task"), &json!("working")), "{task:#}");
    for other in ["result", "error", "inputRequests", "requestState", "content"] {
        assert!(task.get(other).is_none(), "{other}");
    }
    let id = task["taskId"].as_str().unwrap();
    assert!(id.len() >= 32);
    id.to_owned()
}

pub(crate) async fn get(fixture: &Fixture, id: &str) -> Value {
    ok(fixture, &about("tasks/get", id)).await
}

/// The task, once it is as wanted.
async fn once(fixture: &Fixture, id: &str, wanted: impl Fn(&Value) -> bool) -> Value {
    let seen = async {
        loop {
            let task = get(fixture, id).await;
            if wanted(&task) {
                return task;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), seen).await.expect("the task gets there")
}

pub(crate) async fn over(fixture: &Fixture, id: &str) -> Value {
    once(fixture, id, |task| !matches!(task["status"].as_str(), Some("working"))).await
}

async fn notes(fixture: &Fixture, text: &str) -> i64 {
    let mut conn = fixture.server.engine().db().read().await.unwrap();
    query_scalar("SELECT COUNT(*) FROM notes WHERE text = $1").bind(text).one(&mut conn).await.unwrap()
}

pub(crate) async fn stored(fixture: &Fixture) -> i64 {
    let mut conn = fixture.server.engine().db().read().await.unwrap();
    query_scalar("SELECT COUNT(*) FROM diptych_tasks").one(&mut conn).await.unwrap()
}

#[tokio::test]
async fn a_call_becomes_a_task_whose_result_is_that_of_the_call() {
    let fixture = fixture().await;
    let id = created(&fixture, &call("add", json!({"text": "tea"}))).await;
    let done = over(&fixture, &id).await;
    assert_eq!((&done["status"], &done["resultType"]), (&json!("completed"), &json!("complete")), "{done:#}");
    assert_eq!((&done["ttlMs"], &done["pollIntervalMs"]), (&json!(3_600_000), &json!(1000)));
    assert_eq!(done["result"]["structuredContent"], 3);
    schema::is_a("2026-07-28", "CallToolResult", &done["result"]);
    assert_eq!(notes(&fixture, "tea").await, 1);
    // It runs as who called, with what they were allowed.
    let request = call("mine", json!({})).by(ann(&["b", "a"]));
    let id = created(&fixture, &request).await;
    let get = about("tasks/get", &id).by(ann(&[]));
    loop {
        let task = ok(&fixture, &get).await;
        if task["status"] == "completed" {
            assert_eq!(task["result"]["structuredContent"], "ann a b");
            break;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn only_an_error_of_the_protocol_is_a_failure() {
    let fixture = fixture().await;
    let end = async |how: &str| {
        let id = created(&fixture, &call("fail", json!({"how": how}))).await;
        over(&fixture, &id).await
    };
    let conflict = end("conflict").await;
    assert_eq!((&conflict["status"], &conflict["result"]["isError"]), (&json!("completed"), &json!(true)));
    assert!(conflict["result"]["content"][0]["text"].as_str().unwrap().contains("it was sent before"));
    for how in ["internal", "panic"] {
        let failed = end(how).await;
        assert_eq!((&failed["status"], &failed["error"]["code"]), (&json!("failed"), &json!(-32603)), "{how}");
        assert!(failed.get("result").is_none() && failed["error"]["data"]["error_id"].is_string());
        assert!(!failed.to_string().contains("hunter2"));
    }
    assert_eq!(notes(&fixture, "not kept").await, 0);
}

#[tokio::test]
async fn a_task_asks_and_goes_on_with_the_answers() {
    let fixture = fixture().await;
    let id = created(&fixture, &call("ask", json!({}))).await;
    let asks = async |n: usize| {
        let asks = |task: &Value| task["inputRequests"].as_object().is_some_and(|asked| asked.len() == n);
        once(&fixture, &id, asks).await["inputRequests"].as_object().unwrap().keys().cloned().collect::<Vec<_>>()
    };
    let update = async |responses: Value| {
        let mut request = about("tasks/update", &id);
        request = request.but(r#""inputResponses":{}"#, &format!(r#""inputResponses":{responses}"#));
        let ack = ok(&fixture, &request).await;
        let members: Vec<_> = ack.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(members, ["resultType", "_meta"]);
    };
    let accept = |content: Value| json!({"action": "accept", "content": content});
    assert_eq!(asks(2).await, ["who", "sure"]);
    // What is not asked is passed over.
    update(json!({"else": accept(json!({}))})).await;
    update(json!({"who": accept(json!({"name": "much too long"}))})).await;
    assert_eq!(asks(1).await, ["sure"]);
    assert_eq!(get(&fixture, &id).await["status"], "input_required");
    update(json!({"who": accept(json!({"name": "Bob"}))})).await;
    update(json!({"sure": accept(json!({"sure": true}))})).await;
    // The name did not fit, so it is asked for again, under a key of its own.
    let again = |task: &Value| task["inputRequests"].get("who-2").is_some();
    let asked = once(&fixture, &id, again).await;
    assert_eq!(asked["inputRequests"]["who-2"]["method"], "elicitation/create");
    assert_eq!(asks(1).await, ["who-2"]);
    update(json!({"who-2": accept(json!({"name": "Ann"}))})).await;
    let done = over(&fixture, &id).await;
    assert_eq!(done["result"]["structuredContent"], "Ann", "{done:#}");
    assert_eq!(notes(&fixture, "asked").await, 1, "nothing of the runs that ended with a question is kept");
    update(json!({"who-2": accept(json!({"name": "Eve"}))})).await;
    assert_eq!(get(&fixture, &id).await, done);
    let wrong = about("tasks/update", &id).but(r#""inputResponses":{}"#, r#""inputResponses":{"who":1}"#);
    assert_eq!(fixture.post(&wrong).await.error(), (200, -32602));
}

#[tokio::test]
async fn what_is_asked_before_the_task_is_asked_while_the_caller_waits() {
    let fixture = fixture().await;
    let request = call("start", json!({}));
    let asked = ok(&fixture, &request).await;
    assert_eq!((&asked["resultType"], asked.get("taskId")), (&json!("input_required"), None));
    let keys: Vec<_> = asked["inputRequests"].as_object().unwrap().keys().collect();
    assert_eq!((keys.len(), keys[0].as_str(), stored(&fixture).await), (1, "who", 0));
    let mut body: Value = serde_json::from_str(&request.body).unwrap();
    body["params"]["requestState"] = asked["requestState"].clone();
    body["params"]["inputResponses"] = json!({"who": {"action": "accept", "content": {"name": "Ann"}}});
    let mut second = request.clone();
    second.body = body.to_string();
    let id = created(&fixture, &second).await;
    // What was brought back is used up.
    assert_eq!(fixture.post(&second).await.error(), (200, -32602));
    let task = once(&fixture, &id, |task| task["status"] == "input_required").await;
    assert_eq!(task["inputRequests"].as_object().unwrap().keys().collect::<Vec<_>>(), ["sure"]);
    let answer = r#""inputResponses":{"sure":{"action":"accept","content":{"sure":true}}}"#;
    ok(&fixture, &about("tasks/update", &id).but(r#""inputResponses":{}"#, answer)).await;
    assert_eq!(over(&fixture, &id).await["result"]["structuredContent"], "Ann true");
    assert_eq!(notes(&fixture, "started").await, 1);
}

#[tokio::test]
async fn a_task_is_cancelled_wherever_it_is() {
    let fixture = fixture().await;
    let says = |words: &'static str| move |task: &Value| task["statusMessage"] == words;
    for (name, reached) in [("wait", "1 of 2"), ("watch", "watching"), ("ask", "")] {
        let id = created(&fixture, &call(name, json!({}))).await;
        match reached {
            "" => once(&fixture, &id, |task| task["status"] == "input_required").await,
            words => once(&fixture, &id, says(words)).await,
        };
        for _ in 0..2 {
            let ack = ok(&fixture, &about("tasks/cancel", &id)).await;
            assert_eq!((&ack["resultType"], ack.get("status")), (&json!("complete"), None), "{name}");
            let task = get(&fixture, &id).await;
            assert_eq!((&task["status"], task.get("inputRequests")), (&json!("cancelled"), None), "{name}");
        }
    }
    assert_eq!((notes(&fixture, "waiting").await, notes(&fixture, "asked").await), (0, 0));
    let id = created(&fixture, &call("add", json!({"text": "done"}))).await;
    let done = over(&fixture, &id).await;
    ok(&fixture, &about("tasks/cancel", &id)).await;
    assert_eq!((get(&fixture, &id).await, notes(&fixture, "done").await), (done, 1));
}

#[tokio::test]
async fn whoever_listens_hears_how_far_their_tasks_are() {
    let fixture = fixture().await;
    let id = created(&fixture, &call("ask", json!({}))).await;
    once(&fixture, &id, |task| task["status"] == "input_required").await;
    let foreign = created(&fixture, &call("ask", json!({})).by(ann(&[]))).await;
    let wanted = json!({"notifications": {"taskIds": [id, foreign, "nothing"]}});
    let request = Request::modern("subscriptions/listen", wanted);
    assert_eq!(fixture.post(&request).await.error(), (400, -32021));
    let request = request.declaring(&speaks());
    let events = Events::new();
    let head = Head::new(request.head.iter().map(|(name, value)| (&**name, value.as_bytes())));
    let open = std::pin::pin!(fixture.server.post(&head, request.body.as_bytes(), None, &events));
    let next = async || {
        let message: Value = serde_json::from_slice(&events.next().await.unwrap().data).unwrap();
        schema::check_message("2026-07-28", &message);
        assert_eq!(message["params"]["_meta"]["io.modelcontextprotocol/subscriptionId"], 1);
        message
    };
    let heard = std::pin::pin!(async {
        let honoured = next().await;
        assert_eq!(honoured["params"]["notifications"], json!({"taskIds": [id]}));
        let task = next().await;
        assert_eq!((&task["params"]["taskId"], &task["params"]["status"]), (&json!(id), &json!("input_required")));
        ok(&fixture, &about("tasks/cancel", &id)).await;
        let task = next().await;
        assert_eq!((&task["params"]["taskId"], &task["params"]["status"]), (&json!(id), &json!("cancelled")));
    });
    assert!(matches!(future::select(open, heard).await, future::Either::Right(_)), "the stream goes on");
}

#[tokio::test]
async fn a_task_on_stdio_outlives_its_request() {
    let fixture = fixture().await;
    let (mut to, input) = tokio::io::duplex(4096);
    let (output, from) = tokio::io::duplex(4096);
    let mut lines = BufReader::new(from).lines();
    let serving = std::pin::pin!(fixture.server.stdio(input, output, None));
    let talking = std::pin::pin!(async {
        let mut ask = async |request: Request| {
            to.write_all(format!("{}\n", request.body).as_bytes()).await.unwrap();
            let line = lines.next_line().await.unwrap().unwrap();
            serde_json::from_str::<Value>(&line).unwrap()["result"].clone()
        };
        let task = ask(call("add", json!({"text": "piped"}))).await;
        assert_eq!(task["resultType"], "task");
        let id = task["taskId"].as_str().unwrap().to_owned();
        loop {
            let task = ask(about("tasks/get", &id)).await;
            if task["status"] == "completed" {
                assert_eq!(task["result"]["structuredContent"], 3);
                return;
            }
            tokio::task::yield_now().await;
        }
    });
    assert!(matches!(future::select(serving.boxed_local(), talking).await, future::Either::Right(_)));
}

#[tokio::test]
async fn a_meta_tool_is_answered_with_a_task_too() {
    let all = fixture().await;
    let fixture = all.mount("/large", &Mount::new().meta_tools(true), |_| {});
    let through = json!({"name": "add", "arguments": {"text": "tea"}});
    let id = created(&fixture, &call("call_operation", through)).await;
    let done = over(&fixture, &id).await;
    assert_eq!((&done["status"], notes(&fixture, "tea").await), (&json!("completed"), 1), "{done:#}");
}
