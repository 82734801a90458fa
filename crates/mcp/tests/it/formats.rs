//! The format of the text of a tool's answer: of the request, of the operation, of the server.

use crate::fixture::{Fixture, LEGACY, Request};
use crate::notes::{get, other_forms, rows};
use diptych_mcp::Settings;
use diptych_pipeline::{Conn, Operations};
use diptych_spec::{AnswerValue, Anyone, Error, Format, PageNumber, Result, SelectorSpec};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Value, json};

#[derive(Debug, Serialize, JsonSchema)]
struct Nested {
    name: String,
    parts: Vec<i64>,
}

async fn nested(_: &mut Conn) -> Result<AnswerValue<Vec<Nested>>> {
    Ok(AnswerValue(vec![Nested { name: "a".to_owned(), parts: vec![1, 2] }]))
}

async fn refused(_: &mut Conn) -> Result<AnswerValue<Nested>> {
    Err(Error::conflict("odd", "it is odd"))
}

fn operations() -> Operations {
    other_forms()
        .add(SelectorSpec::from_fn("get", get).allow(Anyone))
        .add(SelectorSpec::from_fn("rows", rows).allow(Anyone).paginate(PageNumber::default()))
        .add(SelectorSpec::from_fn("all", rows).allow(Anyone).format(Format::Csv))
        .add(SelectorSpec::from_fn("plain", rows).allow(Anyone).format(Format::Json))
        .add(SelectorSpec::from_fn("nested", nested).allow(Anyone))
        .add(SelectorSpec::from_fn("refused", refused).allow(Anyone))
}

const PAGE: &str = r#"{"items":[{"id":1,"label":"milk"},{"id":2,"label":null}],"total":2,"page":1,"page_size":25}"#;
const ALL: &str = r#"{"items":[{"id":1,"label":"milk"},{"id":2,"label":null}]}"#;
const CSV: &str = "id,label\r\n1,milk\r\n2,\r\n";

fn request(tool: &str, arguments: Value, format: Value) -> Request {
    let request = Request::modern("tools/call", json!({"name": tool, "arguments": arguments}));
    match format {
        Value::Null => request,
        format => request.but(r#""_meta":{"#, &format!(r#""_meta":{{"dev.diptych/format":{format},"#)),
    }
}

/// What a tool answers: the text, after a look at what is beside it.
async fn text(fixture: &Fixture, tool: &str, arguments: Value, format: Value) -> String {
    let plain = fixture.post(&request(tool, arguments.clone(), json!("json"))).await;
    let answer = fixture.post(&request(tool, arguments, format.clone())).await;
    let (plain, result) = (plain.result(), answer.result());
    assert_eq!(result.get("structuredContent"), plain.get("structuredContent"), "{tool} {format}");
    assert_eq!(result["content"].as_array().map(Vec::len), plain["content"].as_array().map(Vec::len));
    result["content"][0]["text"].as_str().unwrap_or_default().to_owned()
}

#[tokio::test]
async fn the_request_wins_over_the_operation_and_that_over_the_server() {
    let by_csv = |settings: &mut Settings| settings.format = Format::Csv;
    let (json_server, csv_server) =
        (Fixture::serving(operations(), |_| {}).await, Fixture::serving(operations(), by_csv).await);
    for (tool, asked, of_json, of_csv) in [
        ("rows", Value::Null, PAGE, CSV),
        ("rows", json!("csv"), CSV, CSV),
        ("rows", json!("json"), PAGE, PAGE),
        ("all", Value::Null, CSV, CSV),
        ("all", json!("json"), ALL, ALL),
        ("plain", Value::Null, ALL, ALL),
        ("plain", json!("csv"), CSV, CSV),
        // What is no table stays JSON.
        ("nested", json!("csv"), r#"[{"name":"a","parts":[1,2]}]"#, r#"[{"name":"a","parts":[1,2]}]"#),
    ] {
        assert_eq!(text(&json_server, tool, json!({}), asked.clone()).await, of_json, "{tool} {asked}");
        assert_eq!(text(&csv_server, tool, json!({}), asked.clone()).await, of_csv, "{tool} {asked}");
    }
    assert_eq!(text(&csv_server, "get", json!({"id": 1}), Value::Null).await, r#"{"id":1,"text":"milk"}"#);
}

#[tokio::test]
async fn older_clients_ask_the_same_way() {
    let fixture = Fixture::serving(operations(), |_| {}).await;
    for revision in LEGACY {
        let session = fixture.session(revision).await;
        let meta = json!({"dev.diptych/format": "csv"});
        let answer = session.call("tools/call", json!({"name": "rows", "arguments": {}, "_meta": meta})).await;
        assert_eq!(answer.result()["content"][0]["text"], CSV, "{revision}");
        let structured = answer.result().get("structuredContent");
        assert_eq!(structured.is_some(), revision != "2025-03-26");
    }
}

#[tokio::test]
async fn a_format_that_is_none_is_refused_before_anything_runs() {
    let fixture = Fixture::serving(operations(), |_| {}).await;
    for wrong in [json!("xml"), json!("JSON"), json!(""), json!(1), json!(["csv"])] {
        let answer = fixture.post(&request("rows", json!({}), wrong.clone())).await;
        assert_eq!(answer.error(), (200, -32602), "{wrong}");
        assert!(answer.message().contains("\"json\"") && answer.message().contains("\"csv\""), "{}", answer.message());
    }
}

#[tokio::test]
async fn what_is_not_json_is_as_it_was() {
    let fixture = Fixture::serving(operations(), |_| {}).await;
    let formats = Format::ALL.iter().map(|format| json!(format.name()));
    for format in formats {
        for (tool, arguments) in [
            ("notes.sketch", json!({})),
            ("notes.line", json!({})),
            ("notes.text", json!({"id": 1})),
            ("notes.picture", json!({"id": 1})),
            ("refused", json!({})),
        ] {
            let plain = fixture.post(&request(tool, arguments.clone(), Value::Null)).await;
            let asked = fixture.post(&request(tool, arguments, format.clone())).await;
            assert_eq!(asked.result(), plain.result(), "{tool} {format}");
        }
    }
}

#[cfg(feature = "toon")]
#[tokio::test]
async fn toon_says_names_once() {
    let fixture = Fixture::serving(operations(), |settings| settings.format = Format::Toon).await;
    for (tool, arguments, expected) in [
        ("get", json!({"id": 1}), "id: 1\ntext: milk"),
        ("rows", json!({}), "items[2]{id,label}:\n  1,milk\n  2,null\ntotal: 2\npage: 1\npage_size: 25"),
        ("all", json!({}), CSV),
    ] {
        assert_eq!(text(&fixture, tool, arguments, Value::Null).await, expected);
    }
    assert_eq!(text(&fixture, "rows", json!({}), json!("json")).await, PAGE);
    let toon = text(&fixture, "nested", json!({}), Value::Null).await;
    let read: Value = toon_format::decode_default(&toon).unwrap();
    assert_eq!(read, json!([{"name": "a", "parts": [1, 2]}]));
}
