//! Who can have a task, and who sees it.

use crate::fixture::{Answer, Fixture, LEGACY, Request, ann};
use crate::tasks::{EXTENSION, about, call, created, fixture, get, limited, ok, over, speaks, stored};
use diptych_mcp::Mount;
use diptych_pipeline::TaskSettings;
use diptych_spec::Principal;
use serde_json::json;

#[tokio::test]
async fn a_task_is_for_clients_that_can_have_one() {
    let fixture = fixture().await;
    let undeclared = |name| {
        let text = format!("{name} undeclared");
        Request::modern("tools/call", json!({"name": name, "arguments": {"text": text[..9].to_owned()}}))
    };
    let waited = ok(&fixture, &undeclared("add")).await;
    assert_eq!((&waited["resultType"], &waited["isError"]), (&json!("complete"), &json!(false)));
    for name in ["must", "start"] {
        let refused = fixture.post(&undeclared(name)).await;
        assert_eq!(refused.error(), (400, -32021));
        let required = &refused.body["error"]["data"]["requiredCapabilities"];
        assert_eq!(required, &json!({"extensions": {EXTENSION: {}}}));
    }
    let plain = ok(&fixture, &call("plain", json!({"text": "plain"}))).await;
    assert_eq!(plain["resultType"], "complete");
    for odd in [json!({"extensions": {EXTENSION: true}}), json!({"extensions": [EXTENSION]})] {
        let request = undeclared("must").declaring(&odd);
        assert_eq!(fixture.post(&request).await.error(), (400, -32021), "{odd}");
    }
    for revision in LEGACY {
        let session = fixture.session_with(revision, speaks()).await;
        let arguments = json!({"text": "old"});
        let waited =
            session.call("tools/call", json!({"name": "add", "arguments": arguments, "task": {"ttl": 1}})).await;
        assert_eq!(waited.result()["isError"], false, "{revision}");
        let refused = session.call("tools/call", json!({"name": "must", "arguments": arguments})).await;
        assert_eq!(refused.result()["isError"], true);
        assert!(refused.text.contains("task_required") && refused.text.contains(EXTENSION), "{}", refused.text);
        for method in ["tasks/get", "tasks/update", "tasks/cancel", "tasks/result", "tasks/list"] {
            assert_eq!(session.call(method, json!({"taskId": "1"})).await.error(), (200, -32601), "{method}");
        }
        let answer = fixture.post(&Request::initialize(revision)).await;
        let declared = &answer.result()["capabilities"];
        assert_eq!((declared.get("extensions"), declared.get("tasks")), (None, None), "{revision}");
    }
    assert_eq!(stored(&fixture).await, 0);
    let discovered = fixture.modern("server/discover", json!({})).await;
    assert_eq!(discovered["capabilities"]["extensions"], json!({EXTENSION: {}}));
    assert_eq!(discovered["capabilities"].get("tasks"), None);
    for method in ["tasks/result", "tasks/list"] {
        assert_eq!(fixture.post(&about(method, "1")).await.error(), (404, -32601), "{method}");
    }
    let without = Fixture::new().await;
    assert_eq!(without.modern("server/discover", json!({})).await["capabilities"].get("extensions"), None);
    assert_eq!(without.post(&about("tasks/get", "1")).await.error(), (404, -32601));
}

#[tokio::test]
async fn a_wrong_call_is_answered_at_once() {
    let fixture = fixture().await;
    for arguments in [json!({}), json!({"text": 5}), json!({"text": ""}), json!({"text": "tea", "other": 1})] {
        let refused = ok(&fixture, &call("add", arguments.clone())).await;
        assert_eq!((&refused["resultType"], &refused["isError"]), (&json!("complete"), &json!(true)), "{arguments}");
    }
    let scoped = || call("scoped", json!({"text": "tea"}));
    assert_eq!(fixture.post(&scoped()).await.error(), (401, -32600));
    assert_eq!(fixture.post(&scoped().by(ann(&["other"]))).await.error(), (403, -32600));
    assert_eq!(stored(&fixture).await, 0);
}

#[tokio::test]
async fn a_task_is_there_for_its_owner_alone() {
    let fixture = fixture().await;
    let owner = || Principal::new("https://id.example", "ann", ["any"]).unwrap();
    let id = created(&fixture, &call("ask", json!({})).by(owner())).await;
    let strangers = [
        None,
        Some(Principal::new("https://id.example", "bob", ["any"]).unwrap()),
        Some(Principal::new("https://other.example", "ann", ["any"]).unwrap()),
    ];
    for method in ["tasks/get", "tasks/update", "tasks/cancel"] {
        for stranger in &strangers {
            let mut request = about(method, &id);
            request.principal.clone_from(stranger);
            assert_eq!(fixture.post(&request).await.error(), (200, -32602), "{method} {stranger:?}");
        }
        assert_eq!(fixture.post(&about(method, "nothing").by(owner())).await.error(), (200, -32602), "{method}");
        let number = about(method, &id).but(&format!(r#""taskId":"{id}""#), r#""taskId":1"#).without("mcp-name");
        assert_eq!(fixture.post(&number).await.error(), (200, -32602), "{method}");
        let undeclared = about(method, &id).but(EXTENSION, "com.example/other").by(owner());
        assert_eq!(fixture.post(&undeclared).await.error(), (400, -32021), "{method}");
        let unnamed = about(method, &id).without("mcp-name").by(owner());
        assert_eq!(fixture.post(&unnamed).await.error(), (400, -32020), "{method}");
        let misnamed = about(method, &id).with("mcp-name", "other").by(owner());
        assert_eq!(fixture.post(&misnamed).await.error(), (400, -32020), "{method}");
    }
    ok(&fixture, &about("tasks/get", &id).by(owner())).await;
    // The owner with fewer scopes may not use the operation any more, nor read what it answered.
    let id = created(&fixture, &call("scoped", json!({"text": "tea"})).by(ann(&["notes:write"]))).await;
    for method in ["tasks/get", "tasks/update", "tasks/cancel"] {
        let answer = fixture.post(&about(method, &id).by(ann(&["other"]))).await;
        assert_eq!((answer.error(), answer.header("www-authenticate").is_some()), ((403, -32600), true), "{method}");
    }
    ok(&fixture, &about("tasks/get", &id).by(ann(&["notes:write"]))).await;
}

#[tokio::test]
async fn tasks_have_limits() {
    let limits =
        TaskSettings { max_open: 2, max_kept: 3, max_argument_bytes: 30, workers: 0, ..TaskSettings::default() };
    let fixture = limited(limits).await;
    let refused = |answer: &Answer, code: &str| {
        let result = answer.result();
        assert_eq!((&result["isError"], &result["resultType"]), (&json!(true), &json!("complete")));
        assert!(answer.text.contains(code), "{}", answer.text);
    };
    let long = format!("{}tea", " ".repeat(30));
    let spaced =
        call("add", json!({"text": "tea"})).but(r#""arguments":{"#, &format!(r#""arguments":{{{}"#, &long[..30]));
    refused(&fixture.post(&spaced).await, "task_too_large");
    let add = || call("add", json!({"text": "tea"}));
    let mut ids = Vec::new();
    for _ in 0..2 {
        ids.push(created(&fixture, &add()).await);
    }
    refused(&fixture.post(&add()).await, "too_many_tasks");
    created(&fixture, &add().by(ann(&[]))).await;
    // Those that are over count only among those that are kept.
    ok(&fixture, &about("tasks/cancel", &ids[0])).await;
    created(&fixture, &add()).await;
    ok(&fixture, &about("tasks/cancel", &ids[1])).await;
    refused(&fixture.post(&add()).await, "too_many_tasks");
}

#[tokio::test]
async fn a_task_of_an_operation_that_is_not_in_a_mount_is_not_there() {
    let fixture = fixture().await;
    let (with, without) = (Mount::new().operation("wait"), Mount::new().operation("plain").operation("ask"));
    let (with, without) = (fixture.mount("/with", &with, |_| {}), fixture.mount("/without", &without, |_| {}));
    let id = created(&fixture, &call("wait", json!({}))).await;
    for method in ["tasks/get", "tasks/update", "tasks/cancel"] {
        let there = without.post(&about(method, &id)).await;
        let never = without.post(&about(method, "never")).await;
        assert_eq!((there.error(), &there.body), ((200, -32602), &never.body), "{method}");
    }
    // What was not there was not cancelled either.
    assert_eq!(get(&with, &id).await["status"], "working");
    ok(&with, &about("tasks/cancel", &id)).await;
    assert_eq!(over(&with, &id).await["status"], "cancelled");
    // A mount in which nothing is a task has no such methods.
    let none = fixture.mount("/none", &Mount::new().operation("plain"), |_| {});
    assert_eq!(none.post(&about("tasks/get", &id)).await.error(), (404, -32601));
}
