//! Which pages may read answers.

use crate::client::Response;
use crate::fixture::{Server, settings};
use diptych_auth::{Authenticator, Credentials};
use diptych_spec::{Principal, Result};
use diptych_transport_actix::HttpSettings;
use futures_util::future::BoxFuture;
use std::sync::Arc;

const APP: &str = "https://app.example.com";
const LOCAL: &str = "http://localhost:6274";

/// Not for development; everybody with credentials is ann.
struct Strict;

impl Authenticator for Strict {
    fn authenticate<'a>(&'a self, credentials: &'a Credentials<'a>) -> BoxFuture<'a, Result<Option<Principal>>> {
        let ann = credentials.bearer().map(|token| token.and_then(|_| Principal::new("it", "ann", ["notes:write"])));
        Box::pin(async { ann.transpose() })
    }
}

fn listed() -> HttpSettings {
    HttpSettings { allowed_origins: vec![APP.to_owned()], ..settings() }
}

fn preflight(server: &Server, path: &str, origin: &str, method: &str, fields: &str) -> Response {
    let sent =
        [("Origin", origin), ("Access-Control-Request-Method", method), ("Access-Control-Request-Headers", fields)];
    server.send("OPTIONS", path, &sent, None)
}

#[track_caller]
fn varies_by_origin(response: &Response) {
    assert!(response.all("vary").any(|value| value == "Origin"), "{response:?}");
}

#[test]
fn a_listed_page_may_read() {
    let server = Server::asking(listed(), Some(Arc::new(Strict)));
    for (path, status) in
        [("/api/notes/count", 200), ("/api/whoami", 401), ("/api/nothing", 404), ("/openapi.json", 200), ("/mcp", 400)]
    {
        let read = server.send("GET", path, &[("Origin", APP)], None);
        assert_eq!((read.status, read.header("access-control-allow-origin")), (status, Some(APP)), "{path}");
        let exposed = read.header("access-control-expose-headers").unwrap();
        for name in ["Mcp-Session-Id", "MCP-Protocol-Version", "WWW-Authenticate", "Retry-After", "Location", "ETag"] {
            assert!(exposed.contains(name), "{name}");
        }
        assert_eq!(read.header("access-control-allow-credentials"), None);
        varies_by_origin(&read);
    }
}

#[test]
fn no_other_page_may_read() {
    let server = Server::asking(listed(), Some(Arc::new(Strict)));
    for origin in [
        "https://evil.example",
        "null",
        "",
        "https://app.example.com.evil.example",
        "https://app.example.com/",
        LOCAL,
        "*",
    ] {
        for path in ["/api/notes/count", "/openapi.json", "/mcp", "/nothing"] {
            let read = server.send("GET", path, &[("Origin", origin)], None);
            assert_eq!(read.header("access-control-allow-origin"), None, "{origin} {path}");
            assert_eq!(read.header("access-control-expose-headers"), None, "{origin} {path}");
            varies_by_origin(&read);
        }
        let refused = preflight(&server, "/api/notes", origin, "POST", "authorization");
        assert_eq!((refused.status, &*refused.problem()), (403, "origin"), "{origin}");
        assert_eq!(refused.header("access-control-allow-origin"), None, "{origin}");
        varies_by_origin(&refused);
    }
    let twice = [("Origin", APP), ("Origin", APP)];
    assert_eq!(server.send("GET", "/api/notes/count", &twice, None).header("access-control-allow-origin"), None);
    // A cache must not answer a page with what it has from a program.
    varies_by_origin(&server.get("/api/notes/count"));
}

/// The MCP Inspector is such a page.
#[test]
fn a_page_of_this_machine_may_read_in_development_only() {
    let development = Server::start();
    assert_eq!(preflight(&development, "/mcp", LOCAL, "POST", "mcp-session-id").status, 204);
    let read = development.send("GET", "/api/notes/count", &[("Origin", LOCAL)], None);
    assert_eq!(read.header("access-control-allow-origin"), Some(LOCAL));
    let strict = Server::asking(settings(), Some(Arc::new(Strict)));
    assert_eq!(preflight(&strict, "/mcp", LOCAL, "POST", "mcp-session-id").status, 403);
}

#[test]
fn a_preflight_is_answered_by_nobody_and_runs_nothing() {
    let server = Server::asking(listed(), Some(Arc::new(Strict)));
    for (path, methods) in [
        ("/api/notes", "POST, DELETE"),
        ("/api/notes/1", "GET, HEAD, PATCH"),
        ("/api/whoami", "GET, HEAD"),
        ("/mcp", "POST, GET, DELETE"),
        ("/openapi.json", "GET, HEAD"),
    ] {
        let asked =
            "authorization, Content-Type,mcp-param-region, x-own, cookie, mcp-param-\u{1}, mcp-protocol-version";
        let asked = asked.replace('\u{1}', "(x)");
        let answer = preflight(&server, path, APP, "DELETE", &asked);
        assert_eq!((answer.status, &*answer.body), (204, ""), "{path}");
        assert_eq!(answer.header("access-control-allow-origin"), Some(APP), "{path}");
        assert_eq!(answer.header("access-control-allow-methods"), Some(methods), "{path}");
        assert_eq!(
            answer.header("access-control-allow-headers"),
            Some("authorization, content-type, mcp-param-region, mcp-protocol-version"),
            "{path}"
        );
        assert_eq!(answer.header("access-control-max-age"), Some("600"));
        varies_by_origin(&answer);
        assert!(answer.all("vary").any(|value| value.contains("Access-Control-Request-Headers")));
    }
    assert_eq!(preflight(&server, "/api/nothing", APP, "GET", "").status, 404);
    // The Host is checked all the same.
    let fields = [("Host", "evil.example"), ("Origin", APP), ("Access-Control-Request-Method", "GET")];
    assert_eq!(server.send("OPTIONS", "/api/notes", &fields, None).status, 403);
    // Without the two fields it is a method like others.
    assert_eq!(server.send("OPTIONS", "/api/notes", &[("Origin", APP)], None).status, 405);
    let body = Some(r#"{"text": "x"}"#);
    let asked = [("Origin", APP), ("Access-Control-Request-Method", "POST"), ("Authorization", "Bearer ann")];
    assert_eq!(server.send("OPTIONS", "/api/notes", &asked, body).status, 204);
    assert_eq!(server.count(), 0);
}

#[test]
fn credentials_of_the_browser_and_other_fields_are_for_the_settings_to_allow() {
    let settings = HttpSettings { cors_credentials: true, cors_headers: vec!["X-Own".to_owned()], ..listed() };
    let server = Server::with(settings);
    let answer = preflight(&server, "/api/notes", APP, "POST", "x-own");
    assert_eq!(answer.header("access-control-allow-headers"), Some("x-own"));
    assert_eq!(answer.header("access-control-allow-credentials"), Some("true"));
    // A page of this machine reads in development, and without the user's cookies.
    let answer = preflight(&server, "/api/notes", LOCAL, "POST", "x-own");
    assert_eq!((answer.status, answer.header("access-control-allow-credentials")), (204, None));
}

#[test]
fn a_browser_that_leaves_the_origin_out_is_heard_all_the_same() {
    let server = Server::start();
    for (site, status) in [("cross-site", 403), ("same-origin", 404), ("none", 404)] {
        let fields = [("Sec-Fetch-Site", site)];
        assert_eq!(server.send("POST", "/api/notes/1/send", &fields, None).status, status, "{site}");
    }
}
