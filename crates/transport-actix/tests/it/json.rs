//! JSON that two readers would read differently, or that is larger than it looks.

use crate::client;
use crate::fixture::{Server, settings};
use diptych_spec::JsonLimits;
use diptych_transport_actix::HttpSettings;
use serde_json::json;

fn plant(server: &Server, body: &str) -> client::Response {
    server.send("PUT", "/api/trees", &[], Some(body))
}

#[test]
fn a_name_is_there_once_at_any_depth() {
    let server = Server::start();
    let leaf = r#"{"name":"x","branches":[]}"#;
    assert_eq!(plant(&server, &format!(r#"{{"tree":{leaf}}}"#)).status, 200);
    for (body, pointer) in [
        (format!(r#"{{"tree":{leaf},"tree":{leaf}}}"#), "/tree"),
        (r#"{"tree":{"name":"secret1","name":"secret2","branches":[]}}"#.to_owned(), "/tree/name"),
        (r#"{"tree":{"name":"secret1","n\u0061me":"secret2","branches":[]}}"#.to_owned(), "/tree/name"),
        (
            format!(
                r#"{{"tree":{{"name":"a","branches":[{leaf},{{"name":"b","branches":[],"branches":[{leaf}]}}]}}}}"#
            ),
            "/tree/branches/1/branches",
        ),
    ] {
        let refused = plant(&server, &body);
        assert_eq!((refused.status, &*refused.problem()), (422, "invalid"), "{body}");
        let error = refused.json()["errors"][0].clone();
        assert_eq!((&error["pointer"], &error["code"]), (&json!(pointer), &json!("duplicate")), "{body}");
        assert!(!refused.body.contains("secret"), "{refused:?}");
    }
    // JSON in a query, too.
    let refused = server.get("/api/echo?at=%7B%22x%22%3A1%2C%22x%22%3A2%7D");
    assert_eq!((refused.status, &*refused.problem()), (422, "invalid"));
}

#[test]
fn size_is_bounded_before_anything_is_made_of_it() {
    let limits = JsonLimits { depth: 10, values: 50, name: 20, ..JsonLimits::default() };
    let server = Server::with(HttpSettings { json: limits, ..settings() });
    let deep = |levels: usize| format!(r#"{{"tree":{}1{}}}"#, "[".repeat(levels), "]".repeat(levels));
    for (what, body, status) in [
        ("within", deep(9), 422),
        ("deep", deep(10), 400),
        ("very deep", "[".repeat(100_000), 400),
        ("wide", format!(r#"{{"tree":[{}0]}}"#, "0,".repeat(50)), 400),
        ("long name", format!(r#"{{"{}":0}}"#, "x".repeat(21)), 400),
        ("long number", format!(r#"{{"tree":{}}}"#, "9".repeat(300)), 400),
        ("huge number", r#"{"tree":1e999}"#.to_owned(), 400),
        ("half a surrogate", r#"{"tree":"\ud800"}"#.to_owned(), 400),
        ("byte order mark", "\u{feff}{}".to_owned(), 400),
        ("nothing but spaces", " ".to_owned(), 400),
    ] {
        let refused = plant(&server, &body);
        assert_eq!(refused.status, status, "{what}: {refused:?}");
    }
    let call = |arguments: &str| {
        let body = format!(
            r#"{{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{{"name":"trees.plant","arguments":{arguments}}}}}"#
        );
        server.send("POST", "/mcp", &[], Some(&body)).json()["error"]["code"].clone()
    };
    assert_eq!(call(&deep(8)), -32700);
    assert_eq!(call(&format!("[{}0]", "0,".repeat(50))), -32700);
    // There is no session; the rest was fine.
    assert_eq!(call(&deep(5)), -32600);
}
