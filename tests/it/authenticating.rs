//! Who calls: several authenticators in order, what keeps a server from starting, and credentials that a browser sends by itself.

use diptych::{
    AnswerValue, Anyone, ApiKeys, Authenticator, Conn, Credentials, Db, DevelopmentTokens, Error, GET, HttpSettings,
    MCPServer, Mistake, Operations, POST, Principal, Result, SelectorSpec, ServiceSpec, StartError, Tx,
};
use diptych_testkit::{RunningServer, TestDatabase, request};
use serde_json::{Value, json};
use std::future::{Future, ready};
use std::pin::Pin;

type Answer<'a, T> = Pin<Box<dyn Future<Output = Result<T>> + Send + 'a>>;

/// Takes bearer tokens that begin with its name and a colon.
struct Tokens(&'static str);

impl Authenticator for Tokens {
    fn authenticate<'a>(&'a self, headers: &'a Credentials<'a>) -> Answer<'a, Option<Principal>> {
        let token =
            headers.bearer().and_then(Result::ok).and_then(|token| token.strip_prefix(self.0)?.strip_prefix(':'));
        Box::pin(ready(match token {
            None => Ok(None),
            Some("bad") => Err(Credentials::invalid_token("bad")),
            Some(user) => Principal::new(self.0, user, [] as [&str; 0]).map(Some),
        }))
    }
}

/// People who signed in: the session is in a cookie.
struct Sessions;

impl Authenticator for Sessions {
    fn authenticate<'a>(&'a self, headers: &'a Credentials<'a>) -> Answer<'a, Option<Principal>> {
        let user = headers.cookie("session");
        Box::pin(ready(match user {
            None => Ok(None),
            Some("gone") => Err(Credentials::invalid_token("the session has ended")),
            Some(user) => Principal::new("sessions", user, [] as [&str; 0]).map(Some),
        }))
    }
}

/// Cannot begin, or should not.
struct Broken(&'static str);

impl Authenticator for Broken {
    fn authenticate<'a>(&'a self, _: &'a Credentials<'a>) -> Answer<'a, Option<Principal>> {
        Box::pin(ready(Ok(None)))
    }
    fn start<'a>(&'a self, _: &'a Db) -> Answer<'a, ()> {
        Box::pin(ready(Err(Error::conflict("down", "the directory is down"))))
    }
    fn mistakes(&self) -> Vec<Mistake> {
        if self.0.is_empty() { Vec::new() } else { vec![Mistake::new("the directory", self.0)] }
    }
}

async fn whoami(_: &mut Conn, who: Option<Principal>) -> Result<AnswerValue<String>> {
    let named = |who: Principal| format!("{}/{}", who.issuer(), who.subject());
    Ok(AnswerValue(who.map_or("nobody".to_owned(), named)))
}

async fn change(_: &mut Tx, who: Option<Principal>) -> Result<bool> {
    Ok(who.is_some())
}

fn operations() -> Operations {
    Operations::new()
        .add(SelectorSpec::from_fn("whoami", whoami).allow(Anyone).rest(GET, "/whoami"))
        .add(ServiceSpec::from_fn("change", change).allow(Anyone).rest(POST, "/change"))
}

#[tokio::test]
async fn the_first_that_finds_credentials_of_its_kind_decides() {
    let database = TestDatabase::sqlite();
    let builder = MCPServer::builder("who", "1").database_url(database.url()).mount(operations());
    let builder = builder.auth(Tokens("a")).auth(ApiKeys::new()).auth(Tokens("b")).auth(Sessions).auth(Tokens("a"));
    let server = RunningServer::start(builder).await;
    let bearer = |token: &str| vec![("Authorization", format!("Bearer {token}"))];
    let cookie = |value: &str| vec![("Cookie", format!("session={value}"))];
    let whoami = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "whoami", "_meta": {
        "io.modelcontextprotocol/protocolVersion": "2026-07-28", "io.modelcontextprotocol/clientCapabilities": {},
    }}});
    for (fields, who) in [
        (vec![], Ok("nobody")),
        (bearer("a:ann"), Ok("a/ann")),
        (bearer("b:ann"), Ok("b/ann")),
        (cookie("ann"), Ok("sessions/ann")),
        ([bearer("b:bob"), cookie("ann")].concat(), Ok("b/bob")),
        // Refused by the one whose it is: no other is asked.
        (bearer("a:bad"), Err(401)),
        (bearer("dk_what"), Err(401)),
        (cookie("gone"), Err(401)),
        ([bearer("a:bad"), cookie("ann")].concat(), Err(401)),
        // Nobody's.
        (bearer("c:ann"), Err(401)),
        (bearer("a b"), Err(401)),
        // Not a bearer token.
        (vec![("Authorization", "Basic YTpi".to_owned())], Ok("nobody")),
    ] {
        let mut headers: Vec<_> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let reply = request(server.socket(), "GET", "/api/whoami", &headers, None).await;
        let answered = if reply.status == 200 { Ok(reply.json()) } else { Err(reply.status) };
        assert_eq!(answered, who.map(Value::from), "{fields:?}");
        headers.extend([
            ("Content-Type", "application/json"),
            ("MCP-Protocol-Version", "2026-07-28"),
            ("Mcp-Method", "tools/call"),
            ("Mcp-Name", "whoami"),
            ("Sec-Fetch-Site", "same-origin"),
        ]);
        let reply = request(server.socket(), "POST", "/mcp", &headers, Some(&whoami.to_string())).await;
        let text = |reply: Value| reply["result"]["content"][0]["text"].as_str().map(|text| text.replace('"', ""));
        let answered = if reply.status == 200 { Ok(text(reply.json()).unwrap()) } else { Err(reply.status) };
        assert_eq!(answered, who.map(str::to_owned), "{fields:?}");
    }
}

#[tokio::test]
async fn a_page_elsewhere_cannot_use_the_session_of_a_browser() {
    let database = TestDatabase::sqlite();
    let http = HttpSettings {
        allowed_origins: vec!["https://app.example".to_owned()],
        allowed_hosts: vec!["api.example".to_owned()],
        ..HttpSettings::default()
    };
    let builder = MCPServer::builder("who", "1").database_url(database.url()).mount(operations()).http(http);
    let server = RunningServer::start(builder.auth(Tokens("a")).auth(Sessions)).await;
    let (cookie, token) = (("Cookie", "session=ann"), ("Authorization", "Bearer a:ann"));
    let (own, other) = (("Host", "api.example"), ("Host", "127.0.0.1"));
    let code = async |method: &str, headers: &[(&str, &str)]| {
        let path = if method == "GET" { "/api/whoami" } else { "/api/change" };
        let mut all = vec![("Content-Type", "application/json")];
        all.extend_from_slice(headers);
        let reply = request_to(server.socket(), method, path, &all).await;
        if reply.0 == 200 { "fine".to_owned() } else { reply.1["code"].as_str().unwrap().to_owned() }
    };
    for (headers, expected) in [
        // A browser that says nothing, or something else than that the page is the server's.
        (&[own, cookie] as &[_], "cross_site"),
        (&[own, cookie, ("Sec-Fetch-Site", "cross-site")], "origin"),
        (&[own, cookie, ("Sec-Fetch-Site", "same-site")], "cross_site"),
        (&[own, cookie, ("Sec-Fetch-Site", "none")], "cross_site"),
        (&[own, cookie, ("Origin", "https://evil.example")], "origin"),
        (&[own, cookie, ("Origin", "null")], "origin"),
        (&[own, cookie, ("Origin", "https://evil.example"), ("Sec-Fetch-Site", "same-origin")], "origin"),
        // Another program on the machine of whoever signed in.
        (&[own, cookie, ("Origin", "http://localhost:3000")], "cross_site"),
        (&[own, cookie, ("Origin", "https://api.example")], "fine"),
        (&[own, cookie, ("Origin", "https://app.example")], "fine"),
        (&[own, cookie, ("Sec-Fetch-Site", "same-origin")], "fine"),
        (&[other, cookie, ("Origin", "http://localhost:3000")], "fine"),
        // What no browser sends by itself needs none of it, with or without a cookie beside it.
        (&[own, token], "fine"),
        (&[own, token, cookie], "fine"),
        (&[own], "fine"),
    ] {
        assert_eq!(code("POST", headers).await, expected, "{headers:?}");
    }
    assert_eq!(code("GET", &[own, cookie]).await, "fine", "what changes nothing may be asked from anywhere");
    let body = json!({"jsonrpc": "2.0", "id": 1, "method": "ping"}).to_string();
    let headers = [("Content-Type", "application/json"), cookie];
    let reply = request(server.socket(), "POST", "/mcp", &headers, Some(&body)).await;
    assert_eq!((reply.status, &reply.json()["code"]), (403, &json!("cross_site")));
}

/// With a `Host` of its own.
async fn request_to(address: std::net::SocketAddr, method: &str, path: &str, headers: &[(&str, &str)]) -> (u16, Value) {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let mut text = format!("{method} {path} HTTP/1.1\r\nConnection: close\r\n");
    headers.iter().for_each(|(name, value)| text.push_str(&format!("{name}: {value}\r\n")));
    text.push_str(if method == "GET" { "\r\n" } else { "Content-Length: 2\r\n\r\n{}" });
    let mut connection = tokio::net::TcpStream::connect(address).await.unwrap();
    connection.write_all(text.as_bytes()).await.unwrap();
    let mut answer = String::new();
    connection.read_to_string(&mut answer).await.unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.split(' ').nth(1).unwrap().parse().unwrap(), serde_json::from_str(body).unwrap_or_default())
}

#[tokio::test]
async fn an_authenticator_that_is_wrong_or_cannot_begin_stops_the_start() {
    let database = TestDatabase::sqlite();
    let builder = || MCPServer::builder("who", "1").database_url(database.url()).mount(operations());
    let wrong = builder().auth(Broken("has no address")).auth(ApiKeys::new().prefix("A").issuer(" ")).auth(Broken("x"));
    let Err(StartError::Mistakes(mistakes)) = wrong.build().await else { panic!("it starts") };
    let told = mistakes.to_string();
    assert_eq!(mistakes.as_slice().len(), 4, "{told}");
    assert!(told.contains("the directory: has no address") && told.contains("prefix \"A\""), "{told}");
    let error = builder().auth(Tokens("a")).auth(Broken("")).build().await.unwrap_err();
    assert!(matches!(error, StartError::Authentication(_)), "{error}");
    assert_eq!(error.to_string(), "cannot authenticate callers: the directory is down");
    // Among others, the one for development still keeps the server to this machine.
    for (server, fine) in [
        (builder().auth(ApiKeys::new()), true),
        (builder().auth(DevelopmentTokens::with_scopes(["a"])).auth(ApiKeys::new()), false),
        (builder().auth(ApiKeys::new()).auth(DevelopmentTokens::with_scopes(["a"])), false),
    ] {
        let server = server.build().await.unwrap();
        assert_eq!(server.listen("0.0.0.0:0".parse().unwrap()).is_ok(), fine);
    }
}
