//! What clients keep for the server: cursors, sealed states, session and task ids. The first line says which, the rest is it.
#![no_main]

use diptych_fuzz::{is_no_fault, world};
use diptych_mcp::{Events, Head};
use libfuzzer_sys::fuzz_target;
use serde_json::{Value, json};

fuzz_target!(|bytes: &[u8]| {
    let Ok(text) = str::from_utf8(bytes) else { return };
    let (kind, text) = text.split_once('\n').unwrap_or(("", text));
    let id = "00000000-0000-4000-8000-000000000000";
    let (method, name, mut params) = match kind {
        "state" => (
            "tools/call",
            "invoices.delete",
            json!({"name": "invoices.delete", "arguments": {"id": id}, "requestState": text, "inputResponses": {"sure": {}}}),
        ),
        "task" => ("tasks/get", text, json!({"taskId": text})),
        "resource" => ("resources/read", text, json!({"uri": text})),
        "template" => ("resources/templates/list", "", json!({"cursor": text})),
        "rows" => ("resources/list", "", json!({"cursor": text})),
        _ => ("tools/list", "", json!({"cursor": text})),
    };
    params["_meta"] = json!({
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientCapabilities": {
            "elicitation": {"form": {}}, "extensions": {"io.modelcontextprotocol/tasks": {}},
        },
    });
    let mut fields: Vec<(&str, &[u8])> = vec![
        ("content-type", b"application/json"),
        ("mcp-protocol-version", b"2026-07-28"),
        ("mcp-method", method.as_bytes()),
    ];
    fields.extend((!name.is_empty()).then_some(("mcp-name", name.as_bytes())));
    let body = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).to_string();
    let world = world();
    let reply = world.wait(async {
        let events = Events::new();
        world.mcp.post(&Head::new(fields), body.as_bytes(), Some(&world.ann), &events).await
    });
    is_no_fault(reply.status, &reply.body);
    let reply: Value = serde_json::from_slice(&reply.body).expect("a reply is JSON");
    // Nobody makes one up.
    let made_up = matches!(kind, "state" | "task") && reply.get("result").is_some();
    assert!(!made_up || reply["result"]["isError"] == true, "{reply}");
});
