//! Arrays of messages: 2025-03-26 has them, nothing else does.

use crate::fixture::{Fixture, LEGACY, Request, Session, ann};
use crate::notes;
use serde_json::{Value, json};

fn batch(session: &Session<'_>, messages: &Value) -> Request {
    let mut request = session.request("", json!({}));
    request.body = messages.to_string();
    request
}

#[tokio::test]
async fn each_request_is_answered_in_its_place() {
    let fixture = Fixture::new().await;
    let session = fixture.session("2025-03-26").await;
    let messages = json!([
        {"jsonrpc": "2.0", "id": "a", "method": "ping"},
        {"jsonrpc": "2.0", "method": "notifications/initialized"},
        {"jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": {"name": "notes.count"}},
        {"jsonrpc": "2.0", "id": 3, "method": "nonsense"},
        {"jsonrpc": "2.0", "id": 9, "result": {}},
        {"jsonrpc": "2.0", "id": 4, "method": "tools/call", "params": {"name": "notes.add", "arguments": {"text": "x"}}},
    ]);
    let answer = fixture.post(&batch(&session, &messages)).await;
    assert_eq!(answer.status, 200);
    let ids: Vec<_> = answer.body.as_array().unwrap().iter().map(|answer| answer["id"].clone()).collect();
    assert_eq!(ids, [json!("a"), json!(2), json!(3), json!(4)]);
    assert_eq!(answer.body[0]["result"], json!({}));
    assert_eq!(answer.body[1]["result"]["content"][0]["text"], "2");
    assert_eq!(answer.body[2]["error"]["code"], -32601);
    // HTTP has one status for all of them, so missing credentials are told in the message.
    assert_eq!(answer.body[3]["error"]["data"]["status"], 401);
    assert_eq!(answer.header("www-authenticate"), None);
}

#[tokio::test]
async fn what_needs_no_answer_gets_none() {
    let fixture = Fixture::new().await;
    let session = fixture.session("2025-03-26").await;
    let messages = json!([
        {"jsonrpc": "2.0", "method": "notifications/initialized"},
        {"jsonrpc": "2.0", "id": 1, "result": {}},
    ]);
    let answer = fixture.post(&batch(&session, &messages)).await;
    assert_eq!((answer.status, &*answer.text), (202, ""));
}

#[tokio::test]
async fn a_batch_is_refused_as_a_whole() {
    let fixture = Fixture::new().await;
    let session = fixture.session("2025-03-26").await;
    let ping = json!({"jsonrpc": "2.0", "id": 1, "method": "ping"});
    for messages in [
        json!([]),
        json!([ping, 7]),
        json!([ping, {"jsonrpc": "2.0", "id": null, "method": "ping"}]),
        json!([ping, [ping]]),
        json!([ping, {"jsonrpc": "2.0", "id": 2, "method": "initialize", "params": {}}]),
        json!(vec![&ping; 101]),
    ] {
        let answer = fixture.post(&batch(&session, &messages)).await;
        assert_eq!(answer.error(), (400, -32600), "{messages}");
        assert_eq!(answer.body.get("id"), None);
    }
    assert_eq!(fixture.post(&batch(&session, &json!(vec![&ping; 100]))).await.status, 200);
}

#[tokio::test]
async fn what_would_be_answered_at_too_great_a_length_is_not_run() {
    let limits = diptych_pipeline::Settings { max_result_bytes: 1000, ..diptych_pipeline::Settings::default() };
    let fixture = Fixture::limited(notes::operations(), limits, |_| {}).await;
    let session = fixture.session_as("2025-03-26", Some(ann(&["notes:write"]))).await;
    let add = |id| {
        let params = json!({"name": "notes.add", "arguments": {"text": "x"}});
        json!({"jsonrpc": "2.0", "id": id, "method": "tools/call", "params": params})
    };
    let answer = fixture.post(&batch(&session, &(0..100).map(add).collect())).await;
    let answers = answer.body.as_array().unwrap();
    let ids: Vec<_> = answers.iter().map(|answer| answer["id"].as_u64().unwrap()).collect();
    assert!(ids.iter().copied().eq(0..100));
    let done: Vec<_> = answers.iter().map_while(|answer| answer.get("result")).collect();
    assert!(done.iter().all(|result| result["isError"] != true) && (1..50).contains(&done.len()), "{}", done.len());
    for refused in &answers[done.len()..] {
        assert_eq!(refused["error"]["code"], -32600);
        assert!(refused["error"]["message"].as_str().unwrap().contains("not run"), "{refused}");
    }
    // What says that it was not run was not run.
    let count = fixture.modern("tools/call", json!({"name": "notes.count"})).await;
    assert_eq!(count["content"][0]["text"], (2 + done.len()).to_string());
}

#[tokio::test]
async fn later_revisions_have_none() {
    let fixture = Fixture::new().await;
    for revision in &LEGACY[..2] {
        let session = fixture.session(revision).await;
        let messages = json!([{"jsonrpc": "2.0", "id": 1, "method": "ping"}]);
        assert_eq!(fixture.post(&batch(&session, &messages)).await.error(), (400, -32600));
        let unknown = batch(&session, &messages).with("mcp-session-id", "x");
        assert_eq!(fixture.post(&unknown).await.error(), (404, -32600));
    }
}
