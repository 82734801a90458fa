//! Two tools in place of three hundred.

use crate::fixture::{Answer, Fixture, LEGACY, Request, ann};
use crate::notes::{add, get, rows};
use crate::schema;
use crate::talking;
use diptych_mcp::Mount;
use diptych_pipeline::Operations;
use diptych_spec::{Anyone, PageNumber, Scope, SelectorSpec, ServiceSpec};
use serde_json::{Value, json};

/// A hundred each of notes to get (of which every tenth has to do with storms), to add with a scope, and to list.
fn catalogue() -> Operations {
    (0..100).fold(Operations::new(), |all, at| {
        let storm = if at % 10 == 0 { " about a storm" } else { "" };
        all.add(
            SelectorSpec::from_fn(format!("station{at}.get"), get)
                .description(format!("One observation{storm} by its id."))
                .allow(Anyone),
        )
        .add(
            ServiceSpec::from_fn(format!("station{at}.add"), add)
                .description(format!("Records an observation{storm}."))
                .tags(["weather"])
                .allow(Scope("write")),
        )
        .add(SelectorSpec::from_fn(format!("station{at}.list"), rows).allow(Anyone).paginate(PageNumber::default()))
    })
}

struct Large {
    fixture: Fixture,
    _all: Fixture,
}

impl std::ops::Deref for Large {
    type Target = Fixture;
    fn deref(&self) -> &Fixture {
        &self.fixture
    }
}

async fn fixture() -> Large {
    let all = Fixture::serving(catalogue(), |_| {}).await;
    Large { fixture: all.mount("/large", &Mount::new().meta_tools(true), |_| {}), _all: all }
}

fn call(tool: &str, arguments: Value) -> Request {
    Request::modern("tools/call", json!({"name": tool, "arguments": arguments}))
}

fn search(query: &str) -> Request {
    call("search_operations", json!({"query": query, "limit": 20}))
}

fn found(answer: &Answer) -> (Vec<&str>, i64) {
    let found = &answer.result()["structuredContent"];
    let names = found["operations"].as_array().unwrap().iter().map(|own| own["name"].as_str().unwrap()).collect();
    (names, found["total"].as_i64().unwrap())
}

#[tokio::test]
async fn there_are_two_tools() {
    let fixture = fixture().await;
    let listed = fixture.modern("tools/list", json!({})).await;
    let tools = listed["tools"].as_array().unwrap();
    assert_eq!(tools.iter().map(|tool| &tool["name"]).collect::<Vec<_>>(), ["search_operations", "call_operation"]);
    assert!(listed.get("nextCursor").is_none());
    assert!(listed.to_string().len() < 4000);
    let hints =
        json!({"readOnlyHint": false, "destructiveHint": false, "idempotentHint": false, "openWorldHint": false});
    assert_eq!(tools[1]["annotations"], hints);
    let cursor = Request::modern("tools/list", json!({"cursor": "0"}));
    assert_eq!(fixture.post(&cursor).await.error(), (200, -32602));
    let names: Vec<_> = fixture.server.tool_costs().into_iter().map(|cost| (cost.name, cost.tokens > 20)).collect();
    assert_eq!(names, [("search_operations".to_owned(), true), ("call_operation".to_owned(), true)]);
    for revision in LEGACY {
        let session = fixture.session(revision).await;
        let listed = session.call("tools/list", json!({})).await;
        let tools = listed.result()["tools"].as_array().unwrap();
        assert_eq!((tools.len(), tools[0].get("outputSchema").is_some()), (2, revision != "2025-03-26"));
    }
    // Where all that can be called reads, the hints say so.
    let reading = fixture.mount("/reads", &Mount::new().meta_tools(true).read_only(true), |_| {});
    let listed = reading.modern("tools/list", json!({})).await;
    assert_eq!(listed["tools"][1]["annotations"]["readOnlyHint"], true);
}

#[tokio::test]
async fn a_search_finds_what_the_caller_may_use() {
    let fixture = fixture().await;
    let writer = || ann(&["write"]);
    let answer = fixture.post(&search("Storms!")).await;
    let (names, total) = found(&answer);
    assert_eq!((names.len(), total, &names[..2]), (10, 10, &["station0.get", "station10.get"][..]));
    let operation = &answer.result()["structuredContent"]["operations"][0];
    assert_eq!(
        *operation,
        json!({
            "name": "station0.get",
            "description": "One observation about a storm by its id.",
            "inputSchema": {
                "type": "object",
                "properties": {"id": {"type": "integer"}},
                "required": ["id"],
                "additionalProperties": false,
            },
        })
    );
    let text = answer.result()["content"][0]["text"].as_str().unwrap();
    assert_eq!(serde_json::from_str::<Value>(text).unwrap(), answer.result()["structuredContent"]);
    let listed = fixture.modern("tools/list", json!({})).await;
    schema::fits(&listed["tools"][0]["outputSchema"], &answer.result()["structuredContent"]);

    // With the scope there are twice as many; those that have all the words come first, and bounds hold.
    assert_eq!(found(&fixture.post(&search("storm").by(writer())).await).1, 20);
    let (answer, best) = (fixture.post(&search("record storm weather").by(writer())).await, "station0.add");
    assert_eq!((found(&answer).0[0], found(&answer).0.len()), (best, 20));
    assert_eq!(found(&fixture.post(&search("station42 list")).await).0[0], "station42.list");
    assert_eq!(found(&fixture.post(&search("")).await).1, 200);
    assert_eq!(found(&fixture.post(&search("nothing like that")).await), (vec![], 0));
    let usual = fixture.post(&call("search_operations", json!({"query": "observation"}))).await;
    assert_eq!((found(&usual).0.len(), found(&usual).1), (5, 100));
    for wrong in [
        json!({}),
        json!({"query": 1}),
        json!({"query": "x".repeat(201)}),
        json!({"query": "", "limit": 0}),
        json!({"query": "", "limit": 21}),
        json!({"query": "", "limit": [1]}),
        json!({"query": "", "page": 1}),
    ] {
        let answer = fixture.post(&call("search_operations", wrong.clone())).await;
        assert_eq!(answer.result()["isError"], true, "{wrong}");
        assert!(answer.result()["content"][0]["text"].as_str().unwrap().contains("\"pointer\""), "{wrong}");
    }
}

#[tokio::test]
async fn a_call_goes_the_way_of_any_other() {
    let fixture = fixture().await;
    let of = |name: &str, arguments: Value| call("call_operation", json!({"name": name, "arguments": arguments}));
    // The same answers, mended arguments and errors, to the letter.
    for (name, arguments) in [
        ("station7.get", json!({"id": 1})),
        ("station7.get", json!({"id": "1"})),
        ("station7.get", json!({"id": "one"})),
        ("station7.get", json!({})),
        ("station7.get", json!({"id": 99})),
        ("station7.list", json!({"page_size": 1})),
    ] {
        let (direct, through) = (call(name, arguments.clone()), of(name, arguments));
        let (direct, through) = (fixture.post(&direct).await, fixture.post(&through).await);
        assert_eq!(direct.result(), through.result(), "{name}");
    }
    let text = call("call_operation", json!({"name": "station7.get", "arguments": "{\"id\": 1}"}));
    assert_eq!(fixture.post(&text).await.result()["structuredContent"]["text"], "milk");
    let csv = of("station7.list", json!({}));
    let csv = csv.but(r#""_meta":{"#, r#""_meta":{"dev.diptych/format":"csv","#);
    assert_eq!(fixture.post(&csv).await.result()["content"][0]["text"], "id,label\r\n1,milk\r\n2,\r\n");

    // Permission is that of the operation.
    let add = of("station7.add", json!({"text": "hail"}));
    assert_eq!(fixture.post(&add).await.status, 401);
    let refused = fixture.post(&add.clone().by(ann(&[]))).await;
    assert_eq!(refused.status, 403);
    assert!(refused.header("www-authenticate").unwrap().contains("scope=\"write\""));
    assert_eq!(fixture.post(&add.by(ann(&["write"]))).await.result()["structuredContent"]["text"], "hail");

    for wrong in [
        json!({"name": "nothing"}),
        json!({"name": "call_operation", "arguments": {"name": "station7.get"}}),
        json!({"name": 1}),
        json!({}),
        json!({"name": "station7.get", "arguments": [1]}),
        json!({"name": "station7.get", "arguments": "[1]"}),
        json!({"name": "station7.get", "id": 1}),
    ] {
        let answer = fixture.post(&call("call_operation", wrong.clone())).await;
        assert_eq!(answer.result()["isError"], true, "{wrong}");
    }
    // Without meta tools they are not there.
    let plain = Fixture::serving(catalogue(), |_| {}).await;
    assert_eq!(plain.post(&search("storm")).await.error(), (200, -32602));
}

#[tokio::test]
async fn an_operation_that_is_called_can_ask() {
    let all = Fixture::serving(talking::operations(), |_| {}).await;
    let fixture = all.mount("/large", &Mount::new().meta_tools(true), |_| {});
    let call = |text: &str, more: Value| {
        let arguments = json!({"name": "greet", "arguments": {"text": text}});
        let mut params = json!({"name": "call_operation", "arguments": arguments});
        params.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let capabilities = r#""io.modelcontextprotocol/clientCapabilities":{"#;
        Request::modern("tools/call", params).but(capabilities, &format!(r#"{capabilities}"elicitation":{{}}"#))
    };
    let asked = fixture.post(&call("x", json!({}))).await;
    assert_eq!(asked.result()["resultType"], "input_required");
    assert_eq!(asked.result()["inputRequests"]["who"]["method"], "elicitation/create");
    let state = &asked.result()["requestState"];
    let brought = json!({"inputResponses": {"who": {"action": "cancel"}}, "requestState": state});
    // The state is of this call, with these arguments.
    assert_eq!(fixture.post(&call("y", brought.clone())).await.error(), (200, -32602));
    let answer = fixture.post(&call("x", brought)).await;
    assert_eq!(answer.result()["structuredContent"], "Bye");
}

#[tokio::test]
async fn mended_arguments_are_counted() {
    let fixture = fixture().await;
    let mended = |name: &str| {
        let statistics = fixture.server.engine().statistics();
        statistics.iter().find(|own| own.name == name).unwrap().mended_arguments
    };
    for (tool, arguments) in [
        ("station1.get", json!({"id": 1})),
        ("station1.get", json!({"id": "one"})),
        ("station1.get", json!({"id": "1"})),
        ("call_operation", json!({"name": "station1.get", "arguments": {"id": "2"}})),
        ("station1.list", json!({"page": "1", "page_size": "5"})),
    ] {
        fixture.post(&call(tool, arguments)).await;
    }
    assert_eq!((mended("station1.get"), mended("station1.list"), mended("station2.get")), (2, 2, 0));
}
