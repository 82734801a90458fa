//! What an operation asks the caller, in both eras: in rounds, and by requests on the call's stream.

use crate::fixture::{Fixture, Request, Session, ann};
use crate::talking::{Heard, call, fixture, heard, notes, responses, send};
use diptych_mcp::{Events, Head};
use futures_util::{FutureExt as _, future};
use serde_json::{Value, json};

/// The same request once more, with what the client was told to bring back.
fn again(request: &Request, state: &Value, responses: Value) -> Request {
    let mut body: Value = serde_json::from_str(&request.body).unwrap();
    (body["id"], body["params"]["requestState"], body["params"]["inputResponses"]) =
        (json!(2), state.clone(), responses);
    let mut again = request.clone();
    again.body = body.to_string();
    again
}

fn capabilities(declared: Value) -> Value {
    json!({"io.modelcontextprotocol/clientCapabilities": declared})
}

const ALL: &str = r#"{"elicitation": {"form": {}, "url": {}}, "sampling": {}, "roots": {}}"#;

fn all() -> Value {
    serde_json::from_str(ALL).unwrap()
}

/// Answers a question of the old era.
async fn respond(fixture: &Fixture, session: &Session<'_>, question: &Value) {
    let mut response = session.request("", json!({}));
    response.body = json!({"jsonrpc": "2.0", "id": question["id"], "result": responses(question)}).to_string();
    assert_eq!(fixture.post(&response).await.status, 202);
}

#[tokio::test]
async fn a_question_is_asked_in_rounds() {
    let fixture = fixture().await;
    let request = call("greet", json!({"text": "a"}), capabilities(json!({"elicitation": {}})));
    let first = heard(&fixture, &request).await;
    let result = &first.answer()["result"];
    assert_eq!((&result["resultType"], result.get("ttlMs")), (&json!("input_required"), None));
    assert_eq!(
        result["inputRequests"],
        json!({"who": {"method": "elicitation/create", "params": {
            "mode": "form",
            "message": "Who is it?",
            "requestedSchema": {
                "type": "object",
                "properties": {"name": {"type": "string", "minLength": 1, "maxLength": 9}},
                "required": ["name"],
            },
        }}})
    );
    assert_eq!(notes(&fixture).await, 2, "nothing is kept while a question is open");
    let accept = |content: Value| json!({"action": "accept", "content": content});
    // Wrong answers, and answers to what was not asked, are asked for again; none of them is an answer to the next.
    for wrong in
        [json!({"who": accept(json!({"name": ""}))}), json!({"sure": accept(json!({"sure": true}))}), json!({})]
    {
        let round = heard(&fixture, &again(&request, &result["requestState"], wrong)).await;
        assert!(round.answer()["result"]["inputRequests"].get("who").is_some());
    }
    let named = json!({"who": accept(json!({"name": "Ann"})), "unknown": accept(json!({}))});
    let second = heard(&fixture, &again(&request, &result["requestState"], named)).await;
    let result = &second.answer()["result"];
    assert_eq!(result["inputRequests"].as_object().unwrap().keys().collect::<Vec<_>>(), ["sure"]);
    let last = again(&request, &result["requestState"], json!({"sure": accept(json!({"sure": true}))}));
    assert_eq!(heard(&fixture, &last).await.text(), "\"Hello, Ann, true\"");
    assert_eq!(notes(&fixture).await, 3);
    // Nor does a call whose client went away, whatever became of it.
    let other = call("greet", json!({"text": "b"}), capabilities(json!({"elicitation": {}})));
    let asked = heard(&fixture, &other).await;
    let given = again(&other, &asked.answer()["result"]["requestState"], json!({"who": {"action": "cancel"}}));
    let head = Head::new(given.head.iter().map(|(name, value)| (&**name, value.as_bytes())));
    let events = Events::new();
    let lost = fixture.server.post(&head, given.body.as_bytes(), None, &events);
    assert!(lost.now_or_never().is_none(), "it was begun, and dropped");
    assert_eq!(heard(&fixture, &given).await.answer()["error"]["code"], -32602);
    // The same answers do not write twice.
    assert_eq!(heard(&fixture, &last).await.answer()["error"]["code"], -32602);
    assert_eq!(notes(&fixture).await, 3);
}

#[tokio::test]
async fn what_a_client_keeps_belongs_to_one_call_of_one_caller() {
    let fixture = fixture().await;
    let can = || capabilities(json!({"elicitation": {}}));
    let mine = call("private", json!({"text": "a"}), can()).by(ann(&[]));
    let first = heard(&fixture, &mine).await;
    let state = &first.answer()["result"]["requestState"];
    let yes = || json!({"who": {"action": "decline"}});
    let bob = diptych_spec::Principal::new("https://id.example", "bob", [] as [&str; 0]).unwrap();
    let other = call("private", json!({"text": "b"}), can()).by(ann(&[]));
    let tampered = json!(format!("{}-TAMPERED", state.as_str().unwrap()));
    for (what, request) in [
        ("another caller", again(&mine.clone().by(bob), state, yes())),
        ("other arguments", again(&other, state, yes())),
        ("another operation", again(&call("greet", json!({"text": "a"}), can()).by(ann(&[])), state, yes())),
        ("changed", again(&mine, &tampered, yes())),
        ("not text", again(&mine, &json!(7), yes())),
        ("answers that are no object", again(&mine, state, json!(7))),
        ("answers that are no objects", again(&mine, state, json!({"who": null}))),
    ] {
        let answer = heard(&fixture, &request).await;
        assert_eq!((answer.status, &answer.answer()["error"]["code"]), (200, &json!(-32602)), "{what}");
    }
    // Answers without the state are those to nothing.
    let mut fresh = again(&mine, state, yes());
    fresh.body = fresh.body.replace("requestState", "forgotten");
    assert_eq!(heard(&fixture, &fresh).await.answer()["result"]["resultType"], "input_required");
    // What only reads takes them as they come, and passes over what it did not ask.
    let reading = call("capable", json!({}), capabilities(json!({"sampling": {}})));
    let capital = json!({"role": "assistant", "content": {"type": "text", "text": "Paris"}, "model": "m"});
    let mut known = again(&reading, &json!(null), json!({"capital": capital, "other": {}}));
    known.body = known.body.replace("requestState", "forgotten");
    assert_eq!(heard(&fixture, &known).await.text(), "\"Paris\"");
    // Arguments in another order are the same.
    let answer = heard(&fixture, &again(&mine, state, yes())).await;
    assert_eq!(answer.text(), "\"Hello, whoever you are\"");
}

#[tokio::test]
async fn everything_can_be_asked_at_once() {
    let fixture = fixture().await;
    let expected = "\"Ann Paris file:///home Accepted(())\"";
    let request = call("everything", json!({}), capabilities(all()));
    let first = heard(&fixture, &request).await;
    let result = &first.answer()["result"];
    let asked = result["inputRequests"].as_object().unwrap();
    assert_eq!(asked.len(), 4);
    let given: Value = asked.iter().map(|(key, question)| (key.clone(), responses(question))).collect();
    assert_eq!(heard(&fixture, &again(&request, &result["requestState"], given)).await.text(), expected);
    // Before 2026-07-28 by requests on the call's stream.
    let session = &fixture.session_with("2025-11-25", all()).await;
    let fixture = &fixture;
    let call = session.request("tools/call", json!({"name": "everything"}));
    let heard = send(fixture, &call, |message| async move {
        respond(fixture, session, &message).await;
    });
    let heard = heard.await;
    assert_eq!(heard.text(), expected);
    let mut methods = heard.methods();
    methods.sort_unstable();
    assert_eq!(methods, ["elicitation/create", "elicitation/create", "roots/list", "sampling/createMessage"]);
}

#[tokio::test]
async fn the_same_operation_asks_in_the_old_era() {
    let fixture = &fixture().await;
    for revision in ["2025-11-25", "2025-06-18"] {
        let before = notes(fixture).await;
        let session = &fixture.session_with(revision, json!({"elicitation": {}})).await;
        let call = session.request("tools/call", json!({"name": "greet", "arguments": {"text": "a"}}));
        let heard = send(fixture, &call, |message| async move {
            assert_eq!(notes(fixture).await, before, "nothing is kept while a question is open");
            assert_eq!(message["params"].get("mode").is_some(), revision == "2025-11-25");
            respond(fixture, session, &message).await;
        });
        let heard = heard.await;
        assert_eq!(heard.text(), "\"Hello, Ann, true\"");
        assert_eq!(heard.methods(), ["elicitation/create", "elicitation/create"]);
        assert_eq!(notes(fixture).await, before + 1);
    }
}

/// In the old eras a call goes on when its client is gone, and keeps its arguments.
#[tokio::test]
async fn calls_that_wait_for_an_answer_are_bounded() {
    let fixture = &fixture().await;
    let bob = diptych_spec::Principal::new("https://id.example", "bob", [] as [&str; 0]).unwrap();
    let session = async |who| fixture.session_of("2025-11-25", json!({"elicitation": {}}), Some(who)).await;
    let (session, other) = (&session(ann(&[])).await, &session(bob).await);
    let of =
        |session: &Session<'_>| session.request("tools/call", json!({"name": "private", "arguments": {"text": "a"}}));
    let answered = async |session: &Session<'_>| {
        let request = of(session);
        let heard = send(fixture, &request, |message| async move {
            respond(fixture, session, &message).await;
        });
        heard.await.text().to_owned()
    };
    let request = of(session);
    let head = Head::new(request.head.iter().map(|(name, value)| (&**name, value.as_bytes())));
    let lines: Vec<_> = (0..32).map(|_| Events::new()).collect();
    let post = |events| fixture.server.post(&head, request.body.as_bytes(), request.principal.as_ref(), events);
    let waiting = future::join_all(lines.iter().map(post));
    let check = async {
        for events in &lines {
            events.started().await;
        }
        let refused = heard_nothing_asked(fixture, &request).await;
        assert_eq!(refused.answer()["result"]["isError"], true);
        assert!(refused.text().contains("\"input_required\""), "{}", refused.text());
        assert_eq!(answered(other).await, "\"Hello, Ann, true\"", "others are asked");
    };
    let future::Either::Right(((), waiting)) = future::select(Box::pin(waiting), Box::pin(check)).await else {
        panic!("all of them wait");
    };
    drop(waiting);
    assert_eq!(answered(session).await, "\"Hello, Ann, true\"", "a place is free again");
}

/// It is run three times, and is one call. In the new era each round is a request of the client's own, and counts.
#[tokio::test]
async fn a_request_that_asks_counts_once() {
    let fixture = &fixture().await;
    let session = &fixture.session_with("2025-11-25", json!({"elicitation": {}})).await;
    for (name, arguments, most) in [
        ("rarely", json!({"text": "a"}), 1),
        // So do its items.
        ("rarely.many", json!({"items": [{"text": "a"}, {"text": "b"}, {"text": "c"}]}), 3),
    ] {
        let request = session.request("tools/call", json!({"name": name, "arguments": arguments}));
        let heard = send(fixture, &request, |message| async move {
            respond(fixture, session, &message).await;
        });
        assert_eq!(heard.await.text(), "\"Hello, Ann, true\"", "{name}");
        let refused = heard_nothing_asked(fixture, &request).await;
        let told = format!("too many calls: at most {most} in a day; wait");
        assert!(refused.text().contains(&told), "{name}: {}", refused.text());
    }
}

/// What comes back of a request that asks nothing.
async fn heard_nothing_asked(fixture: &Fixture, request: &Request) -> Heard {
    send(fixture, request, |message| async move { panic!("it is asked: {message}") }).await
}

#[tokio::test]
async fn who_cannot_be_asked_is_told_what_was_wanted() {
    let fixture = fixture().await;
    let request = call("everything", json!({}), capabilities(json!({"elicitation": {}, "roots": {}})));
    let answer = heard(&fixture, &request).await;
    let error = &answer.answer()["error"];
    assert_eq!((answer.status, &error["code"]), (400, &json!(-32021)));
    assert_eq!(error["data"]["requiredCapabilities"], json!({"elicitation": {"url": {}}, "sampling": {}}));
    assert_eq!(error["data"]["questions"][0]["form"]["schema"]["required"], json!(["name"]));
    for (revision, declared, accept) in [
        ("2025-11-25", json!({}), "application/json, text/event-stream"),
        ("2025-11-25", json!({"elicitation": {}}), "application/json"),
        ("2025-03-26", json!({}), "application/json, text/event-stream"),
    ] {
        let session = fixture.session_with(revision, declared).await;
        let call = session.request("tools/call", json!({"name": "greet", "arguments": {"text": "a"}}));
        let answer = heard(&fixture, &call.with("accept", accept)).await;
        assert_eq!(answer.answer()["result"]["isError"], true);
        let problem: Value = serde_json::from_str(answer.text()).unwrap();
        assert_eq!((&problem["code"], &problem["questions"][0]["key"]), (&json!("input_required"), &json!("who")));
    }
    assert_eq!(notes(&fixture).await, 2);
    let alone = call("capable", json!({}), capabilities(json!({"elicitation": {}})));
    assert_eq!(heard(&fixture, &alone).await.text(), "\"nobody to ask\"");
    let both = call("capable", json!({}), capabilities(json!({"sampling": {}})));
    assert_eq!(heard(&fixture, &both).await.answer()["result"]["inputRequests"]["capital"]["params"]["maxTokens"], 9);
}

#[tokio::test]
async fn a_resource_may_ask_as_well() {
    let fixture = fixture().await;
    let mut request = Request::modern("resources/read", json!({"uri": "every://thing"}));
    request.body = request.body.replace(
        r#""io.modelcontextprotocol/clientCapabilities":{}"#,
        &format!(r#""io.modelcontextprotocol/clientCapabilities":{ALL}"#),
    );
    let answer = fixture.post(&request).await;
    assert_eq!(answer.result()["resultType"], "input_required");
}
