//! Answers that are not JSON: content blocks, text, bytes.

use crate::fixture::{Fixture, LEGACY, MODERN, Request};
use crate::notes::other_forms;
use serde_json::{Value, json};

/// The result of a method in this revision.
async fn result(fixture: &Fixture, revision: &'static str, method: &str, params: Value) -> Value {
    if revision == MODERN {
        return fixture.modern(method, params).await;
    }
    fixture.session(revision).await.call(method, params).await.result().clone()
}

async fn every_revision() -> (Fixture, Vec<&'static str>) {
    (Fixture::serving(other_forms(), |_| {}).await, [&[MODERN], &LEGACY[..]].concat())
}

#[tokio::test]
async fn content_blocks_fit_the_revision() {
    let (fixture, revisions) = every_revision().await;
    for revision in revisions {
        let params = json!({"name": "notes.sketch", "arguments": {}});
        let called = result(&fixture, revision, "tools/call", params).await;
        let mut expected = json!([
            {"type": "text", "text": "two \"_meta\" notes"},
            {
                "type": "image",
                "data": "YWI=",
                "mimeType": "image/png",
                "annotations": {"priority": 0.5, "lastModified": "2026-01-01T00:00:00Z"},
            },
            {
                "type": "resource_link",
                "uri": "notes://1",
                "name": "first",
                "title": "First",
                "annotations": {"priority": 0.5},
            },
            {
                "type": "resource",
                "resource": {"uri": "notes://2", "mimeType": "text/plain", "text": "bread"},
                "_meta": {"example.com/x": 1},
            },
        ]);
        if revision == "2025-03-26" {
            expected[1]["annotations"] = json!({"priority": 0.5});
            expected[2] = json!({"type": "text", "text": "notes://1", "annotations": {"priority": 0.5}});
            expected[3].as_object_mut().unwrap().remove("_meta");
        }
        assert_eq!(called["content"], expected, "{revision}");
        assert_eq!((&called["isError"], called.get("structuredContent")), (&json!(false), None), "{revision}");
    }
}

#[tokio::test]
async fn one_block_is_a_list_too() {
    let (fixture, revisions) = every_revision().await;
    for revision in revisions {
        let called = result(&fixture, revision, "tools/call", json!({"name": "notes.line"})).await;
        assert_eq!(called["content"], json!([{"type": "text", "text": "one line"}]), "{revision}");
    }
}

#[tokio::test]
async fn text_and_bytes_are_blocks() {
    let (fixture, revisions) = every_revision().await;
    for revision in revisions {
        for (name, block) in [
            ("notes.text", json!({"type": "text", "text": "milk\n"})),
            ("notes.picture", json!({"type": "image", "data": "AP8B", "mimeType": "image/png"})),
            ("notes.sound", json!({"type": "audio", "data": "AP8B", "mimeType": "audio/wav"})),
            (
                "notes.pdf",
                json!({
                    "type": "resource",
                    "resource": {"uri": "pdf://note/1", "mimeType": "application/pdf", "blob": "AP8B"},
                }),
            ),
        ] {
            let params = json!({"name": name, "arguments": {"id": 1}});
            let called = result(&fixture, revision, "tools/call", params).await;
            assert_eq!(called["content"], json!([block]), "{name} in {revision}");
            assert_eq!(called.get("structuredContent"), None, "{name} in {revision}");
        }
    }
}

#[tokio::test]
async fn resources_are_of_their_media_type() {
    let (fixture, revisions) = every_revision().await;
    for revision in revisions {
        for (uri, mime_type, body, value) in [
            ("text://1", "text/plain", "text", "milk\n"),
            ("picture://1", "image/png", "blob", "AP8B"),
            ("hidden://1", "application/zip", "blob", "AP8B"),
        ] {
            let read = result(&fixture, revision, "resources/read", json!({"uri": uri})).await;
            assert_eq!(read["contents"], json!([{"uri": uri, "mimeType": mime_type, body: value}]), "{revision}");
        }
        let listed = result(&fixture, revision, "resources/templates/list", json!({})).await;
        let templates = listed["resourceTemplates"].as_array().unwrap().iter();
        let types: Vec<_> = templates.map(|template| template["mimeType"].as_str().unwrap()).collect();
        assert_eq!(types, ["text/plain", "image/png", "application/pdf", "application/zip"]);
    }
}

#[tokio::test]
async fn only_json_has_an_output_schema_and_only_tools_are_listed() {
    let (fixture, revisions) = every_revision().await;
    for revision in revisions {
        let listed = result(&fixture, revision, "tools/list", json!({})).await;
        let tools = listed["tools"].as_array().unwrap();
        let names: Vec<_> = tools.iter().map(|tool| tool["name"].as_str().unwrap()).collect();
        assert_eq!(names, ["notes.sketch", "notes.line", "notes.text", "notes.picture", "notes.sound", "notes.pdf"]);
        assert!(tools.iter().all(|tool| tool.get("outputSchema").is_none()), "{revision}");
    }
    let call = Request::modern("tools/call", json!({"name": "notes.hidden", "arguments": {"id": 1}}));
    let refused = fixture.post(&call).await;
    assert_eq!((refused.error(), refused.message()), ((200, -32602), "unknown tool: notes.hidden"));
}
