//! Every rung, in both eras.

use crate::fixture::{Answer, Fixture, MODERN, Request};
use diptych_mcp::{Events, Head};
use serde_json::json;

/// Arguments with a name that is there twice.
const TWICE: &str = r#""arguments":{"x":{"a":1,"a":2}}"#;

fn tools_list() -> Request {
    Request::modern("tools/list", json!({}))
}

fn call_count() -> Request {
    Request::modern("tools/call", json!({"name": "notes.count"}))
}

fn read(uri: &str) -> Request {
    Request::modern("resources/read", json!({"uri": uri}))
}

async fn refused(table: impl IntoIterator<Item = (&'static str, Request, u16, i64)>) {
    let fixture = Fixture::new().await;
    for (what, request, status, code) in table {
        let answer = fixture.post(&request).await;
        assert_eq!(answer.error(), (status, code), "{what}: {:#}", answer.body);
    }
}

#[tokio::test]
async fn rung_4_get_and_delete_belong_to_sessions() {
    let fixture = Fixture::new().await;
    let modern = Head::new([("mcp-protocol-version", MODERN.as_bytes())]);
    let old = Head::default();
    for (reply, status, allow) in [
        (fixture.server.get(&modern, None, &Events::new()).await, 405, Some("POST")),
        (fixture.server.get(&old, None, &Events::new()).await, 400, None),
        (fixture.server.delete(&modern, None).await, 405, Some("POST")),
        (fixture.server.delete(&old, None).await, 400, None),
    ] {
        let answer = Answer::of(reply);
        assert_eq!((answer.status, answer.header("allow")), (status, allow));
        assert_eq!(answer.body.get("id"), None);
    }
}

#[tokio::test]
async fn rung_5_json_in_and_json_out() {
    let r = tools_list;
    refused([
        ("no content type", r().without("content-type"), 415, -32600),
        ("text", r().with("content-type", "text/plain"), 415, -32600),
        ("two content types", r().and("content-type", "application/json"), 415, -32600),
        ("only html", r().with("accept", "text/html"), 406, -32600),
    ])
    .await;
    let fixture = Fixture::new().await;
    for request in [
        r().with("content-type", "application/json; charset=utf-8"),
        r().without("accept"),
        r().with("accept", "*/*"),
        r().with("accept", "text/event-stream"),
        r().with("accept", "application/json"),
    ] {
        assert_eq!(fixture.post(&request).await.status, 200);
    }
}

#[tokio::test]
async fn rungs_6_and_7_the_envelope() {
    let deep = |levels: usize| {
        let nested = format!("{}{}", "[".repeat(levels), "]".repeat(levels));
        format!(r#"{{"jsonrpc":"2.0","id":1,"method":"ping","params":{{"x":{nested}}}}}"#)
    };
    let raw = |body: &str| Request::raw(body);
    refused([
        ("nothing", raw(""), 400, -32700),
        ("half", raw(r#"{"jsonrpc":"2.0","#), 400, -32700),
        ("half an array", raw("[{}"), 400, -32700),
        ("two", raw("{} {}"), 400, -32700),
        ("bad inside", raw(r#"{"jsonrpc":"2.0","id":1,"method":"ping","params":{"x":tru}}"#), 400, -32700),
        ("too deep", raw(&deep(63)), 400, -32700),
        ("deep enough, but no session", raw(&deep(62)), 400, -32600),
        ("a string", raw(r#""ping""#), 400, -32600),
        ("null", raw("null"), 400, -32600),
        ("no version", raw(r#"{"id":1,"method":"ping"}"#), 400, -32600),
        ("another version", raw(r#"{"jsonrpc":"1.0","id":1,"method":"ping"}"#), 400, -32600),
        ("a number as version", raw(r#"{"jsonrpc":2.0,"id":1,"method":"ping"}"#), 400, -32600),
        ("no method", raw(r#"{"jsonrpc":"2.0","id":1}"#), 400, -32600),
        ("a number as method", raw(r#"{"jsonrpc":"2.0","id":1,"method":1}"#), 400, -32600),
        ("null id", raw(r#"{"jsonrpc":"2.0","id":null,"method":"ping"}"#), 400, -32600),
        ("fractional id", raw(r#"{"jsonrpc":"2.0","id":1.5,"method":"ping"}"#), 400, -32600),
        ("a long id", raw(&format!(r#"{{"jsonrpc":"2.0","id":"{}","method":"ping"}}"#, "x".repeat(1023))), 400, -32600),
        ("boolean id", raw(r#"{"jsonrpc":"2.0","id":true,"method":"ping"}"#), 400, -32600),
        ("list of params", raw(r#"{"jsonrpc":"2.0","id":1,"method":"ping","params":[]}"#), 400, -32600),
        ("two ids", raw(r#"{"jsonrpc":"2.0","id":1,"id":2,"method":"ping"}"#), 400, -32600),
        ("two methods", tools_list().but(r#""method""#, r#""method":"ping","m\u0065thod""#), 400, -32600),
        ("two names", call_count().but(r#""name""#, r#""name":"x","name""#), 400, -32600),
        // Arguments are judged by their operation, where there is one.
        (
            "a name twice where nothing is called",
            tools_list().but(r#""params":{"#, &format!(r#""params":{{{TWICE},"#)),
            400,
            -32600,
        ),
        (
            "a name twice in what is read",
            read("notes://1").but(r#""params":{"#, &format!(r#""params":{{{TWICE},"#)),
            400,
            -32600,
        ),
        (
            "two versions",
            tools_list().but(r#""_meta":{"#, r#""_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","#),
            400,
            -32600,
        ),
    ])
    .await;
}

#[tokio::test]
async fn rung_6_the_body_is_utf_8() {
    let fixture = Fixture::new().await;
    let head = Head::new([("content-type", b"application/json".as_slice())]);
    let answer = Answer::of(fixture.server.post(&head, b"{\"a\":\"\xff\"}", None, &Events::new()).await);
    assert_eq!(answer.error(), (400, -32700));
    assert_eq!(answer.body.get("id"), None);
}

#[tokio::test]
async fn an_id_comes_back_as_it_was_sent() {
    let fixture = Fixture::new().await;
    for id in ["0", "-1", "90071992547409931234", r#""""#, r#""a\u00e9\"b""#, r#""1""#] {
        let request = tools_list().but(r#""id":1"#, &format!(r#""id": {id} "#));
        let answer = fixture.post(&request).await;
        assert!(answer.text.starts_with(&format!(r#"{{"jsonrpc":"2.0","id":{id},"result":{{"#)), "{id}");
        let answer = fixture.post(&request.without("mcp-method")).await;
        assert!(answer.text.starts_with(&format!(r#"{{"jsonrpc":"2.0","id":{id},"error":{{"#)), "{id}");
    }
    // Also when the envelope is wrong but the id can be read.
    let answer = fixture.post(&Request::raw(r#"{"jsonrpc":"2.0","id":"x","method":7}"#)).await;
    assert_eq!(answer.body["id"], json!("x"));
}

#[tokio::test]
async fn rung_8_the_new_era_has_no_batches() {
    let one = tools_list().body;
    let plain = r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#;
    refused([
        ("empty", Request::raw("[]"), 400, -32600),
        ("modern", Request::raw(format!("[{one}]")), 400, -32600),
        ("one of two", Request::raw(format!("[{plain},{one}]")), 400, -32600),
        ("by header", Request::raw(format!("[{plain}]")).with("mcp-protocol-version", MODERN), 400, -32600),
        ("no session", Request::raw(format!("[{plain}]")), 400, -32600),
    ])
    .await;
}

#[tokio::test]
async fn rung_9_the_era() {
    let plain = |method| Request::legacy("2025-11-25", method, json!({}));
    let modern = |request: Request| request.with("mcp-protocol-version", MODERN);
    let claimed = Request::modern("initialize", json!({"protocolVersion": "2025-11-25"}));
    refused([
        ("initialize with the claim is modern", claimed, 404, -32601),
        ("initialize with the header", modern(Request::initialize("2025-11-25")), 400, -32020),
        ("no claim but the header", modern(plain("tools/list")), 400, -32602),
        ("no claim, no header, no session", plain("tools/list"), 400, -32600),
        ("no claim, old header, no session", plain("ping").with("mcp-protocol-version", "2025-11-25"), 400, -32600),
        ("two headers", modern(plain("tools/list")).and("mcp-protocol-version", MODERN), 400, -32020),
        (
            "a claim with an old header stays modern",
            tools_list().with("mcp-protocol-version", "2025-11-25"),
            400,
            -32020,
        ),
        ("a response", modern(Request::raw(r#"{"jsonrpc":"2.0","id":1,"result":{}}"#)), 400, -32600),
    ])
    .await;
    let fixture = Fixture::new().await;
    let answer = fixture.post(&modern(plain("tools/list"))).await;
    assert!(answer.message().contains("io.modelcontextprotocol/protocolVersion"));
    assert!(answer.message().contains("io.modelcontextprotocol/clientCapabilities"));
}

#[tokio::test]
async fn rung_9_notifications_are_never_answered() {
    let fixture = Fixture::new().await;
    let plain = r#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}}"#;
    let claimed = tools_list().but(r#""id":1,"#, "");
    for request in [
        Request::raw(plain).with("mcp-protocol-version", MODERN),
        claimed.clone(),
        claimed.clone().without("mcp-protocol-version"),
    ] {
        let answer = fixture.post(&request).await;
        assert_eq!((answer.status, &*answer.text), (202, ""));
    }
    refused([
        ("other version", claimed.clone().with("mcp-protocol-version", "2025-11-25"), 400, -32020),
        ("unknown version", claimed.but(MODERN, "v9").without("mcp-protocol-version"), 400, -32022),
        ("no session", Request::raw(plain), 400, -32600),
    ])
    .await;
}

#[tokio::test]
async fn rung_10_the_meta_of_every_request() {
    let version = r#""io.modelcontextprotocol/protocolVersion":"2026-07-28""#;
    let capabilities = r#""io.modelcontextprotocol/clientCapabilities":{}"#;
    let info = r#"{"name":"it","version":"0"}"#;
    let r = tools_list;
    refused([
        ("a number as version", r().but(version, r#""io.modelcontextprotocol/protocolVersion":1"#), 400, -32602),
        ("no capabilities", r().but(capabilities, r#""x":{}"#), 400, -32602),
        ("null capabilities", r().but(capabilities, &capabilities.replace("{}", "null")), 400, -32602),
        ("a list of capabilities", r().but(capabilities, &capabilities.replace("{}", "[]")), 400, -32602),
        ("info without version", r().but(info, r#"{"name":"it"}"#), 400, -32602),
        ("info as text", r().but(info, r#""it""#), 400, -32602),
        (
            "unknown log level",
            r().but(capabilities, &format!(r#"{capabilities},"io.modelcontextprotocol/logLevel":"loud""#)),
            400,
            -32602,
        ),
        ("before the header is looked at", r().but(capabilities, r#""x":{}"#).without("mcp-method"), 400, -32602),
    ])
    .await;
    let fixture = Fixture::new().await;
    let without = r().but(&format!(r#","io.modelcontextprotocol/clientInfo":{info}"#), "");
    assert_eq!(fixture.post(&without).await.status, 200);
    let logging = format!(r#"{capabilities},"io.modelcontextprotocol/logLevel":"notice","x.example/y":1"#);
    assert_eq!(fixture.post(&r().but(capabilities, &logging)).await.status, 200);
}

#[tokio::test]
async fn rungs_11_and_12_the_version() {
    let r = tools_list;
    let named = |version: &str| r().but(MODERN, version).with("mcp-protocol-version", version);
    refused([
        ("no header", r().without("mcp-protocol-version"), 400, -32020),
        ("another", r().with("mcp-protocol-version", "2025-06-18"), 400, -32020),
        ("twice", r().and("mcp-protocol-version", MODERN), 400, -32020),
        ("not text", r().with("mcp-protocol-version", "2026\u{2011}07"), 400, -32020),
        ("mismatch before unsupported", r().but(MODERN, "v999.0.0"), 400, -32020),
        ("unknown", named("v999.0.0"), 400, -32022),
        ("old, which has no `_meta` to speak it with", named("2025-11-25"), 400, -32022),
    ])
    .await;
    let fixture = Fixture::new().await;
    let answer = fixture.post(&named("v999.0.0")).await;
    let supported = json!(["2026-07-28", "2025-11-25", "2025-06-18", "2025-03-26"]);
    assert_eq!(answer.body["error"]["data"], json!({"supported": supported, "requested": "v999.0.0"}));
    assert_eq!(fixture.post(&r().with("mcp-protocol-version", " \t2026-07-28 ")).await.status, 200);
}

#[tokio::test]
async fn rung_13_headers_say_what_the_body_says() {
    let call = call_count;
    refused([
        ("no method", call().without("mcp-method"), 400, -32020),
        ("another method", call().with("mcp-method", "tools/list"), 400, -32020),
        ("another case", call().with("mcp-method", "Tools/Call"), 400, -32020),
        ("encoded method", call().with("mcp-method", "=?base64?dG9vbHMvY2FsbA==?="), 400, -32020),
        ("two methods", call().and("mcp-method", "tools/call"), 400, -32020),
        ("no name", call().without("mcp-name"), 400, -32020),
        ("another name", call().with("mcp-name", "notes.get"), 400, -32020),
        ("two names", call().and("mcp-name", "notes.count"), 400, -32020),
        ("bad padding", call().with("mcp-name", "=?base64?bm90ZXMuY291bnQ?="), 400, -32020),
        ("half a sentinel", call().with("mcp-name", "=?base64?bm90ZXMuY291bnQ="), 400, -32020),
        ("not ASCII", call().with("mcp-name", "nötes.count"), 400, -32020),
        ("no uri", read("notes://1").without("mcp-name"), 400, -32020),
        ("another uri", read("notes://1").with("mcp-name", "notes://2"), 400, -32020),
        (
            "a name only in the header",
            Request::modern("tools/call", json!({})).with("mcp-name", "notes.count"),
            400,
            -32020,
        ),
        (
            "also where prompts are not served",
            Request::modern("prompts/get", json!({"name": "p"})).without("mcp-name"),
            400,
            -32020,
        ),
    ])
    .await;
    let fixture = Fixture::new().await;
    for request in [
        call().with("mcp-name", "=?base64?bm90ZXMuY291bnQ=?="),
        call().with("mcp-name", "  notes.count\t"),
        // No header repeats anything of a list, and unknown ones are nobody's business.
        tools_list().with("mcp-name", "whatever").with("mcp-param-x", "1"),
        // Sessions are not of this era.
        call().with("mcp-session-id", "nonsense"),
    ] {
        let answer = fixture.post(&request).await;
        assert_eq!(answer.status, 200, "{:#}", answer.body);
        assert_eq!(answer.header("mcp-session-id"), None);
    }
}

#[tokio::test]
async fn rung_14_methods_of_the_other_era_do_not_exist() {
    for method in [
        "initialize",
        "ping",
        "logging/setLevel",
        "resources/subscribe",
        "resources/unsubscribe",
        "tasks/get",
        "tasks/result",
        "tasks/list",
        "prompts/list",
        "prompts/get",
        "completion/complete",
        "notifications/initialized",
        "notifications/cancelled",
        "tools/List",
        "",
    ] {
        refused([("modern", Request::modern(method, json!({})), 404, -32601)]).await;
    }
}

#[tokio::test]
async fn rung_15_parameters_are_refused_in_band() {
    let call = |params| Request::modern("tools/call", params);
    refused([
        ("no name", call(json!({})), 200, -32602),
        ("a number as name", call(json!({"name": 1})), 200, -32602),
        ("unknown tool", call(json!({"name": "notes.drop"})), 200, -32602),
        ("a list of arguments", call(json!({"name": "notes.count", "arguments": []})), 200, -32602),
        ("no uri", Request::modern("resources/read", json!({})), 200, -32602),
        ("a number as cursor", Request::modern("tools/list", json!({"cursor": 1})), 200, -32602),
        ("unknown cursor", Request::modern("tools/list", json!({"cursor": "abc"})), 200, -32602),
        ("empty cursor", Request::modern("resources/list", json!({"cursor": ""})), 200, -32602),
    ])
    .await;
    let fixture = Fixture::new().await;
    // What is not known is ignored.
    let extra = json!({"name": "notes.count", "arguments": {}, "task": {"ttl": 1}, "more": null});
    assert_eq!(fixture.modern("tools/call", extra).await["isError"], json!(false));
}

#[tokio::test]
async fn a_request_is_no_response_and_brings_no_state_of_another_call() {
    let with = |mut request: Request, member: &str, value: serde_json::Value| {
        let mut body: serde_json::Value = serde_json::from_str(&request.body).unwrap();
        match member {
            "requestState" => body["params"][member] = value,
            _ => body[member] = value,
        }
        request.body = body.to_string();
        request
    };
    refused([
        ("a result", with(call_count(), "result", json!({})), 400, -32600),
        ("an error", with(call_count(), "error", json!({"code": 1, "message": "x"})), 400, -32600),
        ("an error that is null", with(call_count(), "error", json!(null)), 400, -32600),
        ("a state where nothing is asked", with(call_count(), "requestState", json!("AAAA")), 200, -32602),
    ])
    .await;
}
