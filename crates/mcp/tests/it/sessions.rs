//! The old eras: `initialize`, sessions, and what each revision does not have.

use crate::fixture::{Answer, Fixture, LEGACY, Request, ann};
use diptych_mcp::{Head, Reply};
use serde_json::json;
use std::time::Duration;

async fn delete(fixture: &Fixture, id: &str) -> Reply {
    fixture.server.delete(&Head::new([("mcp-session-id", id.as_bytes())]), None).await
}

#[tokio::test]
async fn initialize_tells_what_the_revision_can_say() {
    let fixture = Fixture::new().await;
    for (revision, info) in [
        (
            "2025-11-25",
            json!({"name": "notes", "version": "1.2.3", "title": "Notes", "websiteUrl": "https://notes.example/"}),
        ),
        ("2025-06-18", json!({"name": "notes", "version": "1.2.3", "title": "Notes"})),
        ("2025-03-26", json!({"name": "notes", "version": "1.2.3"})),
    ] {
        let answer = fixture.post(&Request::initialize(revision)).await;
        let result = json!({
            "protocolVersion": revision,
            "capabilities": {"resources": {"listChanged": true, "subscribe": true}, "tools": {"listChanged": true}},
            "serverInfo": info,
            "instructions": "Count before you add.",
        });
        assert_eq!((answer.status, answer.result()), (200, &result));
    }
}

#[tokio::test]
async fn initialize_negotiates() {
    let fixture = Fixture::new().await;
    for wanted in ["2026-07-28", "2024-11-05", "v9", ""] {
        let answer = fixture.post(&Request::initialize("2025-11-25").but("2025-11-25", wanted)).await;
        assert_eq!(answer.result()["protocolVersion"], "2025-11-25", "{wanted}");
    }
}

#[tokio::test]
async fn initialize_is_refused_in_band_and_opens_nothing() {
    let fixture = Fixture::new().await;
    let r = || Request::initialize("2025-11-25");
    for request in [
        r().but(r#""protocolVersion""#, r#""x""#),
        r().but(r#""capabilities":{}"#, r#""capabilities":[]"#),
        r().but(r#""clientInfo""#, r#""x""#),
        r().but(r#""version":"0""#, r#""version":0"#),
    ] {
        let answer = fixture.post(&request).await;
        assert_eq!(answer.error(), (200, -32602));
        assert_eq!(answer.header("mcp-session-id"), None);
    }
}

#[tokio::test]
async fn a_session_lives_until_it_is_deleted() {
    let fixture = Fixture::new().await;
    for revision in LEGACY {
        let session = fixture.session(revision).await;
        assert_eq!(session.call("ping", json!({})).await.result(), &json!({}));
        assert_eq!(Answer::of(delete(&fixture, &session.id).await).status, 204);
        assert_eq!(session.call("ping", json!({})).await.error(), (404, -32600));
        assert_eq!(Answer::of(delete(&fixture, &session.id).await).status, 404);
    }
}

#[tokio::test]
async fn what_is_not_a_request_is_taken_and_not_answered() {
    let fixture = Fixture::new().await;
    let session = fixture.session("2025-11-25").await;
    for body in [
        r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#,
        r#"{"jsonrpc":"2.0","method":"notifications/initialized","params":null}"#,
        r#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}}"#,
        r#"{"jsonrpc":"2.0","method":"ping"}"#,
        r#"{"jsonrpc":"2.0","method":"initialize","params":{}}"#,
        r#"{"jsonrpc":"2.0","method":"notifications/unknown","params":{}}"#,
        r#"{"jsonrpc":"2.0","id":7,"result":{}}"#,
        r#"{"jsonrpc":"2.0","id":"x","error":{"code":-1,"message":""}}"#,
    ] {
        let request = Request::raw(body).with("mcp-session-id", &session.id);
        let answer = fixture.post(&request).await;
        assert_eq!((answer.status, &*answer.text), (202, ""), "{body}");
        assert_eq!(fixture.post(&request.clone().without("mcp-session-id")).await.error(), (400, -32600));
        assert_eq!(fixture.post(&request.with("mcp-session-id", "x")).await.error(), (404, -32600));
    }
}

#[tokio::test]
async fn requests_need_their_session() {
    let fixture = Fixture::new().await;
    for revision in LEGACY {
        let session = fixture.session(revision).await;
        let ping = || session.request("ping", json!({}));
        for (request, status) in [
            (ping().without("mcp-session-id"), 400),
            (ping().and("mcp-session-id", &session.id), 400),
            (ping().with("mcp-session-id", "ü"), 400),
            (ping().with("mcp-session-id", "unknown"), 404),
            (ping().with("mcp-session-id", &session.id[1..]), 404),
        ] {
            let answer = fixture.post(&request).await;
            assert_eq!(answer.error(), (status, -32600));
            assert_eq!(answer.body["id"], 1);
        }
    }
}

#[tokio::test]
async fn the_version_header_is_checked_where_it_exists() {
    let fixture = Fixture::new().await;
    for revision in LEGACY {
        let session = fixture.session(revision).await;
        let ping = || session.request("ping", json!({}));
        let checked = revision != "2025-03-26";
        for (request, fine) in [
            (ping(), true),
            (ping().without("mcp-protocol-version"), true),
            (ping().with("mcp-protocol-version", "2025-06-18"), true),
            (ping().with("mcp-protocol-version", "2024-11-05"), !checked),
            (ping().with("mcp-protocol-version", "nonsense"), !checked),
        ] {
            let answer = fixture.post(&request).await;
            assert_eq!(answer.status, if fine { 200 } else { 400 }, "{revision} {:?}", request.head);
        }
    }
}

#[tokio::test]
async fn methods_of_the_other_era_and_unserved_ones_do_not_exist() {
    let fixture = Fixture::new().await;
    for revision in LEGACY {
        let session = fixture.session(revision).await;
        for method in [
            "server/discover",
            "subscriptions/listen",
            "logging/setLevel",
            "prompts/list",
            "prompts/get",
            "completion/complete",
            "tasks/list",
            "notifications/initialized",
            "nonsense",
        ] {
            assert_eq!(session.call(method, json!({})).await.error(), (200, -32601), "{method}");
        }
    }
}

#[tokio::test]
async fn a_claim_of_the_new_era_inside_a_session_is_the_new_era() {
    let fixture = Fixture::new().await;
    let session = fixture.session("2025-11-25").await;
    let request = Request::modern("tools/call", json!({"name": "notes.count"})).with("mcp-session-id", &session.id);
    let answer = fixture.post(&request).await;
    assert_eq!(answer.result()["resultType"], "complete");
    // And what is wrong with it is not forgiven because there is a session.
    assert_eq!(fixture.post(&request.without("mcp-method")).await.error(), (400, -32020));
}

#[tokio::test]
async fn a_session_is_its_owners() {
    let fixture = Fixture::new().await;
    let session = fixture.session_as("2025-11-25", Some(ann(&[]))).await;
    let ping = session.request("ping", json!({}));
    assert_eq!(fixture.post(&ping).await.status, 200);
    // Other scopes, same person.
    assert_eq!(fixture.post(&ping.clone().by(ann(&["more"]))).await.status, 200);
    let mut anonymous = ping;
    anonymous.principal = None;
    assert_eq!(fixture.post(&anonymous).await.error(), (404, -32600));
    assert_eq!(Answer::of(delete(&fixture, &session.id).await).status, 404);
    assert_eq!(session.call("ping", json!({})).await.status, 200);

    let open = fixture.session("2025-11-25").await;
    assert_eq!(fixture.post(&open.request("ping", json!({})).by(ann(&[]))).await.status, 404);
}

#[tokio::test]
async fn two_servers_share_no_session() {
    let (one, two) = (Fixture::new().await, Fixture::new().await);
    let session = one.session("2025-11-25").await;
    assert_eq!(two.post(&session.request("ping", json!({}))).await.status, 404);
}

#[tokio::test]
async fn an_idle_session_expires() {
    let fixture = Fixture::with(|settings| settings.session_idle = Duration::ZERO).await;
    let session = fixture.session("2025-11-25").await;
    assert_eq!(session.call("ping", json!({})).await.status, 404);
}

#[tokio::test]
async fn there_are_only_so_many_sessions() {
    let fixture = Fixture::with(|settings| settings.max_sessions = 2).await;
    let first = fixture.session("2025-11-25").await;
    let second = fixture.session("2025-11-25").await;
    first.call("ping", json!({})).await;
    let third = fixture.session("2025-11-25").await;
    assert_eq!(first.call("ping", json!({})).await.status, 200);
    assert_eq!(second.call("ping", json!({})).await.status, 404);
    assert_eq!(third.call("ping", json!({})).await.status, 200);
}
