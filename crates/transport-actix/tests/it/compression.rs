//! Answers as gzip.

use crate::client;
use crate::fixture::{Server, settings};
use crate::mcp;
use diptych_transport_actix::HttpSettings;
use flate2::read::GzDecoder;
use std::io::{Read as _, Write as _};

const GZIP: (&str, &str) = ("Accept-Encoding", "gzip, deflate, br");

fn server() -> Server {
    Server::with(HttpSettings { compression: true, ..settings() })
}

/// A response whose body need not be text: the head, and the body without its chunks.
fn raw(server: &Server, method: &str, path: &str, fields: &[(&str, &str)], body: Option<&str>) -> (String, Vec<u8>) {
    let mut socket = client::connect(server.address);
    socket.write_all(server.request(method, path, fields, body).as_bytes()).unwrap();
    let mut bytes = Vec::new();
    let _ = socket.read_to_end(&mut bytes);
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n").unwrap();
    let (head, mut rest) = (String::from_utf8(bytes[..end].to_vec()).unwrap().to_lowercase(), &bytes[end + 4..]);
    if !head.contains("transfer-encoding: chunked") {
        return (head, rest.to_vec());
    }
    let mut whole = Vec::new();
    while let Some(line) = rest.windows(2).position(|two| two == b"\r\n") {
        let length = usize::from_str_radix(std::str::from_utf8(&rest[..line]).unwrap(), 16).unwrap();
        whole.extend_from_slice(&rest[line + 2..line + 2 + length]);
        rest = &rest[line + 4 + length..];
    }
    (head, whole)
}

fn plain(gzip: &[u8]) -> String {
    let mut text = String::new();
    GzDecoder::new(gzip).read_to_string(&mut text).unwrap();
    text
}

#[test]
fn long_answers_are_compressed_for_who_takes_it() {
    let server = server();
    let tree = format!(r#"{{"name":"{}","branches":[]}}"#, "wood ".repeat(40_000));
    let body = format!(r#"{{"tree":{tree}}}"#);
    let (head, gzip) = raw(&server, "PUT", "/api/trees", &[GZIP], Some(&body));
    assert!(head.contains("content-encoding: gzip") && head.contains("vary: accept-encoding"), "{head}");
    assert!(gzip.len() < tree.len() / 20);
    assert_eq!(plain(&gzip), tree);
    for fields in [&[] as &[(&str, &str)], &[("Accept-Encoding", "gzip;q=0")], &[("Accept-Encoding", "zstd")]] {
        let (head, same) = raw(&server, "PUT", "/api/trees", fields, Some(&body));
        assert!(!head.contains("content-encoding") && head.contains("vary: accept-encoding"), "{head}");
        assert_eq!(same, tree.as_bytes());
    }
    let (head, _) = raw(&server, "GET", "/api/notes/count", &[GZIP], None);
    assert!(!head.contains("content-encoding"), "a short one is left alone: {head}");
    let (head, body) = raw(&server, "HEAD", "/openapi.json", &[GZIP], None);
    assert!(head.contains("content-encoding: gzip") && body.is_empty(), "{head}");
}

#[test]
fn what_is_compressed_has_a_tag_of_its_own() {
    let server = server();
    let (head, gzip) = raw(&server, "GET", "/openapi.json", &[GZIP], None);
    let tag = head.lines().find_map(|line| line.strip_prefix("etag: ")).unwrap();
    assert!(tag.starts_with('"') && tag.ends_with("-gzip\""), "{tag}");
    assert!(plain(&gzip).starts_with("{\"openapi\""));
    let (head, body) = raw(&server, "GET", "/openapi.json", &[GZIP, ("If-None-Match", tag)], None);
    assert!(head.starts_with("http/1.1 304") && !head.contains("content-encoding") && body.is_empty(), "{head}");
    assert!(head.contains(&format!("etag: {tag}")) && head.contains("vary: accept-encoding"), "{head}");
}

/// Credentials that a browser adds by itself: BREACH.
#[test]
fn answers_to_ambient_credentials_are_not_compressed() {
    let server = server();
    for fields in [&[GZIP, ("Cookie", "a=b")] as &[(&str, &str)], &[GZIP, ("Authorization", "Basic YTpi")]] {
        let (head, _) = raw(&server, "GET", "/openapi.json", fields, None);
        assert!(!head.contains("content-encoding"), "{head}");
    }
    let (head, _) = raw(&server, "GET", "/openapi.json", &[GZIP, ("Authorization", "Bearer ann")], None);
    assert!(head.contains("content-encoding: gzip"), "{head}");
}

#[test]
fn an_event_stream_is_left_alone() {
    let server = server();
    let session = mcp::initialize(&server);
    let fields = [GZIP, ("Accept", "text/event-stream"), ("Mcp-Session-Id", &*session)];
    let mut socket = client::connect(server.address);
    socket.write_all(server.request("GET", "/mcp", &fields, None).as_bytes()).unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        socket.read_exact(&mut byte).unwrap();
        head.extend_from_slice(&byte);
    }
    let head = String::from_utf8(head).unwrap().to_lowercase();
    assert!(head.contains("content-type: text/event-stream") && head.contains("content-encoding: identity"), "{head}");
    assert!(head.contains("cache-control: no-cache, no-store, no-transform"), "{head}");
}

#[test]
fn it_is_off_unless_it_is_asked_for() {
    let (head, _) = raw(&Server::start(), "GET", "/openapi.json", &[GZIP], None);
    assert!(!head.contains("content-encoding") && !head.contains("accept-encoding"), "{head}");
}

#[test]
fn compressed_bodies_are_refused() {
    let server = server();
    let fields = [("Authorization", "Bearer ann"), ("Content-Encoding", "gzip")];
    for path in ["/api/notes", "/mcp"] {
        assert_eq!(server.send("POST", path, &fields, Some("{}")).status, 415, "{path}");
    }
}
