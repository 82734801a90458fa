//! What is refused before anybody is asked: foreign origins, foreign hosts, and requests that two readers would read
//! differently.

use crate::client;
use crate::fixture::{self, Server, settings};
use diptych_auth::DevelopmentTokens;
use diptych_mcp::Settings;
use diptych_transport_actix::{HostCheck, Http, HttpSettings, ListenError, Listener};
use std::sync::Arc;

const PING: &str = r#"{"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "it", "version": "0"}}}"#;

#[test]
fn pages_of_other_origins_may_not_write() {
    let allowed_origins = vec!["https://app.example.com".to_owned()];
    let server = Server::with(HttpSettings { allowed_origins, ..settings() });
    let own = format!("http://{}", server.address);
    for (origin, allowed) in [
        (&*own, true),
        ("http://localhost:6274", true),
        ("https://127.0.0.1", true),
        ("http://[::1]:1", true),
        ("https://app.example.com", true),
        ("https://APP.example.com", true),
        ("http://app.example.com", false),
        ("https://app.example.com.evil.example", false),
        ("https://evil.example", false),
        ("http://localhost.evil.example", false),
        ("null", false),
        ("", false),
        ("file://localhost", false),
    ] {
        let fields = [("Origin", origin), ("Accept", "application/json, text/event-stream")];
        let rest = server.send("POST", "/api/notes/1/send", &fields, None);
        let mcp = server.send("POST", "/mcp", &fields, Some(PING));
        assert_eq!((rest.status, mcp.status), if allowed { (404, 200) } else { (403, 403) }, "{origin}");
        if !allowed {
            assert_eq!((rest.problem(), mcp.problem()), ("origin".to_owned(), "origin".to_owned()));
        }
        assert_eq!(server.send("GET", "/api/notes/count", &fields, None).status, 200, "{origin}");
    }
    let twice = [("Origin", &*own), ("Origin", &*own)];
    assert_eq!(server.send("POST", "/api/notes/1/send", &twice, None).status, 403);
}

#[test]
fn a_loopback_server_answers_to_its_own_names() {
    let allowed_hosts = vec!["notes.example".to_owned(), "port.example:8000".to_owned()];
    let server = Server::with(HttpSettings { allowed_hosts, ..settings() });
    for (host, allowed) in [
        ("localhost", true),
        ("LOCALHOST:1", true),
        ("127.0.0.1:9", true),
        ("[::1]", true),
        ("notes.example", true),
        ("notes.example:443", true),
        ("port.example:8000", true),
        ("port.example:8001", false),
        ("evil.example", false),
        ("localhost.evil.example", false),
    ] {
        for path in ["/api/notes/count", "/openapi.json", "/mcp"] {
            let status = server.send("GET", path, &[("Host", host)], None).status;
            assert_eq!(status != 403, allowed, "{host} {path}");
        }
    }
    // The target of the request wins over Host (RFC 9112, section 3.2.2).
    assert_eq!(server.send("GET", "http://evil.example/api/notes/count", &[("Host", "localhost")], None).status, 403);
    assert_eq!(server.send("GET", "http://localhost/api/notes/count", &[("Host", "evil.example")], None).status, 200);
    let unchecked = Server::with(HttpSettings { host_check: HostCheck::Never, ..settings() });
    assert_eq!(unchecked.send("GET", "/api/notes/count", &[("Host", "evil.example")], None).status, 200);
}

#[test]
fn ambiguous_requests_are_refused() {
    let server = Server::start();
    let post = "POST /api/wait HTTP/1.1\r\n";
    for (what, request) in [
        ("two Hosts", format!("{post}Host: localhost\r\nHost: localhost\r\n\r\n")),
        ("no Host", format!("{post}\r\n")),
        (
            "length and chunks",
            format!("{post}Host: localhost\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
        ),
        ("two lengths", format!("{post}Host: localhost\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n12")),
        ("odd chunking", format!("{post}Host: localhost\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n")),
        ("folded header", format!("{post}Host: localhost\r\nX: a\r\n b\r\n\r\n")),
        ("NUL", format!("{post}Host: localhost\r\nX: a\0b\r\n\r\n")),
        ("space before the colon", format!("{post}Host : localhost\r\n\r\n")),
    ] {
        assert_eq!(client::raw(server.address, request.as_bytes()).status, 400, "{what}");
    }
    assert_eq!(server.count(), 0);
}

#[test]
fn development_tokens_stay_on_this_machine() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let file = fixture::file();
        let engine = fixture::engine(&file, fixture::gate().0).await;
        let tokens = Arc::new(DevelopmentTokens::of(&engine));
        let http = Http::new(engine, Settings::new("notes", "1"), settings(), tokens);
        for address in ["0.0.0.0:0", "[::]:0"] {
            let refused = Listener::bind(http.clone(), address.parse().unwrap()).unwrap_err();
            assert!(matches!(refused, ListenError::Development(_)), "{refused}");
            assert!(refused.to_string().contains("for development"), "{refused}");
        }
        let taken = Listener::bind(http.clone(), "127.0.0.1:0".parse().unwrap()).unwrap();
        let refused = Listener::bind(http.clone(), taken.address()).unwrap_err();
        assert!(matches!(refused, ListenError::Io(..)), "{refused}");
        http.engine().db().close().await;
        let _ = std::fs::remove_file(file);
    });
}
