//! Rung 17: arguments that clients repeat as headers.

use crate::fixture::{Fixture, LEGACY, Request};
use diptych_pipeline::{Conn, Operations};
use diptych_spec::{AnswerValue, Anyone, Args, Result, SelectorSpec};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Deserialize, JsonSchema)]
#[expect(dead_code, reason = "only decoded")]
struct Wanted {
    #[schemars(extend("x-mcp-header" = "Region"))]
    region: Option<String>,
    #[schemars(extend("x-mcp-header" = "Limit"))]
    limit: Option<i64>,
    #[schemars(extend("x-mcp-header" = "Urgent"))]
    urgent: Option<bool>,
    place: Option<Place>,
}

#[derive(Deserialize, JsonSchema)]
#[expect(dead_code, reason = "only decoded")]
struct Place {
    #[schemars(extend("x-mcp-header" = "Shelf"))]
    shelf: String,
}

async fn find(_: &mut Conn, _: Args<Wanted>) -> Result<AnswerValue<bool>> {
    Ok(AnswerValue(true))
}

async fn fixture() -> Fixture {
    let operations = Operations::new()
        .add(SelectorSpec::from_fn("books.find", find).allow(Anyone))
        .add(SelectorSpec::from_fn("books.secret", find).allow(diptych_spec::Scope("books")));
    Fixture::serving(operations, |_| {}).await
}

fn call(arguments: Value, headers: &[(&str, &str)]) -> Request {
    let request = Request::modern("tools/call", json!({"name": "books.find", "arguments": arguments}));
    headers.iter().fold(request, |request, (name, value)| request.and(&format!("mcp-param-{name}"), value))
}

#[tokio::test]
async fn headers_that_say_what_the_arguments_say_are_taken() {
    let fixture = fixture().await;
    for (arguments, headers) in [
        (json!({}), &[] as &[(&str, &str)]),
        (json!({"region": "us-west1"}), &[("region", "us-west1")]),
        (json!({"region": "us-west1"}), &[("region", "  us-west1\t")]),
        (json!({"region": "us-west1"}), &[("region", "=?base64?dXMtd2VzdDE=?=")]),
        (json!({"region": "Hello, 世界"}), &[("region", "=?base64?SGVsbG8sIOS4lueVjA==?=")]),
        (json!({"region": ""}), &[("region", "")]),
        (json!({"region": "42"}), &[("region", "42")]),
        (json!({"limit": 42}), &[("limit", "42")]),
        (json!({"limit": 42}), &[("limit", "42.0")]),
        (json!({"limit": -7}), &[("limit", "-7")]),
        (json!({"limit": "42"}), &[("limit", "42")]),
        (json!({"limit": 9_007_199_254_740_991_i64}), &[("limit", "9007199254740991")]),
        (json!({"urgent": true}), &[("urgent", "true")]),
        (json!({"place": {"shelf": "A 1"}}), &[("shelf", "A 1")]),
        (json!({"region": "a", "limit": 1, "urgent": false}), &[("region", "a"), ("limit", "1"), ("urgent", "false")]),
        // What no argument asks for is nobody's business.
        (json!({}), &[("colour", "red"), ("colour", "blue"), ("odd", "ü")]),
    ] {
        let answer = fixture.post(&call(arguments.clone(), headers)).await;
        assert_eq!(answer.status, 200, "{arguments} {headers:?} {:#}", answer.body);
        assert_eq!(answer.result()["isError"], json!(false), "{arguments} {:#}", answer.body);
    }
}

#[tokio::test]
async fn headers_that_say_something_else_are_refused() {
    let fixture = fixture().await;
    for (arguments, headers) in [
        (json!({"region": "us-west1"}), &[] as &[(&str, &str)]),
        (json!({"region": "us-west1"}), &[("region", "eu-west1")]),
        (json!({"region": "us-west1"}), &[("region", "US-WEST1")]),
        (json!({"region": "us-west1"}), &[("region", "")]),
        (json!({"region": "us-west1"}), &[("region", "us-west1"), ("region", "us-west1")]),
        (json!({"region": "42"}), &[("region", "42.0")]),
        (json!({"region": "Hello"}), &[("region", "=?base64?SGVsbG8?=")]),
        (json!({"region": "Hello"}), &[("region", "=?BASE64?SGVsbG8=?=")]),
        (json!({"region": "ü"}), &[("region", "ü")]),
        (json!({"region": null}), &[("region", "null")]),
        (json!({}), &[("region", "us-west1")]),
        (json!({"region": ["a"]}), &[("region", "a")]),
        (json!({"limit": 42}), &[("limit", "43")]),
        (json!({"limit": 42}), &[("limit", "42.5")]),
        (json!({"limit": 42}), &[("limit", "forty-two")]),
        (json!({"limit": 9_007_199_254_740_993_i64}), &[("limit", "9007199254740993")]),
        (json!({"urgent": true}), &[("urgent", "True")]),
        (json!({"urgent": true}), &[("urgent", "1")]),
        (json!({"place": {"shelf": "A 1"}}), &[]),
        (json!({"place": {"shelf": "A 1"}}), &[("shelf", "A 2")]),
        (json!({"place": {}}), &[("shelf", "A 1")]),
        (json!({"place": "A 1"}), &[("shelf", "A 1")]),
    ] {
        let answer = fixture.post(&call(arguments.clone(), headers)).await;
        assert_eq!(answer.error(), (400, -32020), "{arguments} {headers:?}");
        assert!(answer.message().contains("Mcp-Param-"), "{}", answer.message());
    }
    let twice = call(json!({"region": "a"}), &[("region", "a")]).but(r#"{"region""#, r#"{"region":"b","region""#);
    assert_eq!(fixture.post(&twice).await.error(), (400, -32020));
}

#[tokio::test]
async fn what_no_header_can_say_is_left_to_the_schema() {
    let answer = fixture().await.post(&call(json!({"region": ["a"]}), &[])).await;
    assert_eq!(answer.result()["isError"], json!(true));
    assert!(answer.text.contains("/region"), "{}", answer.text);
}

#[tokio::test]
async fn headers_are_compared_before_permissions_and_never_grant_any() {
    let fixture = fixture().await;
    let secret = |headers| call(json!({"region": "a"}), headers).but("books.find", "books.secret");
    let secret = |headers| secret(headers).with("mcp-name", "books.secret");
    assert_eq!(fixture.post(&secret(&[("region", "b")])).await.error(), (400, -32020));
    assert_eq!(fixture.post(&secret(&[("region", "a")])).await.error(), (401, -32600));
}

#[tokio::test]
async fn only_the_new_era_over_http_has_them() {
    let fixture = fixture().await;
    let result = fixture.modern("tools/list", json!({})).await;
    let properties = &result["tools"][0]["inputSchema"]["properties"];
    assert_eq!(properties["region"]["x-mcp-header"], "Region");
    assert_eq!(properties["place"]["properties"]["shelf"]["x-mcp-header"], "Shelf");
    let arguments = json!({"region": "a", "place": {"shelf": "b"}});
    for revision in LEGACY {
        let session = fixture.session(revision).await;
        let listed = session.call("tools/list", json!({})).await;
        assert!(!listed.text.contains("x-mcp-header"), "{revision}");
        let request = session.request("tools/call", json!({"name": "books.find", "arguments": arguments}));
        let answer = fixture.post(&request.with("mcp-param-region", "other")).await;
        assert_eq!(answer.result()["isError"], json!(false), "{revision}");
    }
}
