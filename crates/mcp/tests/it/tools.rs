//! `tools/call`.

use crate::fixture::{Fixture, LEGACY, Request, ann};
use crate::notes::operations;
use crate::schema;
use diptych_mcp::{Events, Head};
use diptych_pipeline::{Tx, query};
use diptych_spec::{Anyone, Result, ServiceSpec};
use serde_json::{Value, json};
use tokio::sync::Notify;

fn call(name: &str, arguments: Value) -> Request {
    Request::modern("tools/call", json!({"name": name, "arguments": arguments}))
}

#[tokio::test]
async fn an_answer_is_there_as_text_and_as_it_is() {
    let fixture = Fixture::new().await;
    let result = fixture.modern("tools/call", json!({"name": "notes.get", "arguments": {"id": 1}})).await;
    assert_eq!(
        result,
        json!({
            "content": [{"type": "text", "text": r#"{"id":1,"text":"milk"}"#}],
            "structuredContent": {"id": 1, "text": "milk"},
            "isError": false,
            "resultType": "complete",
            "_meta": {"io.modelcontextprotocol/serverInfo": {
                "name": "notes", "version": "1.2.3", "title": "Notes", "websiteUrl": "https://notes.example/",
            }},
        })
    );
}

#[tokio::test]
async fn what_is_not_an_object_is_wrapped_for_older_clients() {
    let fixture = Fixture::new().await;
    let values = json!([7, null, "x", [1.50, {"a": 9_007_199_254_740_993_i64}], {"a": {}}]);
    for (name, arguments, answer) in [
        ("notes.count", json!({}), json!(2)),
        ("notes.find", json!({"id": 99}), Value::Null),
        ("notes.find", json!({"id": 2}), json!({"id": 2, "text": "bread"})),
        ("notes.forest", json!({}), json!([{"name": "oak", "branches": [{"name": "twig", "branches": []}]}])),
    ]
    .into_iter()
    .chain(values.as_array().unwrap().iter().map(|value| ("notes.echo", json!({"value": value}), value.clone())))
    {
        let params = json!({"name": name, "arguments": arguments});
        let result = fixture.modern("tools/call", params.clone()).await;
        assert_eq!(result["structuredContent"], answer, "{name}");
        let text: Value = serde_json::from_str(result["content"][0]["text"].as_str().unwrap()).unwrap();
        assert_eq!(text, answer);
        for revision in LEGACY {
            let session = fixture.session(revision).await;
            let legacy = session.call("tools/call", params.clone()).await;
            assert_eq!(legacy.result()["content"], result["content"]);
            let structured = legacy.result().get("structuredContent");
            if revision == "2025-03-26" {
                assert_eq!(structured, None);
            } else {
                assert_eq!(structured, Some(&json!({"result": answer})), "{name} {revision}");
            }
        }
    }
    let session = fixture.session("2025-11-25").await;
    let get = session.call("tools/call", json!({"name": "notes.get", "arguments": {"id": 1}})).await;
    assert_eq!(get.result()["structuredContent"], json!({"id": 1, "text": "milk"}));
}

#[tokio::test]
async fn an_answer_fits_its_schema_in_every_revision() {
    let fixture = Fixture::new().await;
    let modern = fixture.modern("tools/list", json!({})).await;
    for tool in modern["tools"].as_array().unwrap() {
        let arguments = match tool["name"].as_str().unwrap() {
            "notes.get" | "notes.find" => json!({"id": 1}),
            "notes.slow" => json!({"text": "x"}),
            "notes.echo" => json!({"value": [1]}),
            "faults.get" => continue,
            _ => json!({}),
        };
        schema::fits(&tool["inputSchema"], &arguments);
        let params = json!({"name": tool["name"], "arguments": arguments});
        let result = fixture.modern("tools/call", params.clone()).await;
        schema::fits(&tool["outputSchema"], &result["structuredContent"]);
        for revision in &LEGACY[..2] {
            let session = fixture.session(revision).await;
            let list = session.call("tools/list", json!({})).await;
            let tools = list.result()["tools"].as_array().unwrap();
            let own = tools.iter().find(|own| own["name"] == tool["name"]).unwrap();
            let result = session.call("tools/call", params.clone()).await;
            schema::fits(&own["outputSchema"], &result.result()["structuredContent"]);
        }
    }
}

#[tokio::test]
async fn nothing_to_answer_is_no_content() {
    let fixture = Fixture::new().await;
    let answer = fixture.post(&call("notes.clear", json!({})).by(ann(&[]))).await;
    let result = answer.result();
    assert_eq!((&result["content"], &result["isError"]), (&json!([]), &json!(false)));
    assert_eq!(result.get("structuredContent"), None);
    assert_eq!(fixture.modern("tools/call", json!({"name": "notes.count"})).await["structuredContent"], 0);
}

#[tokio::test]
async fn what_is_wrong_with_arguments_is_for_the_model() {
    let fixture = Fixture::new().await;
    let writer = || ann(&["notes:write"]);
    for (arguments, pointer, code) in [
        (r"{}", "/text", "required"),
        (r#"{"text":""}"#, "/text", "length"),
        (r#"{"text":7}"#, "/text", "type"),
        (r#"{"text":"x","more":1}"#, "/more", "unknown"),
        (r#"{"text":"x","text":"y"}"#, "/text", "duplicate"),
    ] {
        let request = call("notes.add", json!({"@": 0})).but(r#"{"@":0}"#, arguments).by(writer());
        let answer = fixture.post(&request).await;
        let result = answer.result();
        assert_eq!((answer.status, &result["isError"]), (200, &json!(true)), "{arguments}");
        assert_eq!((result.get("structuredContent"), &result["resultType"]), (None, &json!("complete")));
        let problem: Value = serde_json::from_str(result["content"][0]["text"].as_str().unwrap()).unwrap();
        assert_eq!((&problem["status"], &problem["code"]), (&json!(422), &json!("invalid")));
        assert_eq!((&problem["errors"][0]["pointer"], &problem["errors"][0]["code"]), (&json!(pointer), &json!(code)));
    }
    assert_eq!(fixture.modern("tools/call", json!({"name": "notes.count"})).await["structuredContent"], 2);
}

static ADDED: Notify = Notify::const_new();
static GO: Notify = Notify::const_new();

/// Adds a note, says so, and ends when it is told to.
async fn waits(tx: &mut Tx) -> Result<()> {
    query("INSERT INTO notes (text) VALUES ('new')").execute(tx).await?;
    ADDED.notify_one();
    GO.notified().await;
    Ok(())
}

#[tokio::test]
async fn a_disconnect_withdraws_in_the_new_era_only() {
    let waits = ServiceSpec::from_fn("notes.wait", waits).allow(Anyone);
    let fixture = Fixture::serving(operations().add(waits), |_| {}).await;
    let notes =
        async || fixture.modern("tools/call", json!({"name": "notes.count"})).await["structuredContent"].clone();
    let abandon = async |request: Request| {
        let fields: Vec<_> = request.head.iter().map(|(name, value)| (&**name, value.as_bytes())).collect();
        let (head, events) = (Head::new(fields), Events::new());
        tokio::select! {
            reply = fixture.server.post(&head, request.body.as_bytes(), None, &events) => panic!("{reply:?}"),
            () = ADDED.notified() => {}
        }
    };
    abandon(call("notes.wait", json!({}))).await;
    fixture.server.engine().drain().await;
    assert_eq!(notes().await, 2);
    let session = fixture.session("2025-11-25").await;
    abandon(session.request("tools/call", json!({"name": "notes.wait"}))).await;
    GO.notify_one();
    fixture.server.engine().drain().await;
    assert_eq!(notes().await, 3);
}

#[tokio::test]
async fn a_transport_may_move_it_between_threads() {
    fn is_send<T: Send>(value: T) -> T {
        value
    }
    let fixture = Fixture::new().await;
    let head = Head::default();
    assert_eq!(is_send(fixture.server.post(&head, b"", None, &Events::new())).await.status, 415);
    assert_eq!(is_send(fixture.server.get(&head, None, &Events::new())).await.status, 400);
    assert_eq!(is_send(fixture.server.delete(&head, None)).await.status, 400);
}
