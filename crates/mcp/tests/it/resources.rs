//! `resources/read`.

use crate::fixture::{Fixture, LEGACY, Request, ann};
use serde_json::json;

fn read(uri: &str) -> Request {
    Request::modern("resources/read", json!({"uri": uri}))
}

#[tokio::test]
async fn a_resource_is_the_answer_of_its_selector() {
    let fixture = Fixture::new().await;
    let result = fixture.modern("resources/read", json!({"uri": "notes://1"})).await;
    let text = r#"{"id":1,"text":"milk"}"#;
    assert_eq!(result["contents"], json!([{"uri": "notes://1", "mimeType": "application/json", "text": text}]));
    assert_eq!((&result["ttlMs"], &result["cacheScope"]), (&json!(0), &json!("private")));
    for revision in LEGACY {
        let answer = fixture.session(revision).await.call("resources/read", json!({"uri": "notes://1"})).await;
        assert_eq!(answer.result()["contents"], result["contents"]);
    }
}

#[tokio::test]
async fn a_literal_uri_comes_before_a_template() {
    let fixture = Fixture::new().await;
    let result = fixture.modern("resources/read", json!({"uri": "notes://count"})).await;
    assert_eq!(result["contents"][0]["text"], "2");
}

#[tokio::test]
async fn what_is_not_there_is_named() {
    let fixture = Fixture::new().await;
    for uri in ["notes://99", "notes://x", "notes://", "notes://1/2", "other://1", "", "notes://%ff"] {
        let answer = fixture.post(&read(uri)).await;
        assert_eq!(answer.error(), (200, -32602), "{uri}");
        assert_eq!(answer.body["error"]["data"], json!({"uri": uri}));
        for revision in LEGACY {
            let answer = fixture.session(revision).await.call("resources/read", json!({"uri": uri})).await;
            assert_eq!(answer.error(), (200, -32002), "{uri}");
            assert_eq!(answer.body["error"]["data"], json!({"uri": uri}));
        }
    }
}

#[tokio::test]
async fn a_resource_has_its_operations_permission() {
    let fixture = Fixture::new().await;
    let anonymous = fixture.post(&read("secret://mine")).await;
    assert_eq!((anonymous.status, anonymous.header("www-authenticate")), (401, Some(r#"Bearer scope="notes:secret""#)));
    let poor = fixture.post(&read("secret://mine").by(ann(&[]))).await;
    assert_eq!(poor.status, 403);
    assert!(poor.header("www-authenticate").unwrap().contains(r#"scope="notes:secret""#));
    let rich = fixture.post(&read("secret://mine").by(ann(&["notes:secret"]))).await;
    assert_eq!(rich.result()["contents"][0]["text"], r#""for ann only""#);
}
