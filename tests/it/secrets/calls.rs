//! Secrets, told wherever there is a place for one.

use super::program::{Leaks, Program, leaks, message};
use serde_json::{Value, json};

/// Lines that no request can be read from, or that are odd.
pub(super) const LINES: [&str; 8] = [
    r#"{"jsonrpc": "2.0", "id": 1, "method": "tools/call", Zq7brokenQx"#,
    r#"{"jsonrpc": "2.0", "id": {"Zq7idQx": 1}, "method": "ping"}"#,
    r#"{"jsonrpc": "2.0", "id": 1, "id": 2, "method": "Zq7doubleQx"}"#,
    r#"{"jsonrpc": "Zq7rpcQx", "id": 1, "method": "ping"}"#,
    r#""Zq7stringQx""#,
    r#"[Zq7listQx"#,
    r#"Zq7lineQx"#,
    r#"{"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": "Zq7cancelQx", "reason": "Zq7whyQx"}}"#,
];

/// Inputs of `things.add` that fail, each in another way.
pub(super) fn wrong_things() -> Vec<Value> {
    let good = json!({"name": "a", "secret": "Zq7secretQx", "kind": "plain", "count": 1});
    let with = |member: &str, value: Value| {
        let mut thing = good.clone();
        thing[member] = value;
        thing
    };
    let mut wrong = vec![
        with("name", json!("Zq7longnameQx-Zq7longnameQx")),
        with("name", json!(["Zq7nameQx"])),
        with("secret", json!({"Zq7keyQx": "Zq7innerQx"})),
        with("secret", json!("commonword-Zq7commonQx")),
        with("kind", json!("Zq7kindQx")),
        with("count", json!("Zq7countQx")),
        with("even", json!("Zq7evenQx")),
        with("labels", json!({"label": "Zq7labelQx"})),
        with("labels", json!("Zq7labelQx")),
        // The database refuses these.
        with("count", json!(100)),
        with("count", json!("9223372036854775808")),
        with("secret", json!("Zq7nul\u{0}Qx")),
    ];
    wrong.extend(["panic", "unwrap", "source", "sql", "type", "hang"].map(|how| with("how", json!(how))));
    wrong
}

pub(super) async fn rest(program: &Program) -> Leaks {
    let mut found = Vec::new();
    let thing = json!({"name": "first", "secret": "Zq7rowQx", "kind": "odd", "count": 1}).to_string();
    let headers = [
        ("Cookie", "session=Zq7cookieQx"),
        ("X-Api-Key", "Zq7apikeyQx"),
        ("User-Agent", "Zq7agentQx"),
        ("Referer", "https://Zq7refererQx.example/"),
        ("X-Forwarded-For", "Zq7forwardedQx"),
        ("X-Request-Id", "Zq7requestidQx"),
        ("traceparent", "Zq7traceparentQx"),
        ("tracestate", "vendor=Zq7tracestateQx"),
        ("baggage", "user=Zq7baggageQx"),
    ];
    let keyed = [&headers[..], &[("Idempotency-Key", "Zq7idempotencyQx")]].concat();
    for (place, status) in [(1, 200), (1, 200), (4, 422)] {
        let reply = program.send("POST", &format!("/api/things/{place}"), &keyed, Some(&thing)).await;
        assert_eq!(reply.status, status, "{}", reply.body);
        found.extend(leaks("kept", &reply, &[]));
    }
    let reply = program.send("POST", "/api/things/4", &[("Idempotency-Key", "Zq7 idempotencyQx")], Some(&thing)).await;
    assert_eq!(reply.status, 400, "{}", reply.body);
    found.extend(leaks("kept", &reply, &[]));
    // The same key, the same name, the same secret: the database tells which row was there.
    for (place, name) in [(1, "second"), (2, "first"), (3, "third")] {
        let again = json!({"name": name, "secret": "Zq7rowQx", "kind": "odd", "count": 1}).to_string();
        let reply = program.send("POST", &format!("/api/things/{place}"), &[], Some(&again)).await;
        assert_eq!(reply.status, 409, "{}", reply.body);
        found.extend(leaks("again", &reply, &[]));
    }
    for (at, thing) in wrong_things().into_iter().enumerate() {
        let reply = program.send("POST", &format!("/api/things/{}", 10 + at), &headers, Some(&thing.to_string())).await;
        assert!(reply.status >= 400, "{thing}: {}", reply.body);
        found.extend(leaks(&format!("POST {thing}"), &reply, &[]));
    }
    for (body, may) in [
        (r#"{"name": "Zq7brokenQx"#, vec![]),
        (r#"{"name": "a", "name": "Zq7twiceQx"}"#, vec![]),
        (r#"{"Zq7membernameQx": "Zq7memberQx"}"#, vec!["membername"]),
        (r#""Zq7stringQx""#, vec![]),
        (r#"["Zq7stringQx"]"#, vec![]),
        ("Zq7plainQx", vec![]),
    ] {
        let reply = program.send("POST", "/api/things/5", &[], Some(body)).await;
        found.extend(leaks(&format!("POST {body}"), &reply, &may));
    }
    for (method, target, may) in [
        ("GET", "/api/things/Zq7pathQx", vec![]),
        ("GET", "/api/things/%5Aq7percent%51x%FF", vec![]),
        ("GET", "/api/things/1/Zq7nowhereQx", vec![]),
        ("GET", "/Zq7nowhereQx?token=Zq7queryQx", vec![]),
        ("DELETE", "/api/things?key=Zq7queryQx", vec![]),
        ("GET", "/api/things?id=Zq7queryQx&order=Zq7orderQx&page=Zq7pageQx&page_size=Zq7sizeQx", vec![]),
        ("GET", "/api/things?name=Zq7filterQx", vec![]),
        ("GET", "/api/things?Zq7membernameQx=Zq7queryQx", vec!["membername"]),
        ("GET", "/api/things?name=%FFZq7queryQx", vec![]),
        ("GET", "/api/broken?text=Zq7textQx", vec![]),
        ("GET", "/api/audit?subject=Zq7subjectQx&since=Zq7sinceQx", vec![]),
        ("Zq7methodQx", "/api/things", vec![]),
    ] {
        let reply = program.send(method, target, &[], None).await;
        found.extend(leaks(&format!("{method} {target}"), &reply, &may));
    }
    for header in [
        ("Authorization", "Bearer Zq7badtokenQx"),
        ("Authorization", "Bearer Zq7bad token Qx"),
        ("Authorization", "Bearer Zq7brokenissuerQx"),
        ("Authorization", "Basic WnE3dXNlclF4OlpxN2Jhc2ljUXg="),
        ("Authorization", "Zq7schemeQx"),
        ("Content-Type", "Zq7typeQx/x"),
        ("Content-Type", "application/json; charset=Zq7charsetQx"),
        ("Content-Encoding", "Zq7encodingQx"),
        ("Accept", "Zq7acceptQx/x"),
        ("Host", "Zq7hostQx.example"),
        ("Origin", "https://Zq7originQx.example"),
        ("Expect", "Zq7expectQx"),
    ] {
        let reply = program.send("POST", "/api/things/6", &[header], Some(&thing)).await;
        found.extend(leaks(&format!("{header:?}"), &reply, &[]));
    }
    let long = format!("{{\"name\": \"{}\"}}", "Zq7longQx".repeat(200_000));
    let reply = program.send("POST", "/api/things/7", &[], Some(&long)).await;
    assert_eq!(reply.status, 413);
    found.extend(leaks("too long", &reply, &[]));
    found
}

/// Calls of the new era.
pub(super) async fn modern(program: &Program) -> Leaks {
    let mut found = Vec::new();
    let odd = json!({"other": "Zq7metaQx", "progressToken": "Zq7progressQx", "traceparent": "Zq7metatraceQx"});
    let tool =
        |name: &str, arguments: Value| message("tools/call", json!({"name": name, "arguments": arguments}), &odd);
    for mut thing in wrong_things() {
        thing["place"] = json!(50);
        let reply = program.modern(&[], &tool("things.add", thing.clone())).await;
        found.extend(leaks(&format!("tools/call {thing}"), &reply, &["progress"]));
    }
    let uri = "resources/read";
    for (request, may) in [
        (tool("Zq7toolQx", json!({"text": "Zq7textQx"})), vec!["tool"]),
        (tool("things.broken", json!({"text": "Zq7textQx"})), vec![]),
        (tool("things.broken", json!("Zq7textQx")), vec![]),
        (tool("things.get", json!({"id": "Zq7textQx"})), vec![]),
        (tool("things.list", json!({"order": ["Zq7orderQx"], "page": "Zq7pageQx"})), vec![]),
        (tool("legacy.save", json!({"text": "Zq7textQx"})), vec![]),
        (tool("legacy.drop", json!({})), vec![]),
        // What was asked for is in the answer, as the protocol has it (server/resources, Error Handling).
        (message(uri, json!({"uri": "things://Zq7uriQx"}), &odd), vec!["uri"]),
        (message(uri, json!({"uri": "Zq7uriQx"}), &odd), vec!["uri"]),
        (message("tools/list", json!({"cursor": "Zq7cursorQx"}), &odd), vec![]),
        (
            message("prompts/get", json!({"name": "things.letter", "arguments": {"number": "Zq7numberQx"}}), &odd),
            vec![],
        ),
        (
            message(
                "prompts/get",
                json!({"name": "things.letter", "arguments": {"number": "1", "tone": "Zq7toneQx"}}),
                &odd,
            ),
            vec![],
        ),
        (
            message("prompts/get", json!({"name": "things.letter", "arguments": {"number": {"Zq7inQx": 1}}}), &odd),
            vec![],
        ),
        (message("prompts/get", json!({"name": "Zq7promptQx"}), &odd), vec!["prompt"]),
        (message("tasks/get", json!({"taskId": "Zq7taskQx"}), &odd), vec![]),
        (message("tasks/update", json!({"taskId": "Zq7taskQx", "inputResponses": {"a": "Zq7answerQx"}}), &odd), vec![]),
        (message("tasks/cancel", json!({"taskId": "Zq7taskQx"}), &odd), vec![]),
        (message("Zq7rpcmethodQx", json!({"a": "Zq7paramQx"}), &odd), vec!["rpcmethod"]),
        (message("subscriptions/listen", json!({"notifications": {"toolsListChanged": "Zq7listenQx"}}), &odd), vec![]),
        (complete(json!({"name": "number", "value": "Zq7valueQx"}), &odd), vec![]),
        (complete(json!({"name": "Zq7membernameQx", "value": "Zq7valueQx"}), &odd), vec!["membername"]),
        (complete(json!("Zq7valueQx"), &odd), vec![]),
        (ask(json!({"requestState": "Zq7stateQx", "inputResponses": {"word": {"Zq7inQx": 1}}})), vec![]),
        (ask(json!({"requestState": {"Zq7inQx": 1}})), vec![]),
        (
            message("tools/list", json!({}), &json!({"io.modelcontextprotocol/protocolVersion": "Zq7versionQx"})),
            vec!["version"],
        ),
        (message("tools/list", json!({}), &json!({"io.modelcontextprotocol/clientInfo": "Zq7infoQx"})), vec![]),
        (message("tools/list", json!({}), &json!({"io.modelcontextprotocol/logLevel": "Zq7levelQx"})), vec![]),
        (message("tools/list", json!({}), &json!({"dev.diptych/format": "Zq7formatQx"})), vec![]),
    ] {
        let reply = program.modern(&[], &request).await;
        let may: Vec<_> = may.into_iter().chain(["progress"]).collect();
        found.extend(leaks(&request.to_string(), &reply, &may));
    }
    let get = tool("things.get", json!({"id": 1}));
    for header in [
        ("Mcp-Method", "Zq7methodheaderQx"),
        ("Mcp-Name", "Zq7nameheaderQx"),
        ("Mcp-Name", "=?base64?WnE3bmFtZWhlYWRlclF4?="),
        ("Mcp-Name", "=?base64?Zq7nameheaderQx!?="),
        ("MCP-Protocol-Version", "Zq7versionheaderQx"),
        ("Mcp-Session-Id", "Zq7sessionQx"),
        ("Last-Event-ID", "Zq7eventQx"),
        ("Authorization", "Bearer Zq7badtokenQx"),
        ("Content-Type", "Zq7typeQx/x"),
        ("Host", "Zq7hostQx.example"),
        ("Origin", "https://Zq7originQx.example"),
    ] {
        let reply = program.modern(&[header], &get).await;
        found.extend(leaks(&format!("{header:?}"), &reply, &["progress"]));
    }
    let hidden = message("resources/read", json!({"uri": "things://Zq7hiddenQx"}), &odd);
    let reply = program.modern(&[("Mcp-Name", "things://1")], &hidden).await;
    found.extend(leaks("a URI that the header does not repeat", &reply, &[]));
    found.extend(asked(program).await);
    found.extend(as_a_task(program).await);
    found
}

fn complete(argument: Value, meta: &Value) -> Value {
    let params = json!({"ref": {"type": "ref/prompt", "name": "things.letter"}, "argument": argument});
    message("completion/complete", params, meta)
}

fn ask(more: Value) -> Value {
    let mut params = json!({"name": "things.ask", "arguments": {"secret": "Zq7secretQx"}});
    params.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    message("tools/call", params, &json!({}))
}

/// A call that asks: what the client keeps meanwhile is sealed, and what it sends back is wrong.
async fn asked(program: &Program) -> Leaks {
    let reply = program.modern(&[], &ask(json!({}))).await;
    let result = &reply.json()["result"];
    assert_eq!(result["resultType"], "input_required", "{}", reply.body);
    let mut found = leaks("asked", &reply, &[]);
    let state = result["requestState"].as_str().unwrap();
    for answer in [json!({"action": "accept", "content": {"word": {"Zq7wordQx": 1}}}), json!("Zq7wordQx")] {
        let answered = ask(json!({"requestState": state, "inputResponses": {"word": answer}}));
        found.extend(leaks("answered", &program.modern(&[], &answered).await, &[]));
    }
    found
}

/// A call that fails as a task.
async fn as_a_task(program: &Program) -> Leaks {
    let mut found = Vec::new();
    for how in ["panic", "source", "sql"] {
        let thing = json!({"name": how, "secret": "Zq7secretQx", "kind": "odd", "count": 1, "how": how});
        let call = message("tools/call", json!({"name": "things.later", "arguments": thing}), &json!({}));
        let reply = program.modern(&[], &call).await;
        found.extend(leaks("a task", &reply, &[]));
        let task = reply.json()["result"]["taskId"].as_str().unwrap().to_owned();
        loop {
            let reply = program.modern(&[], &message("tasks/get", json!({"taskId": task}), &json!({}))).await;
            found.extend(leaks("a task that failed", &reply, &[]));
            if reply.json()["result"]["status"] != "working" {
                assert_eq!(reply.json()["result"]["status"], "failed", "{}", reply.body);
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    }
    found
}

/// Calls of an old era.
pub(super) async fn legacy(program: &Program) -> Leaks {
    let accept = ("Accept", "application/json, text/event-stream");
    let post = async |headers: &[(&str, &str)], body: &str| {
        let headers: Vec<_> = headers.iter().copied().chain([accept]).collect();
        program.send("POST", "/mcp", &headers, Some(body)).await
    };
    let initialize = json!({"jsonrpc": "2.0", "id": "Zq7idQx", "method": "initialize", "params": {
        "protocolVersion": "2025-11-25", "capabilities": {"experimental": {"a": {"b": "Zq7capabilityQx"}}},
        "clientInfo": {"name": "Zq7clientQx", "version": "Zq7clientversionQx", "title": "Zq7titleQx"},
    }});
    let reply = post(&[], &initialize.to_string()).await;
    let session = reply.header("mcp-session-id").unwrap_or_else(|| panic!("{}", reply.body)).to_owned();
    // The id of a request is repeated in its answer.
    let mut found = leaks("initialize", &reply, &["id"]);
    let inside = [("Mcp-Session-Id", &*session), ("MCP-Protocol-Version", "2025-11-25")];
    let request = |method: &str, params: Value| {
        json!({"jsonrpc": "2.0", "id": 7, "method": method, "params": params}).to_string()
    };
    let mut bodies: Vec<String> = LINES.map(str::to_owned).to_vec();
    bodies.extend(wrong_things().into_iter().map(|mut thing| {
        thing["place"] = json!(70);
        request("tools/call", json!({"name": "things.add", "arguments": thing}))
    }));
    bodies.push(request("logging/setLevel", json!({"level": "Zq7levelQx"})));
    bodies.push(request("resources/subscribe", json!({"uri": ["Zq7subscribeQx"]})));
    bodies.push(request(
        "completion/complete",
        json!({"ref": "Zq7refQx", "argument": {"name": "a", "value": "Zq7valueQx"}}),
    ));
    bodies.push(request(
        "completion/complete",
        json!({"ref": {"type": "ref/resource", "uri": "Zq7templateQx"}, "argument": {"name": "a", "value": "b"}}),
    ));
    for body in &bodies {
        found.extend(leaks(&format!("session {body}"), &post(&inside, body).await, &[]));
        found.extend(leaks(&format!("no session {body}"), &post(&[], body).await, &[]));
    }
    for header in [
        ("Mcp-Session-Id", "Zq7sessionQx"),
        ("MCP-Protocol-Version", "Zq7versionQx"),
        ("Authorization", "Bearer Zq7badtokenQx"),
    ] {
        let mut headers = inside.to_vec();
        headers.retain(|(name, _)| *name != header.0);
        headers.push(header);
        found.extend(leaks(&format!("{header:?}"), &post(&headers, &request("ping", json!({}))).await, &[]));
        headers.push(accept);
        let ended = program.send("DELETE", "/mcp", &headers, None).await;
        found.extend(leaks(&format!("DELETE {header:?}"), &ended, &[]));
    }
    let headers =
        [("Mcp-Session-Id", "Zq7sessionQx"), ("Accept", "text/event-stream"), ("Last-Event-ID", "Zq7eventQx")];
    found.extend(leaks("GET", &program.send("GET", "/mcp", &headers, None).await, &[]));
    found
}
