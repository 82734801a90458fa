//! What every answer says to browsers and caches.

use crate::fixture::Server;

const ANN: (&str, &str) = ("Authorization", "Bearer ann");

#[test]
fn every_answer_is_data_and_is_not_kept() {
    let server = Server::start();
    server.add("milk");
    for (method, path, status) in [
        ("GET", "/api/notes/count", 200),
        ("GET", "/api/notes/1.txt", 200),
        ("GET", "/api/notes.pdf", 200),
        ("GET", "/api/whoami", 200),
        ("DELETE", "/api/notes", 204),
        ("GET", "/api/nothing", 404),
        ("POST", "/api/notes/1", 405),
        ("GET", "/api/explode", 500),
        ("GET", "/mcp", 400),
        ("PUT", "/mcp", 405),
        ("GET", "/nothing", 404),
    ] {
        let answer = server.send(method, path, &[ANN], None);
        assert_eq!(answer.status, status, "{path}");
        for (name, value) in [
            ("x-content-type-options", "nosniff"),
            (
                "content-security-policy",
                "default-src 'none'; frame-ancestors 'none'; form-action 'none'; base-uri 'none'",
            ),
            ("referrer-policy", "no-referrer"),
            ("cache-control", "no-store"),
        ] {
            assert_eq!(answer.all(name).collect::<Vec<_>>(), [value], "{method} {path} {name}");
        }
        for banner in ["server", "x-powered-by", "via", "strict-transport-security"] {
            assert_eq!(answer.header(banner), None, "{path}");
        }
    }
}

#[test]
fn the_document_may_be_kept_and_asked_about_again() {
    let server = Server::start();
    let document = server.send("GET", "/openapi.json", &[ANN], None);
    assert_eq!(document.header("cache-control"), Some("no-cache"));
    let tag = document.header("etag").unwrap();
    let again = server.send("GET", "/openapi.json", &[("If-None-Match", tag)], None);
    assert_eq!((again.status, &*again.body, again.header("etag")), (304, "", Some(tag)));
    assert_eq!(again.header("x-content-type-options"), Some("nosniff"));
}
