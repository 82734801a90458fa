//! What clients are shown of servers, tools and resources besides names and schemas, field by field and revision.

use crate::fixture::{Fixture, LEGACY, MODERN, Request, ann};
use crate::notes::{icon, shown};
use diptych_mcp::Settings;
use serde_json::{Value, json};

const HTML: &str = "<!doctype html><title>\"Card\"</title>";

async fn fixture() -> Fixture {
    Fixture::serving(shown(), |settings: &mut Settings| {
        settings.description = Some("Notes, small ones.".to_owned());
        settings.icons = vec![icon()];
    })
    .await
}

/// The result of a method in this revision, for a caller with every scope.
async fn result(fixture: &Fixture, revision: &'static str, method: &str, params: Value) -> Value {
    let ann = ann(&["notes:card", "notes:refresh"]);
    if revision == MODERN {
        return fixture.post(&Request::modern(method, params).by(ann)).await.result().clone();
    }
    fixture.session_as(revision, Some(ann)).await.call(method, params).await.result().clone()
}

fn entry<'a>(list: &'a Value, name: &str) -> &'a Value {
    let list = list.as_array().unwrap();
    list.iter().find(|entry| entry["name"] == name).unwrap_or_else(|| panic!("no {name} in {list:?}"))
}

/// Whether the revision is as new as this one: their names are dates.
fn since(revision: &str, first: &str) -> bool {
    revision >= first
}

fn absent_before(first: &str, revision: &str, value: Value) -> Option<Value> {
    since(revision, first).then_some(value)
}

#[tokio::test]
async fn each_revision_gets_the_fields_that_it_has() {
    let fixture = fixture().await;
    let drawn = json!([{
        "src": "https://notes.example/icon.svg", "mimeType": "image/svg+xml", "sizes": ["any"], "theme": "dark",
    }]);
    for revision in [&[MODERN], &LEGACY[..]].concat() {
        let icons = absent_before("2025-11-25", revision, drawn.clone());
        let meta = absent_before("2025-06-18", revision, json!({"com.example/x": 1}));
        let mut annotations = json!({"audience": ["user"], "priority": 1.0, "lastModified": "2026-01-01T00:00:00Z"});
        if !since(revision, "2025-06-18") {
            annotations.as_object_mut().unwrap().remove("lastModified");
        }

        let tools = result(&fixture, revision, "tools/list", json!({})).await;
        let tool = entry(&tools["tools"], "notes.count");
        assert_eq!((tool.get("icons"), tool.get("_meta")), (icons.as_ref(), meta.as_ref()), "{revision}");
        assert_eq!(tool["annotations"]["openWorldHint"], true);
        assert_eq!(entry(&tools["tools"], "notes.list")["annotations"]["openWorldHint"], false);

        let resources = result(&fixture, revision, "resources/list", json!({})).await;
        let resource = entry(&resources["resources"], "notes.count");
        assert_eq!((resource.get("icons"), resource.get("_meta")), (icons.as_ref(), meta.as_ref()), "{revision}");
        assert_eq!((&resource["annotations"], &resource["size"]), (&annotations, &json!(1)), "{revision}");

        let templates = result(&fixture, revision, "resources/templates/list", json!({})).await;
        let template = entry(&templates["resourceTemplates"], "notes.get");
        assert_eq!((template.get("icons"), template.get("size")), (icons.as_ref(), None), "{revision}");
        assert_eq!(template["annotations"], annotations, "{revision}");

        let prompts = result(&fixture, revision, "prompts/list", json!({})).await;
        let prompt = entry(&prompts["prompts"], "notes.ask");
        assert_eq!((prompt.get("icons"), prompt.get("_meta")), (icons.as_ref(), meta.as_ref()), "{revision}");
        let messages = result(&fixture, revision, "prompts/get", json!({"name": "notes.ask"})).await;
        let content = &messages["messages"][0]["content"];
        assert_eq!((content.get("icons"), content.get("_meta")), (icons.as_ref(), meta.as_ref()), "{revision}");

        // Rows have what their template has.
        let row = entry(&resources["resources"], "milk");
        assert_eq!((row.get("icons"), &row["annotations"]), (icons.as_ref(), &annotations), "{revision}");
    }
}

#[tokio::test]
async fn the_server_is_described_where_the_revision_can() {
    let fixture = fixture().await;
    let modern = fixture.modern("server/discover", json!({})).await;
    let mut servers = vec![(MODERN, modern["_meta"]["io.modelcontextprotocol/serverInfo"].clone())];
    for revision in LEGACY {
        let answer = fixture.post(&Request::initialize(revision)).await;
        servers.push((revision, answer.result()["serverInfo"].clone()));
    }
    for (revision, server) in servers {
        let newer = since(revision, "2025-11-25");
        assert_eq!(server.get("description").is_some(), newer, "{revision}");
        assert_eq!(server.get("icons").is_some(), newer, "{revision}");
    }
}

#[tokio::test]
async fn a_view_is_announced_where_there_is_a_place_for_it() {
    let fixture = fixture().await;
    let extension = json!({"io.modelcontextprotocol/ui": {}});
    let modern = fixture.modern("server/discover", json!({})).await;
    assert_eq!(modern["capabilities"]["extensions"], extension);
    for revision in LEGACY {
        let answer = fixture.post(&Request::initialize(revision)).await;
        let expected = absent_before("2025-06-18", revision, extension.clone());
        assert_eq!(answer.result()["capabilities"].get("extensions"), expected.as_ref(), "{revision}");
    }
    for revision in [&[MODERN], &LEGACY[..]].concat() {
        let tools = result(&fixture, revision, "tools/list", json!({})).await;
        for (name, ui) in [
            ("notes.card", json!({"resourceUri": "ui://notes/card"})),
            ("notes.refresh", json!({"resourceUri": "ui://notes/card", "visibility": ["app"]})),
        ] {
            let meta = absent_before("2025-06-18", revision, json!({"ui": ui}));
            assert_eq!(entry(&tools["tools"], name).get("_meta"), meta.as_ref(), "{revision}");
        }
        let view = result(&fixture, revision, "resources/read", json!({"uri": "ui://notes/card"})).await;
        let contents = &view["contents"][0];
        assert_eq!(contents["mimeType"], "text/html;profile=mcp-app");
        assert_eq!((&contents["uri"], &contents["text"]), (&json!("ui://notes/card"), &json!(HTML)));
        let ui = json!({"csp": {"connectDomains": ["https://api.notes.example"]}, "prefersBorder": true});
        let meta = absent_before("2025-06-18", revision, json!({"ui": ui}));
        assert_eq!(contents.get("_meta"), meta.as_ref(), "{revision}");
        // The tool answers as without.
        let params = json!({"name": "notes.card", "arguments": {"id": 1}});
        let called = result(&fixture, revision, "tools/call", params).await;
        assert_eq!(called["content"][0]["text"], r#"{"id":1,"text":"milk"}"#);
    }
    assert_eq!(Fixture::new().await.modern("server/discover", json!({})).await["capabilities"].get("extensions"), None);
}

#[tokio::test]
async fn a_view_is_for_those_who_may_call_its_tool() {
    let fixture = fixture().await;
    let read = || Request::modern("resources/read", json!({"uri": "ui://notes/card"}));
    assert_eq!(fixture.post(&read()).await.status, 401);
    assert_eq!(fixture.post(&read().by(ann(&[]))).await.status, 403);
    for scope in ["notes:card", "notes:refresh"] {
        let view = fixture.post(&read().by(ann(&[scope]))).await;
        assert_eq!((&view.result()["cacheScope"], &view.result()["ttlMs"]), (&json!("private"), &json!(60_000)));
    }
    // One that is not declared, and one whose tool is switched off.
    for uri in ["ui://notes/other", "ui://notes/off"] {
        let read = Request::modern("resources/read", json!({"uri": uri}));
        assert_eq!(fixture.post(&read).await.error(), (200, -32602), "{uri}");
    }
}
