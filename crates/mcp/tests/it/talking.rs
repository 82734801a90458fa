//! What goes between client and server while an operation runs: progress, log messages, withdrawal. One operation, both
//! eras. What it asks is in `asking.rs`.

use crate::fixture::{Fixture, LEGACY, Request};
use crate::schema;
use diptych_mcp::{Events, Head, Mount, Reply};
use diptych_pipeline::{Conn, Operations, Tx, query, query_scalar};
use diptych_spec::{
    AnswerValue, Anyone, Args, Ask, Authenticated, Capability, Elicited, Limit, Log, Many, Progress, Result, Sampling,
    SelectorSpec, ServiceSpec,
};
use futures_util::{FutureExt as _, future};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};
use std::time::Duration;
use validator::Validate;

#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct Who {
    #[schemars(length(min = 1, max = 9))]
    pub(crate) name: String,
}

#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct Sure {
    pub(crate) sure: bool,
}

#[derive(Debug, Deserialize, JsonSchema, Validate)]
struct What {
    text: String,
}

async fn work(_: &mut Conn, progress: Progress) -> Result<AnswerValue<String>> {
    for done in [0.0, 50.0, 20.0, 50.0, f64::NAN, 99.5] {
        progress.report(done, 100.0);
        tokio::task::yield_now().await;
    }
    progress.report_with(100.0, None, "done");
    Ok(AnswerValue("worked".to_owned()))
}

async fn chat(_: &mut Conn, log: Log) -> Result<AnswerValue<String>> {
    log.debug("a detail");
    log.info("begun");
    log.named("chat").error(json!({"why": ["x"]}));
    Ok(AnswerValue("chatted".to_owned()))
}

/// Writes before it asks, to show that nothing of it is kept.
async fn greet(tx: &mut Tx, Args(what): Args<What>, ask: Ask) -> Result<String> {
    query("INSERT INTO notes (text) VALUES ($1)").bind(what.text).execute(tx).await?;
    let who = match ask.form::<Who>("who", "Who is it?")? {
        Elicited::Accepted(Who { name }) => name,
        Elicited::Declined => return Ok("Hello, whoever you are".to_owned()),
        Elicited::Cancelled => return Ok("Bye".to_owned()),
    };
    let Elicited::Accepted(Sure { sure }) = ask.form::<Sure>("sure", "Sure?")? else {
        return Ok("Not sure".to_owned());
    };
    Ok(format!("Hello, {who}, {sure}"))
}

async fn greet_many(tx: &mut Tx, Many(all): Many<What>, ask: Ask) -> Result<String> {
    let text = all.into_iter().map(|what| what.text).collect();
    greet(tx, Args(What { text }), ask).await
}

async fn everything(_: &mut Conn, ask: Ask) -> Result<AnswerValue<String>> {
    let (who, said) = (ask.form::<Who>("who", "Who?"), ask.sample("capital", Sampling::new("Capital of France?", 100)));
    let (roots, paid) = (ask.roots("roots"), ask.url("pay", "Pay here", "https://pay.example/1"));
    let who = who?.accepted().map(|who| who.name).unwrap_or_default();
    Ok(AnswerValue(format!("{who} {} {} {:?}", said?.text(), roots?[0].uri, paid?)))
}

async fn capable(_: &mut Conn, ask: Ask) -> Result<AnswerValue<String>> {
    if ask.can(Capability::Sampling) {
        return Ok(AnswerValue(ask.sample("capital", Sampling::new("Capital?", 9))?.text()));
    }
    Ok(AnswerValue("nobody to ask".to_owned()))
}

async fn slow(tx: &mut Tx, progress: Progress) -> Result<()> {
    query("INSERT INTO notes (text) VALUES ('slow')").execute(tx).await?;
    progress.report(1.0, None);
    tokio::time::sleep(Duration::from_secs(20)).await;
    Ok(())
}

async fn count(conn: &mut Conn) -> Result<AnswerValue<i64>> {
    query_scalar("SELECT count(*) FROM notes").one(conn).await.map(AnswerValue)
}

async fn polled(_: &mut Conn, progress: Progress) -> Result<AnswerValue<String>> {
    progress.release(Duration::from_millis(10));
    Ok(AnswerValue("polled".to_owned()))
}

pub(crate) fn operations() -> Operations {
    Operations::new()
        .add(SelectorSpec::from_fn("work", work).allow(Anyone))
        .add(SelectorSpec::from_fn("chat", chat).allow(Anyone))
        .add(ServiceSpec::from_fn("greet", greet).allow(Anyone))
        .add(SelectorSpec::from_fn("everything", everything).allow(Anyone).resource("every://thing"))
        .add(SelectorSpec::from_fn("capable", capable).allow(Anyone))
        .add(ServiceSpec::from_fn("slow", slow).allow(Anyone))
        .add(ServiceSpec::from_fn("private", greet).allow(Authenticated))
        .add(SelectorSpec::from_fn("count", count).allow(Anyone))
        .add(SelectorSpec::from_fn("polled", polled).allow(Anyone))
        .add(ServiceSpec::from_fn("rarely", greet).allow(Anyone).limit(Limit::per_day(1)))
        .add(ServiceSpec::from_fn("rarely.many", greet_many).allow(Anyone).bulk(1..=3).limit(Limit::per_day(3)))
}

pub(crate) async fn fixture() -> Fixture {
    Fixture::serving(operations(), |_| {}).await
}

/// What came back of a request: messages, the last of which is the answer.
pub(crate) struct Heard {
    pub(crate) messages: Vec<Value>,
    pub(crate) ids: Vec<Option<String>>,
    pub(crate) status: u16,
}

impl Heard {
    pub(crate) fn answer(&self) -> &Value {
        self.messages.last().unwrap()
    }
    pub(crate) fn text(&self) -> &str {
        let answer = self.answer();
        answer["result"]["content"][0]["text"].as_str().unwrap_or_else(|| panic!("no text: {answer:#}"))
    }
    pub(crate) fn methods(&self) -> Vec<&str> {
        self.messages.iter().filter_map(|message| message["method"].as_str()).collect()
    }
}

/// Sends a request, and `reply`s to every message that comes before the answer.
pub(crate) async fn send<F: Future<Output = ()>>(
    fixture: &Fixture,
    request: &Request,
    mut reply: impl FnMut(Value) -> F,
) -> Heard {
    let events = Events::new();
    let head = Head::new(request.head.iter().map(|(name, value)| (&**name, value.as_bytes())));
    let posted = async {
        let posted = fixture.server.post(&head, request.body.as_bytes(), request.principal.as_ref(), &events).await;
        events.close();
        posted
    };
    let mut heard = Heard { messages: Vec::new(), ids: Vec::new(), status: 0 };
    let listened = async {
        while let Some(event) = events.next().await {
            heard.ids.push(event.id);
            if event.data.is_empty() {
                continue;
            }
            let message: Value = serde_json::from_slice(&event.data).unwrap();
            if message.get("method").is_some() {
                schema::check_message(request.revision, &message);
                reply(message.clone()).await;
            }
            heard.messages.push(message);
        }
    };
    let (posted, ()): (Reply, ()) = future::join(posted, listened).await;
    heard.status = posted.status;
    if !posted.body.is_empty() {
        heard.messages.push(serde_json::from_slice(&posted.body).unwrap());
    }
    schema::check(request.revision, "tools/call", heard.answer());
    heard
}

pub(crate) async fn heard(fixture: &Fixture, request: &Request) -> Heard {
    send(fixture, request, |_| future::ready(())).await
}

pub(crate) fn call(name: &str, arguments: Value, meta: Value) -> Request {
    let mut request = Request::modern("tools/call", json!({"name": name, "arguments": arguments}));
    let mut body: Value = serde_json::from_str(&request.body).unwrap();
    body["params"]["_meta"].as_object_mut().unwrap().extend(meta.as_object().unwrap().clone());
    request.body = body.to_string();
    request
}

/// What a client answers to each kind of question.
pub(crate) fn responses(params: &Value) -> Value {
    match params["method"].as_str().unwrap() {
        "elicitation/create" if params["params"].get("url").is_some() => json!({"action": "accept"}),
        "elicitation/create" if params["params"]["message"] == "Sure?" => {
            json!({"action": "accept", "content": {"sure": true}})
        }
        "elicitation/create" => json!({"action": "accept", "content": {"name": "Ann"}}),
        "roots/list" => json!({"roots": [{"uri": "file:///home"}]}),
        _ => json!({"role": "assistant", "content": {"type": "text", "text": "Paris"}, "model": "m"}),
    }
}

pub(crate) async fn notes(fixture: &Fixture) -> i64 {
    fixture.modern("tools/call", json!({"name": "count"})).await["structuredContent"].as_i64().unwrap()
}

#[tokio::test]
async fn progress_goes_up_and_only_to_who_wants_it() {
    let fixture = fixture().await;
    for token in [json!("t"), json!(7)] {
        let heard = heard(&fixture, &call("work", json!({}), json!({"progressToken": token}))).await;
        let params: Vec<_> = heard.messages.iter().filter_map(|message| message.get("params")).collect();
        assert!(params.iter().all(|params| params["progressToken"] == token));
        let done: Vec<_> = params.iter().map(|params| params["progress"].as_f64().unwrap()).collect();
        assert_eq!(done, [0.0, 50.0, 99.5, 100.0]);
        assert_eq!((&params[1]["total"], &params[3]["message"]), (&json!(100), &json!("done")));
        assert_eq!(heard.text(), "\"worked\"");
    }
    // Through a meta tool, too.
    let large = fixture.mount("/large", &Mount::new().meta_tools(true), |_| {});
    let through = call("call_operation", json!({"name": "work"}), json!({"progressToken": "t"}));
    assert_eq!(heard(&large, &through).await.messages.len(), 5);
    for request in [
        call("work", json!({}), json!({})),
        call("work", json!({}), json!({"progressToken": null})),
        // It would be in each message.
        call("work", json!({}), json!({"progressToken": "t".repeat(1023)})),
        call("work", json!({}), json!({"progressToken": "t"})).with("accept", "application/json"),
        call("work", json!({}), json!({"progressToken": "t"})).with("accept", "*/*"),
    ] {
        assert_eq!(heard(&fixture, &request).await.methods(), [] as [&str; 0]);
    }
}

#[tokio::test]
async fn log_messages_are_those_of_the_level() {
    let fixture = fixture().await;
    let level = |level: &str| json!({"io.modelcontextprotocol/logLevel": level});
    for (meta, count) in
        [(json!({}), 0), (level("debug"), 3), (level("info"), 2), (level("error"), 1), (level("alert"), 0)]
    {
        let heard = heard(&fixture, &call("chat", json!({}), meta)).await;
        assert_eq!(heard.methods(), vec!["notifications/message"; count]);
    }
    for revision in LEGACY {
        let session = fixture.session(revision).await;
        let chat = || session.request("tools/call", json!({"name": "chat"}));
        assert_eq!(heard(&fixture, &chat()).await.methods().len(), 2, "from info on");
        assert_eq!(session.call("logging/setLevel", json!({"level": "error"})).await.result(), &json!({}));
        let last = heard(&fixture, &chat()).await;
        let expected = json!({"level": "error", "logger": "chat", "data": {"why": ["x"]}});
        assert_eq!((last.methods().len(), &last.messages[0]["params"]), (1, &expected));
        assert_eq!(session.call("logging/setLevel", json!({"level": "loud"})).await.error(), (200, -32602));
    }
}

#[tokio::test]
async fn a_call_is_withdrawn_by_its_id_and_by_nobody_else() {
    let fixture = &fixture().await;
    for revision in LEGACY {
        let (session, other) = (&fixture.session(revision).await, &fixture.session(revision).await);
        let call = session.request("tools/call", json!({"name": "slow", "_meta": {"progressToken": 1}}));
        let heard = send_withdrawn(fixture, &call, |_| async move {
            for (from, id) in [(other, json!(1)), (session, json!("1")), (session, json!(2)), (session, json!(1))] {
                let mut note = from.request("", json!({}));
                note.body = json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": id}})
                    .to_string();
                assert_eq!(fixture.post(&note).await.status, 202);
            }
        });
        assert_eq!(heard.await, 1, "progress, and no answer");
        assert_eq!(notes(fixture).await, 2);
    }
}

/// How many messages come of a request that is withdrawn.
async fn send_withdrawn<F: Future<Output = ()>>(
    fixture: &Fixture,
    request: &Request,
    reply: impl Fn(Value) -> F,
) -> usize {
    let events = Events::new();
    let head = Head::new(request.head.iter().map(|(name, value)| (&**name, value.as_bytes())));
    let posted = fixture.server.post(&head, request.body.as_bytes(), request.principal.as_ref(), &events);
    let listened = async {
        let mut messages = 0;
        while let Some(event) = events.next().await {
            if !event.data.is_empty() {
                messages += 1;
                reply(serde_json::from_slice(&event.data).unwrap()).await;
            }
        }
        messages
    };
    let (posted, messages) = future::join(posted, listened).await;
    assert!(posted.body.is_empty());
    messages
}

#[tokio::test]
async fn a_client_of_2025_11_25_comes_back_for_the_answer() {
    let fixture = fixture().await;
    let session = fixture.session("2025-11-25").await;
    let events = Events::new();
    let call = session.request("tools/call", json!({"name": "polled"}));
    let head = Head::new(call.head.iter().map(|(name, value)| (&**name, value.as_bytes())));
    let posted = fixture.server.post(&head, call.body.as_bytes(), None, &events).await;
    assert!(posted.body.is_empty() && events.survives());
    let first = events.next().await.unwrap();
    assert_eq!((first.id.as_deref(), first.data.len()), (Some("0-0"), 0));
    assert_eq!(events.next().await.unwrap().retry, Some(Duration::from_millis(10)));
    assert!(events.next().await.is_none(), "the connection is closed before the answer");

    let back = Events::new();
    let get = session.request("", json!({})).with("accept", "text/event-stream").with("last-event-id", "0-0");
    let head = Head::new(get.head.iter().map(|(name, value)| (&**name, value.as_bytes())));
    let reply = fixture.server.get(&head, None, &back).await;
    assert_eq!(reply.status, 200);
    let answer = back.next().await.unwrap();
    let message: Value = serde_json::from_slice(&answer.data).unwrap();
    assert_eq!((answer.id.as_deref(), &message["result"]["content"][0]["text"]), (Some("0-1"), &json!("\"polled\"")));
    assert!(back.next().await.is_none());
    // In another session there is no such stream; its own begins.
    let other = fixture.session("2025-11-25").await;
    let get = other.request("", json!({})).with("accept", "text/event-stream").with("last-event-id", "0-0");
    let head = Head::new(get.head.iter().map(|(name, value)| (&**name, value.as_bytes())));
    let fresh = Events::new();
    assert!(fixture.server.get(&head, None, &fresh).now_or_never().is_none());
    assert_eq!(fresh.next().await.unwrap().data.len(), 0);
    assert!(fresh.next().now_or_never().is_none());
}

#[tokio::test]
async fn the_new_era_has_no_ids_of_events() {
    let fixture = fixture().await;
    let request = call("work", json!({}), json!({"progressToken": 1})).with("last-event-id", "0-0");
    let heard = heard(&fixture, &request).await;
    assert!(heard.ids.iter().all(Option::is_none) && heard.ids.len() == 5);
    let polled = self::heard(&fixture, &call("polled", json!({}), json!({}))).await;
    assert_eq!((polled.text(), polled.ids.len()), ("\"polled\"", 0));
}
