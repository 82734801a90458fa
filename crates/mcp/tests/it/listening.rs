//! What a client hears of changes: `subscriptions/listen` in the new era, the stream of GET and `resources/subscribe`
//! before it, lines on stdio.

use crate::fixture::{Fixture, LEGACY, Request, Session};
use crate::schema;
use diptych_mcp::{Events, Head};
use diptych_pipeline::{Catalogue, Conn, Operations, Tx, query, query_scalar};
use diptych_spec::{AnswerValue, Anyone, Args, Input, Principal, Result, SelectorSpec, ServiceSpec};
use futures_util::{FutureExt as _, StreamExt as _, future, stream::FuturesUnordered};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use validator::Validate;

#[derive(Debug, Deserialize, JsonSchema)]
struct ById {
    id: i64,
}

#[derive(Debug, Deserialize, JsonSchema, Validate)]
struct Edit {
    text: String,
    fail: Option<bool>,
}

#[derive(Debug, Serialize, JsonSchema)]
struct Note {
    id: i64,
    text: String,
}

#[derive(Debug, Deserialize, JsonSchema)]
struct Switch {
    on: bool,
}

/// Note 2 is nobody's.
async fn get(conn: &mut Conn, Args(args): Args<ById>) -> Result<Option<Note>> {
    let text = query_scalar::<String>("SELECT text FROM notes WHERE id = $1 AND id <> 2").bind(args.id);
    Ok(text.optional(conn).await?.map(|text| Note { id: args.id, text }))
}

#[derive(Debug, Deserialize, JsonSchema)]
struct ByIds {
    id: Vec<i64>,
}

async fn several(_: &mut Conn, Args(args): Args<ByIds>) -> Result<AnswerValue<i64>> {
    Ok(AnswerValue(args.id.iter().sum()))
}

async fn edit(tx: &mut Tx, Args(args): Args<ById>, Input(edit): Input<Edit>) -> Result<()> {
    query("UPDATE notes SET text = $1 WHERE id = $2").bind(edit.text).bind(args.id).execute(tx).await?;
    if edit.fail == Some(true) { Err(diptych_spec::Error::conflict("failed", "as asked")) } else { Ok(()) }
}

async fn add(tx: &mut Tx, Input(new): Input<Edit>) -> Result<Note> {
    let id = query_scalar("INSERT INTO notes (text) VALUES ($1) RETURNING id").bind(new.text.clone());
    Ok(Note { id: id.one(tx).await?, text: new.text })
}

async fn switch(_: &mut Conn, Args(args): Args<Switch>, catalogue: Catalogue) -> Result<AnswerValue<bool>> {
    if args.on { catalogue.enable("notes.extra") } else { catalogue.disable("notes.extra") }?;
    Ok(AnswerValue(catalogue.is_enabled("notes.extra")))
}

async fn extra(_: &mut Conn) -> Result<AnswerValue<bool>> {
    Ok(AnswerValue(true))
}

pub(crate) fn operations() -> Operations {
    let boss = |who: Option<&Principal>| who.is_some_and(|who| who.subject() == "boss");
    Operations::new()
        .add(SelectorSpec::from_fn("notes.get", get).allow(Anyone).resource("notes://{id}"))
        .add(SelectorSpec::from_fn("notes.several", several).allow(Anyone).resource("several://notes{?id*}"))
        .add(SelectorSpec::from_fn("notes.secret", get).allow(boss).resource("secret://{id}"))
        .add(ServiceSpec::from_fn("notes.edit", edit).allow(Anyone).changes("notes://{id}").changes("notes://all"))
        .add(ServiceSpec::from_fn("notes.add", add).allow(Anyone).changes("notes://{id}"))
        .add(SelectorSpec::from_fn("notes.switch", switch).allow(Anyone))
        .add(SelectorSpec::from_fn("notes.extra", extra).allow(Anyone).resource("extra://it").enabled(false))
}

async fn fixture() -> Fixture {
    Fixture::serving(operations(), |settings| settings.max_subscriptions = 4).await
}

/// What is heard while something is done; `None` at the end of the stream.
async fn hear(revision: &str, events: &Events) -> Option<Value> {
    loop {
        let event = events.next().await?;
        if !event.data.is_empty() {
            let message = serde_json::from_slice(&event.data).unwrap();
            if revision != "answer" {
                schema::check_message(revision, &message);
            }
            return Some(message);
        }
    }
}

fn listen(wanted: Value) -> Request {
    Request::modern("subscriptions/listen", json!({"notifications": wanted})).but(r#""id":1"#, r#""id":"s 1""#)
}

async fn edits(fixture: &Fixture, id: i64, fail: bool) {
    let arguments = json!({"id": id, "text": "new", "fail": fail});
    let answer = fixture.modern("tools/call", json!({"name": "notes.edit", "arguments": arguments})).await;
    assert_eq!(answer["isError"], fail);
}

async fn switches(fixture: &Fixture, on: bool) {
    let call = json!({"name": "notes.switch", "arguments": {"on": on}});
    assert_eq!(fixture.modern("tools/call", call).await["structuredContent"], on);
}

/// Runs `check` while the request is open.
async fn during<T>(fixture: &Fixture, request: &Request, check: impl AsyncFnOnce(&Events) -> T) -> T {
    let events = Events::new();
    let head = Head::new(request.head.iter().map(|(name, value)| (&**name, value.as_bytes())));
    let open = async {
        if request.body.contains("GET") {
            fixture.server.get(&head, request.principal.as_ref(), &events).await
        } else {
            fixture.server.post(&head, request.body.as_bytes(), request.principal.as_ref(), &events).await
        }
    };
    let (open, check) = (std::pin::pin!(open), std::pin::pin!(check(&events)));
    match future::select(open, check).await {
        future::Either::Right((checked, _)) => checked,
        future::Either::Left((_, check)) => check.await,
    }
}

#[tokio::test]
async fn a_subscription_hears_what_it_asked_for_and_may_read() {
    let fixture = fixture().await;
    let request = listen(json!({
        "toolsListChanged": true,
        "promptsListChanged": false,
        "resourceSubscriptions": ["notes://1", "notes://2", "secret://1", "several://notes?id=1&id=2"],
    }));
    during(&fixture, &request, async |events| {
        let first = hear("2026-07-28", events).await.unwrap();
        assert_eq!(first["method"], "notifications/subscriptions/acknowledged");
        let readable = ["notes://1", "several://notes?id=1&id=2"];
        let honoured = json!({"toolsListChanged": true, "resourceSubscriptions": readable});
        assert_eq!(first["params"]["notifications"], honoured);
        edits(&fixture, 1, true).await;
        edits(&fixture, 2, false).await;
        switches(&fixture, false).await;
        assert!(hear("2026-07-28", events).now_or_never().is_none(), "rolled back, not its own, nothing changed");
        edits(&fixture, 1, false).await;
        let updated = hear("2026-07-28", events).await.unwrap();
        assert_eq!(
            (&updated["method"], &updated["params"]["uri"]),
            (&json!("notifications/resources/updated"), &json!("notes://1"))
        );
        switches(&fixture, true).await;
        let changed = hear("2026-07-28", events).await.unwrap();
        assert_eq!(changed["method"], "notifications/tools/list_changed");
        for message in [first, updated, changed] {
            assert_eq!(message["params"]["_meta"], json!({"io.modelcontextprotocol/subscriptionId": "s 1"}));
        }
        fixture.server.close();
        let last = hear("answer", events).await.unwrap();
        assert_eq!((&last["id"], &last["result"]["resultType"]), (&json!("s 1"), &json!("complete")));
        assert_eq!(last["result"]["_meta"]["io.modelcontextprotocol/subscriptionId"], "s 1");
        assert!(hear("answer", events).await.is_none());
    })
    .await;
}

#[tokio::test]
async fn a_created_resource_is_named_by_the_answer() {
    let fixture = fixture().await;
    let mut changes = fixture.server.engine().changes().listen();
    let call = json!({"name": "notes.add", "arguments": {"text": "third"}});
    fixture.modern("tools/call", call).await;
    assert_eq!(changes.recv().await.unwrap(), diptych_pipeline::Change::Resource("notes://3".into()));
}

#[tokio::test]
async fn a_slow_listener_is_told_that_everything_may_have_changed() {
    let fixture = fixture().await;
    let request = listen(json!({"resourceSubscriptions": ["notes://1"], "resourcesListChanged": true}));
    during(&fixture, &request, async |events| {
        hear("2026-07-28", events).await.unwrap();
        let changes = fixture.server.engine().changes();
        (0..5000).for_each(|_| changes.resource("notes://7"));
        let told: BTreeSet<_> = [hear("2026-07-28", events).await.unwrap(), hear("2026-07-28", events).await.unwrap()]
            .iter()
            .map(|message| message["method"].as_str().unwrap().to_owned())
            .collect();
        let expected = ["notifications/resources/list_changed", "notifications/resources/updated"];
        assert!(told.iter().eq(&expected), "{told:?}");
    })
    .await;
}

#[tokio::test]
async fn wrong_subscriptions_are_refused() {
    let fixture = fixture().await;
    for (request, expected) in [
        (Request::modern("subscriptions/listen", json!({})), (200, -32602)),
        (listen(json!(true)), (200, -32602)),
        (listen(json!({"toolsListChanged": "yes"})), (200, -32602)),
        (listen(json!({"resourceSubscriptions": "notes://1"})), (200, -32602)),
        (listen(json!({"resourceSubscriptions": ["a:1", "a:2", "a:3", "a:4", "a:5"]})), (200, -32602)),
        (listen(json!({})).with("accept", "application/json"), (406, -32600)),
        (listen(json!({"resourceSubscriptions": ["a".repeat(256 * 1024)]})), (413, -32600)),
    ] {
        assert_eq!(fixture.post(&request).await.error(), expected);
    }
}

fn stream(session: &Session<'_>) -> Request {
    let mut request = session.request("", json!({})).with("accept", "text/event-stream");
    "GET".clone_into(&mut request.body);
    request
}

#[tokio::test]
async fn a_session_hears_what_it_subscribed_to() {
    let fixture = fixture().await;
    for revision in LEGACY {
        switches(&fixture, false).await;
        let session = &fixture.session(revision).await;
        let call = async |method, uri| session.call(method, json!({"uri": uri})).await;
        assert_eq!(call("resources/subscribe", "notes://1").await.result(), &json!({}));
        for unreadable in ["notes://2", "secret://1", "nothing://1", "extra://it"] {
            assert_eq!(call("resources/subscribe", unreadable).await.error(), (200, -32002), "{unreadable}");
        }
        during(&fixture, &stream(session), async |events| {
            if revision == "2025-11-25" {
                let prime = events.next().await.unwrap();
                assert!(prime.id.is_some() && prime.data.is_empty());
            } else {
                events.started().await;
            }
            edits(&fixture, 1, false).await;
            edits(&fixture, 2, false).await;
            let updated = hear(revision, events).await.unwrap();
            assert_eq!(updated["params"], json!({"uri": "notes://1"}));
            switches(&fixture, true).await;
            let lists: Vec<_> = [hear(revision, events).await.unwrap(), hear(revision, events).await.unwrap()]
                .iter()
                .map(|message| message["method"].as_str().unwrap().to_owned())
                .collect();
            assert_eq!(lists, ["notifications/tools/list_changed", "notifications/resources/list_changed"]);
            assert_eq!(call("resources/unsubscribe", "notes://1").await.result(), &json!({}));
            edits(&fixture, 1, false).await;
            assert!(hear(revision, events).now_or_never().is_none());
            // The end of the session is the end of its streams.
            let head = Head::new([("mcp-session-id", session.id.as_bytes())]);
            assert_eq!(fixture.server.delete(&head, None).await.status, 204);
            assert!(hear(revision, events).await.is_none());
        })
        .await;
    }
}

#[tokio::test]
async fn a_message_goes_to_one_stream_of_a_session() {
    let fixture = fixture().await;
    let session = &fixture.session("2025-11-25").await;
    during(&fixture, &stream(session), async |first| {
        first.next().await.unwrap();
        during(&fixture, &stream(session), async |second| {
            second.next().await.unwrap();
            switches(&fixture, true).await;
            assert!(hear("2025-11-25", second).await.is_some());
            assert!(hear("2025-11-25", first).now_or_never().is_none());
        })
        .await;
        switches(&fixture, false).await;
        assert!(hear("2025-11-25", first).await.is_some(), "the one that is left");
    })
    .await;
}

#[tokio::test]
async fn who_comes_back_to_a_stream_is_told_what_may_have_changed_meanwhile() {
    let fixture = fixture().await;
    let session = &fixture.session("2025-11-25").await;
    session.call("resources/subscribe", json!({"uri": "notes://1"})).await.result();
    let seen = during(&fixture, &stream(session), async |events| events.next().await.unwrap().id.unwrap()).await;
    edits(&fixture, 1, false).await;
    during(&fixture, &stream(session).with("last-event-id", &seen), async |events| {
        let told: Vec<_> = (0..3).map(|_| hear("2025-11-25", events)).collect::<FuturesUnordered<_>>().collect().await;
        let told: BTreeSet<_> = told.iter().flatten().map(|message| message["method"].to_string()).collect();
        assert_eq!(told.len(), 3, "{told:?}");
    })
    .await;
}

#[tokio::test]
async fn one_stream_more_than_a_session_may_have_ends_the_oldest() {
    let fixture = fixture().await;
    let session = &fixture.session("2025-11-25").await;
    let lines: Vec<_> = (0..6).map(|_| Events::new()).collect();
    let get = async |request: Request, events: &Events| {
        let head = Head::new(request.head.iter().map(|(name, value)| (&**name, value.as_bytes())));
        fixture.server.get(&head, None, events).await
    };
    let open = future::join_all(lines[..5].iter().map(|events| get(stream(session), events)));
    let check = async {
        for events in &lines[..5] {
            assert!(events.next().await.is_some_and(|first| first.data.is_empty()));
        }
        assert!(lines[0].next().await.is_none(), "it has ended");
        assert!(lines[1..5].iter().all(|events| events.next().now_or_never().is_none()));
        // Who comes back to it gets another, and is told that everything may have changed.
        let again = stream(session).with("last-event-id", "0-0");
        let back = async {
            assert_eq!(lines[5].next().await.unwrap().id.as_deref(), Some("5-0"));
            assert!(hear("2025-11-25", &lines[5]).await.is_some());
            assert!(lines[1].next().await.is_none(), "again the oldest");
        };
        let ended = future::select(Box::pin(get(again, &lines[5])), Box::pin(back)).await;
        assert!(matches!(ended, future::Either::Right(_)));
    };
    let ended = future::select(Box::pin(open), Box::pin(check)).await;
    assert!(matches!(ended, future::Either::Right(_)));
}

#[tokio::test]
async fn streams_need_a_session_and_accept() {
    let fixture = fixture().await;
    let session = fixture.session("2025-11-25").await;
    for (request, status) in [
        (stream(&session).without("mcp-session-id"), 400),
        (stream(&session).with("mcp-session-id", "unknown"), 404),
        (stream(&session).with("accept", "application/json"), 406),
        (stream(&session).without("accept"), 406),
        (stream(&session).and("last-event-id", "0-0").and("last-event-id", "0-0"), 400),
    ] {
        let head = Head::new(request.head.iter().map(|(name, value)| (&**name, value.as_bytes())));
        assert_eq!(fixture.server.get(&head, None, &Events::new()).await.status, status);
    }
}
