//! `tools/list`, the resource lists and `server/discover`.

use crate::fixture::{Fixture, LEGACY, Request, Session, ann};
use crate::schema;
use diptych_pipeline::Operations;
use serde_json::{Value, json};

fn names(list: &Value) -> Vec<&str> {
    list.as_array().unwrap().iter().map(|entry| entry["name"].as_str().unwrap()).collect()
}

fn tool<'a>(result: &'a Value, name: &str) -> &'a Value {
    let tools = result["tools"].as_array().unwrap();
    tools.iter().find(|tool| tool["name"] == name).unwrap()
}

const OPEN: [&str; 7] =
    ["notes.count", "notes.get", "notes.find", "notes.slow", "notes.echo", "notes.forest", "faults.get"];

#[tokio::test]
async fn discover_tells_who_the_server_is() {
    let fixture = Fixture::new().await;
    let result = fixture.modern("server/discover", json!({})).await;
    assert_eq!(
        result,
        json!({
            "supportedVersions": ["2026-07-28", "2025-11-25", "2025-06-18", "2025-03-26"],
            "capabilities": {"resources": {"listChanged": true, "subscribe": true}, "tools": {"listChanged": true}},
            "instructions": "Count before you add.",
            "resultType": "complete",
            "ttlMs": 60000,
            "cacheScope": "public",
            "_meta": {"io.modelcontextprotocol/serverInfo": {
                "name": "notes", "version": "1.2.3", "title": "Notes", "websiteUrl": "https://notes.example/",
            }},
        })
    );
}

#[tokio::test]
async fn what_is_not_served_has_no_capability_and_no_methods() {
    let fixture = Fixture::serving(Operations::new(), |_| {}).await;
    let result = fixture.modern("server/discover", json!({})).await;
    assert_eq!(result["capabilities"], json!({}));
    for method in ["resources/list", "resources/templates/list", "resources/read", "tools/list"] {
        let request = Request::modern(method, json!({"uri": "notes://count"}));
        assert_eq!(fixture.post(&request).await.error(), (404, -32601));
        let session = fixture.session("2025-11-25").await;
        assert_eq!(session.call(method, json!({"uri": "notes://count"})).await.error(), (200, -32601));
    }
}

#[tokio::test]
async fn a_list_shows_what_the_caller_may_call_in_order() {
    let fixture = Fixture::new().await;
    let list = |who: &[&str]| Request::modern("tools/list", json!({})).by(ann(who));
    assert_eq!(names(&fixture.modern("tools/list", json!({})).await["tools"]), OPEN);
    let signed_in = fixture.post(&list(&[])).await;
    assert!(names(&signed_in.result()["tools"]).contains(&"notes.clear"));
    assert!(!names(&signed_in.result()["tools"]).contains(&"notes.add"));
    let writer = fixture.post(&list(&["notes:write", "notes:secret"])).await;
    let mut all = OPEN.to_vec();
    all.splice(3..3, ["notes.add"]);
    all.splice(5..5, ["notes.clear"]);
    all.splice(8..8, ["notes.secret"]);
    assert_eq!(names(&writer.result()["tools"]), all);
    assert_eq!(writer.result()["cacheScope"], "private");
}

#[tokio::test]
async fn hints_come_from_the_declaration() {
    let fixture = Fixture::new().await;
    let answer = fixture.post(&Request::modern("tools/list", json!({})).by(ann(&["notes:write"]))).await;
    for (name, [read_only, destructive, idempotent]) in [
        ("notes.count", [true, false, true]),
        ("notes.add", [false, false, false]),
        ("notes.slow", [false, false, true]),
        ("notes.clear", [false, true, true]),
    ] {
        let hints = json!({
            "readOnlyHint": read_only,
            "destructiveHint": destructive,
            "idempotentHint": idempotent,
            "openWorldHint": false,
        });
        assert_eq!(tool(answer.result(), name)["annotations"], hints, "{name}");
    }
}

#[tokio::test]
async fn schemas_fit_the_revision() {
    let fixture = Fixture::new().await;
    let no_arguments = json!({"type": "object", "additionalProperties": false});
    let modern = fixture.modern("tools/list", json!({})).await;
    let count = tool(&modern, "notes.count");
    assert_eq!((&count["title"], &count["inputSchema"]), (&json!("Count notes"), &no_arguments));
    assert_eq!(count["description"], "How many notes there are.");
    assert_eq!(count["outputSchema"]["type"], "integer");
    assert_eq!(tool(&modern, "notes.forest")["outputSchema"]["type"], "array");
    assert_eq!(tool(&modern, "notes.echo")["outputSchema"], json!({}));
    assert_eq!(tool(&modern, "notes.echo")["inputSchema"]["properties"]["value"], json!({}));
    assert_eq!(tool(&modern, "notes.get").get("description"), None);

    for revision in LEGACY {
        let session = fixture.session(revision).await;
        let answer = session.call("tools/list", json!({})).await;
        let count = tool(answer.result(), "notes.count");
        assert_eq!(count["inputSchema"], no_arguments);
        if revision == "2025-03-26" {
            assert_eq!((count.get("title"), count.get("outputSchema")), (None, None));
            assert_eq!(count["annotations"]["title"], "Count notes");
            continue;
        }
        assert_eq!(count["title"], "Count notes");
        assert_eq!(count["annotations"].get("title"), None);
        assert_eq!(count["outputSchema"]["properties"]["result"]["type"], "integer");
        for tool in answer.result()["tools"].as_array().unwrap() {
            assert_eq!(tool["outputSchema"]["type"], "object", "{tool}");
        }
        let get = tool(answer.result(), "notes.get");
        assert!(get["outputSchema"]["properties"].get("text").is_some());
    }
}

#[tokio::test]
async fn an_empty_answer_has_no_schema() {
    let fixture = Fixture::new().await;
    let answer = fixture.post(&Request::modern("tools/list", json!({})).by(ann(&[]))).await;
    assert_eq!(tool(answer.result(), "notes.clear").get("outputSchema"), None);
}

#[tokio::test]
async fn every_schema_is_one() {
    let fixture = Fixture::new().await;
    let result = fixture.modern("tools/list", json!({})).await;
    let session = fixture.session("2025-11-25").await;
    let legacy = session.call("tools/list", json!({})).await;
    for tool in [&result, legacy.result()].into_iter().flat_map(|list| list["tools"].as_array().unwrap()) {
        jsonschema::draft202012::meta::validate(&tool["inputSchema"]).unwrap();
        jsonschema::draft202012::meta::validate(&tool["outputSchema"]).unwrap();
        jsonschema::draft202012::new(&tool["outputSchema"]).unwrap();
    }
    let forest = json!({"result": [{"name": "a", "branches": [{"name": "b", "branches": []}]}]});
    schema::fits(&tool(legacy.result(), "notes.forest")["outputSchema"], &forest);
}

#[tokio::test]
async fn pages_are_linked_by_cursors() {
    let fixture = Fixture::with(|settings| settings.page_size = 3).await;
    let mut seen = Vec::new();
    let mut cursors = vec![Value::Null];
    loop {
        let params = match cursors.last().unwrap() {
            Value::Null => json!({}),
            cursor => json!({"cursor": cursor}),
        };
        let page = fixture.modern("tools/list", params).await;
        assert_eq!(page["cacheScope"], "private");
        seen.extend(names(&page["tools"]).into_iter().map(str::to_owned));
        match page.get("nextCursor") {
            Some(cursor) => cursors.push(cursor.clone()),
            None => break,
        }
    }
    assert_eq!((seen, cursors.len()), (OPEN.map(str::to_owned).to_vec(), 3));

    let cursor = &cursors[1];
    let refused = async |request: Request| assert_eq!(fixture.post(&request).await.error(), (200, -32602));
    let list = |cursor: &Value| Request::modern("tools/list", json!({"cursor": cursor}));
    // Another list, another caller's view of the same one, a position that was never given out.
    refused(Request::modern("resources/list", json!({"cursor": cursor}))).await;
    refused(list(cursor).by(ann(&[]))).await;
    refused(list(&json!(cursor.as_str().unwrap().replace("00000003", "00000007")))).await;
    refused(list(&json!(format!("{}0", cursor.as_str().unwrap())))).await;
    // It holds in every era and process.
    let session = fixture.session("2025-06-18").await;
    assert_eq!(session.call("tools/list", json!({"cursor": cursor})).await.status, 200);
    let again = Fixture::with(|settings| settings.page_size = 3).await;
    assert_eq!(again.post(&list(cursor)).await.status, 200);
    // But not on another server.
    let other = Fixture::with(|settings| settings.name = "other".to_owned()).await;
    assert_eq!(other.post(&list(cursor)).await.error(), (200, -32602));
}

#[tokio::test]
async fn resources_and_templates_are_apart() {
    let fixture = Fixture::new().await;
    let resources = fixture.modern("resources/list", json!({})).await;
    assert_eq!(
        resources["resources"],
        json!([{
            "uri": "notes://count",
            "name": "notes.count",
            "title": "Count notes",
            "description": "How many notes there are.",
            "mimeType": "application/json",
        }])
    );
    assert_eq!((&resources["cacheScope"], &resources["ttlMs"]), (&json!("private"), &json!(60000)));
    let templates = fixture.modern("resources/templates/list", json!({})).await;
    assert_eq!(
        templates["resourceTemplates"],
        json!([
            {"uriTemplate": "notes://{id}", "name": "notes.get", "mimeType": "application/json"},
            {"uriTemplate": "faults://{how}", "name": "faults.get", "mimeType": "application/json"},
        ])
    );
    // All of these are open, so everybody sees the same.
    assert_eq!(templates["cacheScope"], "public");
    let secret = fixture.post(&Request::modern("resources/list", json!({})).by(ann(&["notes:secret"]))).await;
    assert_eq!(names(&secret.result()["resources"]), ["notes.count", "notes.secret"]);
    for revision in LEGACY {
        let session: Session<'_> = fixture.session(revision).await;
        let list = session.call("resources/list", json!({})).await;
        assert_eq!(list.result()["resources"][0].get("title").is_some(), revision != "2025-03-26");
        let list = session.call("resources/templates/list", json!({})).await;
        assert_eq!(names(&list.result()["resourceTemplates"]), ["notes.get", "faults.get"]);
    }
}
