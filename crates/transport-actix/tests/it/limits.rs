//! How much one request may bring, and requests that are odd.

use crate::client;
use crate::fixture::{Server, settings};
use diptych_transport_actix::HttpSettings;

#[test]
fn a_target_is_not_too_long() {
    let server = Server::with(HttpSettings { uri_limit: 200, query_limit: 3, ..settings() });
    for path in ["/api/echo", "/openapi.json", "/mcp", "/nothing"] {
        let long = server.get(&format!("{path}?q={}", "x".repeat(200)));
        assert_eq!((long.status, &*long.problem()), (400, "query_too_long"), "{path}");
        let long = server.get(&format!("{path}/{}", "x".repeat(200)));
        assert_eq!((long.status, &*long.problem()), (414, "uri_too_long"), "{path}");
        let many = server.get(&format!("{path}?a&b&c&d"));
        assert_eq!((many.status, &*many.problem()), (400, "query_too_long"), "{path}");
    }
    assert_eq!(server.get("/api/echo?ids=1&&ids=2&q=x").status, 200);
    // Beyond what is parsed at all.
    let request = format!("GET /{} HTTP/1.1\r\nHost: localhost\r\n\r\n", "x".repeat(70_000));
    assert!(matches!(client::raw(server.address, request.as_bytes()).status, 400 | 414 | 431));
}

#[test]
fn heads_are_bounded() {
    let server = Server::start();
    let head =
        |fields: &str| format!("GET /api/notes/count HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{fields}\r\n");
    let fields = |count: usize| (0..count).map(|at| format!("X-{at}: y\r\n")).collect::<String>();
    for (what, request, status) in [
        ("some", head(&fields(80)), 200),
        ("many", head(&fields(120)), 431),
        ("long", head(&format!("X: {}\r\n", "y".repeat(200_000))), 431),
    ] {
        assert_eq!(client::raw(server.address, request.as_bytes()).status, status, "{what}");
    }
}

#[test]
fn no_field_changes_the_method_or_the_name() {
    let server = Server::start();
    server.add("milk");
    for name in ["X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override"] {
        let answer = server.send("GET", "/api/notes/1", &[(name, "PATCH")], Some(r#"{"text":"changed"}"#));
        assert_eq!(answer.body, r#"{"id":1,"text":"milk"}"#, "{name}");
    }
    let forwarded = [("Host", "evil.example"), ("X-Forwarded-Host", "localhost"), ("Forwarded", "host=localhost")];
    assert_eq!(server.send("GET", "/api/notes/count", &forwarded, None).status, 403);
    for name in ["X-Forwarded-Host", "X-Original-URL", "X-Rewrite-URL"] {
        let answer = server.send("GET", "/api/notes/count", &[(name, "/api/whoami")], None);
        assert_eq!((answer.status, &*answer.body), (200, "1"), "{name}");
    }
}

#[test]
fn odd_methods_and_versions_are_refused_or_served_as_they_should() {
    let server = Server::start();
    for (what, request, statuses) in [
        ("TRACE", "TRACE /api/notes/count HTTP/1.1\r\nHost: localhost\r\n\r\n", &[405_u16] as &[u16]),
        ("TRACE nowhere", "TRACE / HTTP/1.1\r\nHost: localhost\r\n\r\n", &[404]),
        ("TRACE of MCP", "TRACE /mcp HTTP/1.1\r\nHost: localhost\r\n\r\n", &[405]),
        ("CONNECT", "CONNECT evil.example:443 HTTP/1.1\r\nHost: localhost\r\n\r\n", &[400, 403, 404, 405, 501]),
        ("its own method", "BREW /api/notes/count HTTP/1.1\r\nHost: localhost\r\n\r\n", &[405]),
        ("small letters", "get /api/notes/count HTTP/1.1\r\nHost: localhost\r\n\r\n", &[400, 405]),
        ("HTTP/1.0", "GET /api/notes/count HTTP/1.0\r\nHost: localhost\r\n\r\n", &[200]),
        ("HTTP/1.0 without Host", "GET /api/notes/count HTTP/1.0\r\n\r\n", &[400, 403]),
        ("HTTP/0.9", "GET /api/notes/count\r\n\r\n", &[400]),
        ("HTTP/3 by name", "GET /api/notes/count HTTP/3.0\r\nHost: localhost\r\n\r\n", &[400, 505]),
        ("empty Host", "GET /api/notes/count HTTP/1.1\r\nHost:\r\n\r\n", &[400, 403]),
        (
            "user in the target",
            "GET http://a@localhost/api/notes/count HTTP/1.1\r\nHost: localhost\r\n\r\n",
            &[400, 403],
        ),
        ("bare LF in a field", "GET /api/notes/count HTTP/1.1\r\nHost: localhost\r\nX: a\nY: b\r\n\r\n", &[200, 400]),
        ("asterisk", "OPTIONS * HTTP/1.1\r\nHost: localhost\r\n\r\n", &[400, 404, 405]),
    ] {
        // Without Connection: close, which would be a field more; a second request ends the connection.
        let request = request.replacen("\r\nHost", "\r\nConnection: close\r\nHost", 1);
        let answer = client::raw(server.address, request.as_bytes());
        assert!(statuses.contains(&answer.status), "{what}: {answer:?}");
        assert!(!answer.body.contains("BREW"), "{what}");
    }
}

#[test]
fn smuggled_requests_are_not_found() {
    let server = Server::start();
    let post = "POST /api/wait HTTP/1.1\r\nHost: localhost\r\n";
    let hidden = "GET /api/notes/count HTTP/1.1\r\nHost: localhost\r\n\r\n";
    for (what, fields) in [
        ("TE and CL", format!("Transfer-Encoding: chunked\r\nContent-Length: {}\r\n", hidden.len())),
        ("CL with a sign", format!("Content-Length: +{}\r\n", hidden.len())),
        ("CL as a list", "Content-Length: 5, 5\r\n".to_owned()),
        ("CL in hexadecimal", "Content-Length: 0x5\r\n".to_owned()),
        ("negative CL", "Content-Length: -1\r\n".to_owned()),
        ("CL beyond numbers", "Content-Length: 99999999999999999999999\r\n".to_owned()),
        ("TE twice", "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n".to_owned()),
        ("TE not last", "Transfer-Encoding: chunked, gzip\r\n".to_owned()),
        ("TE with a tab", "Transfer-Encoding:\tx\r\n".to_owned()),
        ("TE of HTTP/1.0 kind", "Transfer-Encoding: identity, chunked, x\r\n".to_owned()),
    ] {
        let answer = client::raw(server.address, format!("{post}{fields}\r\n{hidden}").as_bytes());
        assert!(matches!(answer.status, 400 | 501), "{what}: {answer:?}");
        assert!(!answer.body.contains("HTTP/1.1 200"), "{what}: {answer:?}");
    }
    for chunks in [
        "5;\nx\r\nhello\r\n0\r\n\r\n",
        "-1\r\n\r\n",
        "0x5\r\nhello\r\n0\r\n\r\n",
        "ffffffffffffffffff\r\n",
        "5\r\nhelloX0\r\n\r\n",
    ] {
        let request = format!(
            "POST /api/notes HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ann\r\nContent-Type: application/json\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n{chunks}"
        );
        assert_eq!(client::raw(server.address, request.as_bytes()).status, 400, "{chunks:?}");
    }
    assert_eq!(server.count(), 0);
}

#[test]
fn a_client_that_asks_before_it_sends_is_told() {
    let server = Server::start();
    let body = r#"{"text":"milk"}"#;
    let fields = [("Authorization", "Bearer ann"), ("Expect", "100-continue")];
    let answer = server.send("POST", "/api/notes", &fields, Some(body));
    // The interim answer, then the real one.
    assert_eq!(answer.status, 100);
    assert!(answer.body.starts_with("HTTP/1.1 201"), "{answer:?}");
}
