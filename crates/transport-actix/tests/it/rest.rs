//! REST: statuses, problems, and what goes where.

use crate::client;
use crate::fixture::{Server, settings};
use diptych_transport_actix::HttpSettings;
use std::io::Write as _;
use std::time::{Duration, Instant};

const ANN: (&str, &str) = ("Authorization", "Bearer ann");

#[test]
fn a_created_row_is_located() {
    let server = Server::start();
    let created = server.add("milk");
    assert_eq!(created.status, 201);
    assert_eq!(created.header("content-type"), Some("application/json"));
    assert_eq!(created.header("location"), Some("/api/notes/1"));
    assert_eq!(created.body, r#"{"id":1,"text":"milk"}"#);
    for path in ["/api/notes/1", "/api/n/1.json", "/api/n/%31.json", "/v/acme/api/notes/1", "/api/notes/1?"] {
        let read = server.get(path);
        assert_eq!((read.status, &*read.body), (200, r#"{"id":1,"text":"milk"}"#), "{path}");
    }
    // The mount as the client wrote it.
    let body = Some(r#"{"text": "eggs"}"#);
    let created = server.send("POST", "/v/acme%20inc/api/notes", &[ANN], body);
    assert_eq!(created.header("location"), Some("/v/acme%20inc/api/notes/2"));
}

#[test]
fn an_answer_is_of_its_media_type() {
    let server = Server::start();
    server.add("crème");
    for (path, content_type, body) in [
        ("/api/notes/1.txt", "text/plain; charset=utf-8", "crème"),
        ("/api/notes.pdf", "application/pdf", "%PDF\0"),
        ("/api/notes/sketch", "application/json", r#"[{"type":"text","text":"a sketch"}]"#),
    ] {
        let read = server.get(path);
        assert_eq!((read.status, read.header("content-type"), &*read.body), (200, Some(content_type), body), "{path}");
    }
    assert_eq!(server.get("/api/notes/7.txt").header("content-type"), Some("application/problem+json"));
}

#[test]
fn every_status_has_its_request() {
    let server = Server::start();
    server.add("milk");
    server.add("empty");
    let long = format!(r#"{{"text": "{}"}}"#, "x".repeat(21));
    let text = r#"{"text": "x"}"#;
    let plain = ("Content-Type", "text/plain");
    type Case<'c> = (&'c str, &'c str, &'c [(&'c str, &'c str)], Option<&'c str>, u16, &'c str);
    let cases: &[Case<'_>] = &[
        // method, path, header fields, body, status, code of the problem
        ("PATCH", "/api/notes/1", &[], Some(text), 204, ""),
        ("DELETE", "/api/whoami", &[], None, 405, "method_not_allowed"),
        ("OPTIONS", "/api/notes", &[], None, 405, "method_not_allowed"),
        ("POST", "/api/notes/1", &[], None, 405, "method_not_allowed"),
        ("GET", "/api/nothing", &[], None, 404, "not_found"),
        ("GET", "/api", &[], None, 404, "not_found"),
        ("GET", "/api/notes/1/", &[], None, 404, "not_found"),
        ("GET", "/nothing", &[], None, 404, "not_found"),
        ("GET", "/apiary", &[], None, 404, "not_found"),
        ("GET", "/api/notes/77", &[], None, 404, "not_found"),
        ("POST", "/api/notes/77/send", &[], None, 404, "not_found"),
        ("POST", "/api/notes/2/send", &[], None, 409, "empty"),
        ("GET", "/api/notes/x", &[], None, 422, "invalid"),
        ("GET", "/api/notes/%FF", &[], None, 400, "bad_request"),
        ("GET", "/api/echo?q=%FF", &[], None, 400, "bad_request"),
        ("GET", "/api/favourite", &[], None, 409, "input_required"),
        ("GET", "/api/echo?nope=1", &[], None, 422, "invalid"),
        ("GET", "/api/echo?q=1&q=2", &[], None, 422, "invalid"),
        ("GET", "/api/notes/1?id=2", &[], None, 422, "invalid"),
        ("GET", "/api/notes/count?", &[], None, 200, ""),
        ("POST", "/api/notes", &[ANN], None, 422, "invalid"),
        ("POST", "/api/notes", &[ANN], Some("{"), 400, "bad_request"),
        ("POST", "/api/notes", &[ANN], Some("[]"), 422, "invalid"),
        ("POST", "/api/notes", &[ANN], Some(&long), 422, "invalid"),
        ("POST", "/api/notes", &[ANN], Some(r#"{"text":"a","text":"b"}"#), 422, "invalid"),
        ("POST", "/api/notes", &[ANN, plain], Some(text), 415, "unsupported_media_type"),
        (
            "POST",
            "/api/notes",
            &[ANN, ("Content-Type", "application/json-patch+json")],
            Some(text),
            415,
            "unsupported_media_type",
        ),
        ("POST", "/api/notes", &[ANN, ("Content-Encoding", "gzip")], Some(text), 415, "unsupported_media_type"),
        ("POST", "/api/notes", &[ANN, ("Content-Type", "Application/JSON; charset=utf-8")], Some(text), 201, ""),
        ("POST", "/api/notes?text=x", &[ANN], None, 422, "invalid"),
        ("POST", "/api/notes", &[], Some(text), 401, "unauthenticated"),
        // Nobody reads the body of a caller who may not call.
        ("POST", "/api/notes", &[plain], Some(text), 401, "unauthenticated"),
        ("POST", "/api/notes", &[("Authorization", "Bearer ann+notes:read")], Some(text), 403, "insufficient_scope"),
        ("DELETE", "/api/notes", &[ANN], Some("{}"), 204, ""),
        ("DELETE", "/api/notes", &[ANN], Some(text), 422, "invalid"),
        ("GET", "/api/explode", &[], None, 500, "internal"),
    ];
    for (method, path, fields, body, status, code) in cases {
        let response = server.send(method, path, fields, *body);
        let request = format!("{method} {path} {fields:?} {body:?}");
        assert_eq!(response.status, *status, "{request}: {response:?}");
        if *status >= 400 {
            assert_eq!(response.problem(), *code, "{request}");
        }
        if *status == 204 {
            assert_eq!((response.header("content-type"), &*response.body), (None, ""), "{request}");
        }
    }
    let fault = server.get("/api/explode");
    assert!(!fault.body.contains("hunter2"));
    assert!(fault.json()["error_id"].is_string());
    let refused = server.send("POST", "/api/notes/1", &[], None);
    assert_eq!(refused.header("allow"), Some("GET, HEAD, PATCH"));
}

#[test]
fn the_query_is_decoded_by_type() {
    let server = Server::start();
    for (query, answer) in [
        ("", r#"{"ids":null,"q":null,"at":null}"#),
        ("ids=3", r#"{"ids":[3],"q":null,"at":null}"#),
        ("ids=1&q=a+b%2Bc&ids=2", r#"{"ids":[1,2],"q":"a b+c","at":null}"#),
        ("&q=%C3%BC%26&", r#"{"ids":null,"q":"ü&","at":null}"#),
        ("at=%7B%22x%22%3A1%7D", r#"{"ids":null,"q":null,"at":{"x":1}}"#),
        ("q", r#"{"ids":null,"q":"","at":null}"#),
    ] {
        let echoed = server.get(&format!("/api/echo?{query}"));
        assert_eq!((echoed.status, &*echoed.body), (200, answer), "{query}");
    }
    let refused = server.get("/api/echo?ids=1&ids=x&nope=1").json();
    assert_eq!(refused["errors"][0]["pointer"], "/ids/1");
    assert_eq!(refused["errors"][1]["pointer"], "/nope");
}

#[test]
fn a_get_has_no_body() {
    let server = Server::start();
    let ignored = server.send("GET", "/api/notes/count", &[("Content-Type", "text/plain")], Some("what?"));
    assert_eq!((ignored.status, &*ignored.body), (200, "0"));
    let head = server.send("HEAD", "/api/notes/count", &[], None);
    assert_eq!((head.status, &*head.body), (200, ""));
    assert_eq!(head.header("content-length"), Some("1"));
}

#[test]
fn callers_are_told_what_to_bring() {
    let server = Server::start();
    let challenge = |token: Option<&str>, path| {
        let fields: Vec<_> = token.map(|token| ("Authorization", token)).into_iter().collect();
        let response = server.send(if path == "/api/notes" { "POST" } else { "GET" }, path, &fields, None);
        (response.status, response.header("www-authenticate").map(str::to_owned))
    };
    let told = |challenge: &str| Some(challenge.to_owned());
    let invalid = |why: &str| (401, told(&format!(r#"Bearer error="invalid_token", error_description="{why}""#)));
    let name = "a development token is a name of letters, digits, `-`, `.`, `_` and `@`, then scopes after `+`";
    assert_eq!(challenge(None, "/api/whoami"), (401, told("Bearer")));
    assert_eq!(challenge(None, "/api/notes"), (401, told(r#"Bearer scope="notes:write""#)));
    assert_eq!(challenge(Some("Basic YTpi"), "/api/whoami"), (401, told("Bearer")));
    let malformed = "the bearer token is malformed";
    for (token, why) in [("Bearer", malformed), ("Bearer a b", malformed), ("Bearer +x", name), ("Bearer a/b", name)] {
        assert_eq!(challenge(Some(token), "/api/whoami"), invalid(why), "{token}");
    }
    // Bad credentials are refused even where none are needed.
    assert_eq!(challenge(Some("Bearer a/b"), "/api/notes/count"), invalid(name));
    let scope = told(
        r#"Bearer error="insufficient_scope", scope="notes:write", error_description="this needs the scope notes:write""#,
    );
    assert_eq!(challenge(Some("Bearer ann+notes:read"), "/api/notes"), (403, scope));
    let twice = [ANN, ANN];
    assert_eq!(server.send("GET", "/api/whoami", &twice, None).status, 401);
    for (token, answer) in [
        ("Bearer ann", r#"["development","ann","notes:write"]"#),
        ("bearer ann@example.com+x+a:b", r#"["development","ann@example.com","a:b","x"]"#),
        ("Bearer ann+", r#"["development","ann"]"#),
    ] {
        assert_eq!(server.send("GET", "/api/whoami", &[("Authorization", token)], None).body, answer);
    }
}

#[test]
fn bodies_have_a_limit_and_a_deadline() {
    let settings = HttpSettings { body_limit: 30, body_deadline: Duration::from_millis(100), ..settings() };
    let server = Server::with(settings);
    assert_eq!(server.add("short").status, 201);
    let announced = server.add(&"x".repeat(30));
    assert_eq!((announced.status, &*announced.problem()), (413, "body_too_large"));
    let head = "POST /api/notes HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ann\r\nContent-Type: application/json\r\n";
    let chunks = format!("{head}Transfer-Encoding: chunked\r\n\r\n10\r\n{}\r\n10\r\n{0}\r\n", " ".repeat(16));
    assert_eq!(client::raw(server.address, chunks.as_bytes()).problem(), "body_too_large");
    let chunks = format!(
        "{head}Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n8\r\n{{\"text\":\r\n4\r\n\"x\"}}\r\n0\r\n\r\n"
    );
    assert_eq!(client::raw(server.address, chunks.as_bytes()).status, 201);
    let mut socket = client::connect(server.address);
    socket.write_all(format!("{head}Content-Length: 20\r\n\r\n{{\"te").as_bytes()).unwrap();
    let slow = client::read(socket);
    assert_eq!((slow.status, &*slow.problem()), (408, "body_timeout"));
    assert_eq!(slow.header("connection"), Some("close"));
    let mut not_utf8 = format!("{head}Connection: close\r\nContent-Length: 4\r\n\r\n").into_bytes();
    not_utf8.extend_from_slice(b"\"\xFF\"}");
    assert_eq!(client::raw(server.address, &not_utf8).status, 400);
    assert_eq!(server.count(), 2);
}

/// actix alone would wait for the rest of a chunked body for ever.
#[test]
fn a_refused_body_does_not_hold_the_connection() {
    let server = Server::start();
    for (method, path, status) in [
        ("POST", "/api/notes", 401),
        ("POST", "/api/nothing", 404),
        ("PUT", "/mcp", 405),
        ("POST", "/openapi.json", 405),
        ("GET", "/api/notes/count", 200),
    ] {
        let began = Instant::now();
        let unfinished =
            format!("{method} {path} HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n4\r\n1234\r\n");
        let refused = client::raw(server.address, unfinished.as_bytes());
        assert_eq!((refused.status, refused.header("connection")), (status, Some("close")), "{method} {path}");
        assert!(began.elapsed() < Duration::from_secs(10), "{method} {path}");
    }
}

#[test]
fn a_route_of_the_application_comes_first() {
    let server = Server::start();
    assert_eq!(server.get("/api/own").body, "own");
}

#[test]
fn a_client_that_goes_away_leaves_nothing() {
    let server = Server::start();
    let mut socket = client::connect(server.address);
    socket.write_all(server.request("POST", "/api/wait", &[], None).as_bytes()).unwrap();
    Server::wait_for(&server.started);
    drop(socket);
    Server::wait_for(&server.dropped);
    // Waits for the write lock, which the rollback gives back.
    assert_eq!(server.add("after").json()["id"], 1);
    assert_eq!(server.count(), 1);
}
