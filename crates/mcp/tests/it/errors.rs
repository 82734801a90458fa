//! The errors of operations: what the model reads, what the client mends, and what nobody is told.

use crate::fixture::{Answer, Fixture, LEGACY, Request, ann};
use serde_json::{Value, json};

fn fail(how: &str) -> Value {
    json!({"name": "faults.get", "arguments": {"how": how}})
}

/// How, and the problem's status and code.
const FOR_THE_MODEL: [(&str, u16, &str); 11] = [
    ("bad_request", 400, "simple"),
    ("invalid", 422, "invalid"),
    ("forbidden", 403, "forbidden"),
    ("not_found", 404, "not_found"),
    ("conflict", 409, "already_sent"),
    ("rate_limited", 429, "simple"),
    ("too_large", 413, "simple"),
    ("deadline", 504, "simple"),
    ("cancelled", 503, "simple"),
    ("unavailable", 503, "simple"),
    ("outcome_unknown", 503, "simple"),
];

#[tokio::test]
async fn a_tool_tells_the_model_the_problem() {
    let fixture = Fixture::new().await;
    for (how, status, code) in FOR_THE_MODEL {
        let modern = fixture.modern("tools/call", fail(how)).await;
        assert_eq!(modern["isError"], json!(true), "{how}");
        let problem: Value = serde_json::from_str(modern["content"][0]["text"].as_str().unwrap()).unwrap();
        assert_eq!((&problem["status"], &problem["code"]), (&json!(status), &json!(code)), "{how}");
        for revision in LEGACY {
            let legacy = fixture.session(revision).await.call("tools/call", fail(how)).await;
            assert_eq!(legacy.result()["isError"], json!(true));
        }
    }
}

#[tokio::test]
async fn missing_credentials_are_a_challenge() {
    let fixture = Fixture::new().await;
    let scope = r#"Bearer error="insufficient_scope", scope="notes:write", error_description="this needs the scope notes:write""#;
    // What the author's strings hold cannot end the header's.
    let odd = r#"Bearer error="insufficient_scope", scope="notes:write notes:'odd'", error_description="this needs the scope notes:write notes:'odd'""#;
    let add = json!({"name": "notes.add", "arguments": {"text": "x"}});
    for (params, who, status, challenge) in [
        (add.clone(), None, 401, Some(r#"Bearer scope="notes:write""#)),
        (add, Some(ann(&["other"])), 403, Some(scope)),
        (json!({"name": "notes.clear"}), None, 401, Some("Bearer")),
        (json!({"name": "notes.staff"}), None, 401, Some("Bearer")),
        (json!({"name": "notes.staff"}), Some(ann(&[])), 403, None),
        (fail("unauthenticated"), None, 401, Some("Bearer")),
        (fail("scope"), Some(ann(&[])), 403, Some(odd)),
    ] {
        let mut request = Request::modern("tools/call", params.clone());
        request.principal.clone_from(&who);
        let answer = fixture.post(&request).await;
        assert_eq!((answer.status, answer.header("www-authenticate")), (status, challenge), "{params}");
        assert_eq!((&answer.body["id"], &answer.body["error"]["data"]["status"]), (&json!(1), &json!(status)));
        for revision in LEGACY {
            let session = fixture.session_as(revision, who.clone()).await;
            let answer = session.call("tools/call", params.clone()).await;
            assert_eq!((answer.status, answer.header("www-authenticate")), (status, challenge));
        }
    }
    // Nothing was written.
    assert_eq!(fixture.modern("tools/call", json!({"name": "notes.count"})).await["structuredContent"], 2);
}

#[tokio::test]
async fn a_fault_shows_an_id_and_nothing_else() {
    let fixture = Fixture::new().await;
    let session = fixture.session("2025-11-25").await;
    for answer in [
        fixture.post(&Request::modern("tools/call", fail("internal"))).await,
        fixture.post(&Request::modern("resources/read", json!({"uri": "faults://internal"}))).await,
        session.call("tools/call", fail("internal")).await,
        session.call("resources/read", json!({"uri": "faults://internal"})).await,
    ] {
        assert_eq!(answer.error(), (200, -32603));
        assert!(answer.body["error"]["data"]["error_id"].is_string());
        assert!(!answer.text.contains("hunter2"));
    }
}

#[tokio::test]
async fn a_resource_tells_the_client() {
    let fixture = Fixture::new().await;
    let gone = |how: &str| matches!(how, "bad_request" | "invalid" | "not_found");
    for (how, status, code) in FOR_THE_MODEL {
        let uri = format!("faults://{how}");
        let modern = fixture.post(&Request::modern("resources/read", json!({"uri": uri}))).await;
        let params = matches!(how, "forbidden" | "conflict") || gone(how);
        assert_eq!(modern.error(), (200, if params { -32602 } else { -32603 }), "{how}");
        for revision in LEGACY {
            let session = fixture.session(revision).await;
            let legacy = session.call("resources/read", json!({"uri": uri})).await;
            let expected = match how {
                _ if gone(how) => -32002,
                "forbidden" | "conflict" => -32602,
                _ => -32000,
            };
            assert_eq!(legacy.error(), (200, expected), "{how}");
            for same in ["uri", "status", "code", "detail", "errors"] {
                let data = |answer: &Answer| answer.body["error"]["data"].get(same).cloned();
                assert_eq!(data(&legacy), data(&modern), "{how} {same}");
            }
        }
        let data = &modern.body["error"]["data"];
        assert_eq!(data["uri"], json!(uri));
        if !gone(how) {
            assert_eq!((&data["status"], &data["code"]), (&json!(status), &json!(code)));
        }
    }
}
