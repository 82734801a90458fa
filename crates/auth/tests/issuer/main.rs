//! The issuer for development, as data: what it grants, and what it does not.

#![expect(clippy::unwrap_used, reason = "tests stop where they fail")]

use base64::{Engine as _, engine::general_purpose};
use diptych_auth::{Authenticator as _, Credentials, IssuerReply, IssuerRequest, LocalIssuer};
use serde_json::{Value, json};
use std::time::Duration;

const MCP: &str = "http://127.0.0.1:8000/mcp";
const CALLBACK: &str = "http://127.0.0.1:33418/callback";
/// The example of RFC 7636, appendix B.
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

fn issuer() -> LocalIssuer {
    LocalIssuer::new().resource(MCP).scopes(["notes:read", "notes:write"])
}

fn approving() -> LocalIssuer {
    issuer().approve("ann")
}

const FORM: Option<&str> = Some("application/x-www-form-urlencoded");

fn send(
    issuer: &LocalIssuer,
    method: &str,
    path: &str,
    kind: Option<&str>,
    authorization: Option<&str>,
    sent: &str,
) -> IssuerReply {
    let (query, body) = if method == "GET" { (sent, "") } else { ("", sent) };
    let request = IssuerRequest { method, path, query, content_type: kind, authorization, body: body.as_bytes() };
    issuer.reply(&request)
}

fn header<'a>(reply: &'a IssuerReply, name: &str) -> Option<&'a str> {
    reply.headers.iter().find(|(own, _)| *own == name).map(|(_, value)| &**value)
}

fn body(reply: &IssuerReply) -> Value {
    serde_json::from_str(&reply.body).unwrap_or_else(|_| panic!("not JSON: {reply:?}"))
}

fn register(issuer: &LocalIssuer, wanted: &Value) -> IssuerReply {
    send(issuer, "POST", "/issuer/register", Some("application/json"), None, &wanted.to_string())
}

/// The id of a public client.
fn client(issuer: &LocalIssuer) -> String {
    let wanted = json!({"redirect_uris": [CALLBACK], "client_name": "A <b>client</b>", "grant_types": ["authorization_code", "refresh_token"]});
    let reply = register(issuer, &wanted);
    assert_eq!(reply.status, 201, "{reply:?}");
    body(&reply)["client_id"].as_str().unwrap().to_owned()
}

/// Parameters as a form, with those of `changes` in place of others; `None` leaves one out, and one that is new is added.
fn form<'a>(parameters: &[(&'a str, &'a str)], changes: &[(&'a str, Option<&'a str>)]) -> String {
    let mut all: Vec<_> = parameters.to_vec();
    for (name, value) in changes {
        all.retain(|(own, _)| own != name);
        all.extend(value.map(|value| (*name, value)));
    }
    all.iter().map(|(name, value)| format!("{name}={}", encoded(value))).collect::<Vec<_>>().join("&")
}

fn encoded(text: &str) -> String {
    text.bytes()
        .map(|byte| if byte.is_ascii_alphanumeric() { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}

fn asking(client: &str) -> [(&str, &str); 8] {
    [
        ("response_type", "code"),
        ("client_id", client),
        ("redirect_uri", CALLBACK),
        ("state", "a b&c"),
        ("scope", "notes:read notes:unknown"),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
        ("resource", MCP),
    ]
}

/// What the client is told, by its callback.
fn told(reply: &IssuerReply) -> Vec<(String, String)> {
    let (target, query) = header(reply, "location").unwrap_or_else(|| panic!("{reply:?}")).split_once('?').unwrap();
    assert_eq!(target, CALLBACK);
    let plain = |text: &str| percent_decoded(&text.replace('+', " "));
    query
        .split('&')
        .map(|pair| pair.split_once('=').unwrap())
        .map(|(name, value)| (name.to_owned(), plain(value)))
        .collect()
}

fn percent_decoded(text: &str) -> String {
    let mut out = Vec::new();
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        match byte {
            b'%' => {
                let digits = [bytes.next().unwrap(), bytes.next().unwrap()];
                out.push(u8::from_str_radix(str::from_utf8(&digits).unwrap(), 16).unwrap());
            }
            byte => out.push(byte),
        }
    }
    String::from_utf8(out).unwrap()
}

fn of<'a>(told: &'a [(String, String)], name: &str) -> &'a str {
    &told.iter().find(|(own, _)| own == name).unwrap_or_else(|| panic!("no {name}: {told:?}")).1
}

fn code(issuer: &LocalIssuer, client: &str) -> String {
    let reply = send(issuer, "GET", "/issuer/authorize", None, None, &form(&asking(client), &[]));
    of(&told(&reply), "code").to_owned()
}

fn token(issuer: &LocalIssuer, parameters: &str) -> IssuerReply {
    send(issuer, "POST", "/issuer/token", FORM, None, parameters)
}

fn taking<'a>(client: &'a str, code: &'a str) -> [(&'a str, &'a str); 6] {
    [
        ("grant_type", "authorization_code"),
        ("client_id", client),
        ("code", code),
        ("code_verifier", VERIFIER),
        ("redirect_uri", CALLBACK),
        ("resource", MCP),
    ]
}

fn claims(token: &str) -> Value {
    let claims = token.split('.').nth(1).unwrap();
    serde_json::from_slice(&general_purpose::URL_SAFE_NO_PAD.decode(claims).unwrap()).unwrap()
}

/// Who a token is taken for at an endpoint.
async fn taken(issuer: &LocalIssuer, token: &str, endpoint: &str) -> Result<(String, Vec<String>), String> {
    let bearer = format!("Bearer {token}");
    let credentials = Credentials::new([("authorization", bearer.as_bytes())]).at(endpoint);
    match issuer.authenticate(&credentials).await {
        Ok(principal) => principal.map(|who| (who.subject().to_owned(), who.scopes().to_vec())).ok_or_else(String::new),
        Err(error) => Err(error.detail().to_owned()),
    }
}

#[test]
fn metadata_is_at_each_of_its_places() {
    let issuer = issuer();
    for path in &LocalIssuer::PATHS[..3] {
        let reply = send(&issuer, "GET", path, None, None, "");
        let document = body(&reply);
        assert_eq!((reply.status, &document["issuer"]), (200, &json!("http://127.0.0.1:8000/issuer")));
        assert_eq!(document["code_challenge_methods_supported"], json!(["S256"]));
        assert_eq!(document["authorization_response_iss_parameter_supported"], json!(true));
        assert_eq!(document["scopes_supported"], json!(["notes:read", "notes:write"]));
        assert_eq!(send(&issuer, "POST", path, None, None, "").status, 405);
    }
    let keys = body(&send(&issuer, "GET", "/issuer/jwks.json", None, None, ""));
    let key = keys["keys"][0].as_object().unwrap();
    assert_eq!((&key["alg"], key.get("d")), (&json!("ES256"), None), "the public half alone");
    let not_ready = send(&LocalIssuer::new(), "GET", LocalIssuer::PATHS[0], None, None, "");
    assert_eq!(not_ready.status, 503);
}

#[tokio::test]
async fn a_code_becomes_a_token_and_that_another() {
    let issuer = approving();
    let client = client(&issuer);
    let reply = send(&issuer, "GET", "/issuer/authorize", None, None, &form(&asking(&client), &[]));
    assert_eq!((reply.status, header(&reply, "cache-control")), (302, Some("no-store")));
    let answer = told(&reply);
    assert_eq!((of(&answer, "state"), of(&answer, "iss")), ("a b&c", "http://127.0.0.1:8000/issuer"));
    let granted = token(&issuer, &form(&taking(&client, of(&answer, "code")), &[]));
    assert_eq!((granted.status, header(&granted, "cache-control")), (200, Some("no-store")), "{granted:?}");
    let granted = body(&granted);
    assert_eq!(
        (&granted["scope"], &granted["token_type"], &granted["expires_in"]),
        (&json!("notes:read"), &json!("Bearer"), &json!(3600))
    );
    let access = granted["access_token"].as_str().unwrap();
    let said = claims(access);
    assert_eq!((&said["sub"], &said["aud"], &said["client_id"]), (&json!("ann"), &json!(MCP), &json!(client)));
    assert_eq!(taken(&issuer, access, "").await, Ok(("ann".to_owned(), vec!["notes:read".to_owned()])));
    assert!(taken(&issuer, access, "/mcp/admin").await.is_err(), "the endpoint of another mount");
    assert!(taken(&approving(), access, "").await.is_err(), "another issuer at the same place");

    let refresh = |refresh: &str, more: &str| {
        token(&issuer, &format!("grant_type=refresh_token&client_id={client}&refresh_token={refresh}{more}"))
    };
    let first = granted["refresh_token"].as_str().unwrap();
    assert_eq!(refresh(first, "&scope=notes:write").status, 400, "no more than was granted");
    assert_eq!(refresh(first, "&resource=http://127.0.0.1:8000/mcp/admin").status, 400, "for nothing else");
    let again = body(&refresh(first, ""));
    let second = again["refresh_token"].as_str().unwrap();
    assert_ne!(first, second);
    assert_eq!(claims(again["access_token"].as_str().unwrap())["sub"], "ann");
    assert_eq!(body(&refresh(first, ""))["error"], "invalid_grant", "a second time");
    assert_eq!(body(&refresh(second, ""))["error"], "invalid_grant", "which ends the line");
}

#[test]
fn a_code_is_for_who_asked_and_for_once() {
    let issuer = approving();
    let (client, other) = (client(&issuer), client_named(&issuer, "other"));
    for (changes, error) in [
        (vec![], None),
        (vec![("code_verifier", Some("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXx"))], Some("invalid_grant")),
        (vec![("code_verifier", Some(CHALLENGE))], Some("invalid_grant")),
        (vec![("code_verifier", None)], Some("invalid_request")),
        (vec![("redirect_uri", Some("http://127.0.0.1:1/callback"))], Some("invalid_grant")),
        (vec![("redirect_uri", None)], Some("invalid_grant")),
        (vec![("resource", Some("http://127.0.0.1:8000/mcp/admin"))], Some("invalid_grant")),
        (vec![("resource", None)], None),
        (vec![("client_id", Some(&*other))], Some("invalid_grant")),
        (vec![("client_id", Some("x.y"))], Some("invalid_client")),
        (vec![("code", Some("x"))], Some("invalid_grant")),
        (vec![("grant_type", Some("password"))], Some("unsupported_grant_type")),
    ] {
        let code = code(&issuer, &client);
        let reply = token(&issuer, &form(&taking(&client, &code), &changes));
        let answer = body(&reply);
        assert_eq!(answer.get("error").and_then(Value::as_str), error, "{changes:?}: {answer}");
        assert_eq!(answer.get("access_token").is_some(), error.is_none());
        assert_eq!(header(&reply, "cache-control"), Some("no-store"));
    }
    let code = code(&issuer, &client);
    let taking = form(&taking(&client, &code), &[]);
    let refresh = body(&token(&issuer, &taking))["refresh_token"].as_str().unwrap().to_owned();
    assert_eq!(body(&token(&issuer, &taking))["error"], "invalid_grant", "a second time");
    let refreshed = token(&issuer, &format!("grant_type=refresh_token&client_id={client}&refresh_token={refresh}"));
    assert_eq!(body(&refreshed)["error"], "invalid_grant", "and what came of it has ended");
    let twice = token(&issuer, &format!("{taking}&code=x"));
    assert_eq!(body(&twice)["error"], "invalid_request");
    let as_json = send(&issuer, "POST", "/issuer/token", Some("application/json"), None, "{}");
    assert_eq!((as_json.status, &body(&as_json)["error"]), (400, &json!("invalid_request")));
}

fn client_named(issuer: &LocalIssuer, name: &str) -> String {
    let reply = register(issuer, &json!({"redirect_uris": [CALLBACK], "client_name": name}));
    body(&reply)["client_id"].as_str().unwrap().to_owned()
}

#[test]
fn what_a_client_may_ask_for() {
    let issuer = approving();
    let (client, foreign) = (client(&issuer), client(&approving()));
    let page = |changes: &[(&str, Option<&str>)]| {
        send(&issuer, "GET", "/issuer/authorize", None, None, &form(&asking(&client), changes))
    };
    // The client is told, where it asked to be.
    for (change, error) in [
        (("response_type", Some("token")), "unsupported_response_type"),
        (("response_type", None), "invalid_request"),
        (("code_challenge", None), "invalid_request"),
        (("code_challenge", Some("short")), "invalid_request"),
        (("code_challenge_method", Some("plain")), "invalid_request"),
        (("code_challenge_method", None), "invalid_request"),
        (("resource", None), "invalid_target"),
        (("resource", Some("https://api.example.com/mcp")), "invalid_target"),
        (("resource", Some("http://127.0.0.1:8000/mcp#x")), "invalid_target"),
        (("resource", Some("http://u@127.0.0.1:8000/mcp")), "invalid_target"),
        (("resource", Some("mcp")), "invalid_target"),
        (("scope", Some("notes:unknown")), "invalid_scope"),
    ] {
        let answer = told(&page(&[change]));
        assert_eq!(of(&answer, "error"), error, "{change:?}");
        assert_eq!((of(&answer, "state"), of(&answer, "iss")), ("a b&c", "http://127.0.0.1:8000/issuer"));
        assert!(!answer.iter().any(|(name, _)| name == "code"));
    }
    // The user is told, and nobody else.
    for change in [
        ("client_id", None),
        ("client_id", Some("x")),
        ("client_id", Some(&*foreign)),
        ("redirect_uri", Some("http://127.0.0.1:33418/callback/")),
        ("redirect_uri", Some("http://127.0.0.1:33418@evil.example/callback")),
        ("redirect_uri", Some("https://evil.example/callback")),
        ("redirect_uri", Some("javascript:alert(1)")),
    ] {
        let reply = page(&[change]);
        assert_eq!((reply.status, header(&reply, "location")), (400, None), "{change:?}");
        assert_eq!(header(&reply, "content-type"), Some("text/html; charset=utf-8"));
    }
    // Any port of a loopback address (RFC 8252, section 7.3), and the only URI when none is named.
    let elsewhere = page(&[("redirect_uri", Some("http://127.0.0.1:1/callback"))]);
    assert!(header(&elsewhere, "location").unwrap().starts_with("http://127.0.0.1:1/callback?code="));
    assert!(!of(&told(&page(&[("redirect_uri", None)])), "code").is_empty());
    // Without a scope, all that there are.
    let code = of(&told(&page(&[("scope", None)])), "code").to_owned();
    let granted = body(&token(&issuer, &form(&taking(&client, &code), &[])));
    assert_eq!(granted["scope"], "notes:read notes:write");
}

#[test]
fn the_page_asks_who_it_is() {
    let issuer = issuer();
    let client = client(&issuer);
    let all = form(&asking(&client), &[("scope", Some("notes:read notes:write")), ("state", Some("\"><script>"))]);
    let page = send(&issuer, "GET", "/issuer/authorize", None, None, &all);
    assert_eq!(page.status, 200);
    assert_eq!(header(&page, "x-frame-options"), Some("DENY"));
    assert!(header(&page, "content-security-policy").unwrap().starts_with("default-src 'none'"));
    assert!(page.body.contains("A &lt;b&gt;client&lt;/b&gt;") && page.body.contains("<strong>127.0.0.1</strong>"));
    assert!(!page.body.contains("<script>") && page.body.contains("&quot;&gt;&lt;script&gt;"));
    let ticket = page.body.split("name=\"ticket\" value=\"").nth(1).unwrap().split('"').next().unwrap();
    let post = |more: &str| send(&issuer, "POST", "/issuer/authorize", FORM, None, &format!("{all}{more}"));

    let allowed = post(&format!("&ticket={ticket}&user=bob&granted=notes:write&granted=other&answer=allow"));
    assert_eq!(allowed.status, 303);
    let code = of(&told(&allowed), "code").to_owned();
    let granted = body(&token(&issuer, &form(&taking(&client, &code), &[])));
    assert_eq!(granted["scope"], "notes:write", "what was ticked, of what was asked");
    assert_eq!(claims(granted["access_token"].as_str().unwrap())["sub"], "bob");

    assert_eq!(of(&told(&post(&format!("&ticket={ticket}&user=bob&answer=deny"))), "error"), "access_denied");
    assert_eq!(of(&told(&post("&user=bob&answer=allow")), "error"), "invalid_request");
    for ticket in ["1.x", "99999999999.x", "x", &ticket.replacen('.', "0.", 1)] {
        let reply = post(&format!("&ticket={ticket}&user=bob&answer=allow"));
        assert!(reply.status == 200 && reply.body.contains("open for too long"), "{ticket}: {reply:?}");
    }
    // The ticket is of this request, and of no other.
    let other = form(&asking(&client), &[("scope", Some("notes:read"))]);
    let moved = format!("{other}&ticket={ticket}&user=bob&answer=allow");
    assert_eq!(send(&issuer, "POST", "/issuer/authorize", FORM, None, &moved).status, 200);
    let nobody = post(&format!("&ticket={ticket}&user=a%20b&answer=allow"));
    assert!(nobody.status == 200 && nobody.body.contains("role=\"alert\""));
    let silent = send(&issuer, "GET", "/issuer/authorize", None, None, &format!("{all}&prompt=none"));
    assert_eq!(of(&told(&silent), "error"), "login_required");
}

#[tokio::test]
async fn a_client_with_a_secret_acts_for_itself() {
    let issuer = issuer();
    let wanted = json!({"token_endpoint_auth_method": "client_secret_basic", "grant_types": ["client_credentials"]});
    let registered = body(&register(&issuer, &wanted));
    let (id, secret) = (registered["client_id"].as_str().unwrap(), registered["client_secret"].as_str().unwrap());
    let asked = form(&[("grant_type", "client_credentials"), ("resource", MCP), ("scope", "notes:read")], &[]);
    let basic =
        |secret: &str| format!("Basic {}", general_purpose::STANDARD.encode(format!("{}:{secret}", encoded(id))));
    let granted = send(&issuer, "POST", "/issuer/token", FORM, Some(&basic(secret)), &asked);
    let granted = body(&granted);
    assert_eq!(granted.get("refresh_token"), None);
    let (subject, scopes) = taken(&issuer, granted["access_token"].as_str().unwrap(), "").await.unwrap();
    assert!(subject.starts_with("client-") && scopes == ["notes:read"], "{subject}");
    let posted = form(&[("client_id", id), ("client_secret", secret)], &[]);
    assert_eq!(token(&issuer, &format!("{asked}&{posted}")).status, 200);

    let wrong = send(&issuer, "POST", "/issuer/token", FORM, Some(&basic("x")), &asked);
    assert_eq!((wrong.status, &body(&wrong)["error"]), (401, &json!("invalid_client")));
    assert!(header(&wrong, "www-authenticate").unwrap().starts_with("Basic "));
    assert_eq!(token(&issuer, &format!("{asked}&client_id={}", encoded(id))).status, 401, "no secret");
    assert_eq!(send(&issuer, "POST", "/issuer/token", FORM, Some("Bearer x"), &asked).status, 401);
    let public = client(&issuer);
    assert_eq!(body(&token(&issuer, &format!("{asked}&client_id={public}")))["error"], "unauthorized_client");
    let nowhere = send(&issuer, "POST", "/issuer/token", FORM, Some(&basic(secret)), "grant_type=client_credentials");
    assert_eq!(body(&nowhere)["error"], "invalid_target");
}

#[test]
fn what_can_be_registered() {
    let issuer = issuer();
    let long = "x".repeat(101);
    let many: Vec<_> = (0..11).map(|at| format!("https://a.example/{at}")).collect();
    for (wanted, error) in [
        (
            json!({"redirect_uris": ["https://a.example/cb", "cursor://anysphere/cb"], "scope": "x", "jwks_uri": "https://x"}),
            None,
        ),
        (json!({"redirect_uris": []}), Some("invalid_redirect_uri")),
        (json!({}), Some("invalid_redirect_uri")),
        (json!({"redirect_uris": ["http://a.example/cb"]}), Some("invalid_redirect_uri")),
        (json!({"redirect_uris": ["javascript:alert(1)"]}), Some("invalid_redirect_uri")),
        (json!({"redirect_uris": many}), Some("invalid_redirect_uri")),
        (json!({"redirect_uris": "https://a.example/cb"}), Some("invalid_client_metadata")),
        (json!({"redirect_uris": [CALLBACK], "client_name": long}), Some("invalid_client_metadata")),
        (
            json!({"redirect_uris": [CALLBACK], "token_endpoint_auth_method": "private_key_jwt"}),
            Some("invalid_client_metadata"),
        ),
        (json!([]), Some("invalid_client_metadata")),
    ] {
        let reply = register(&issuer, &wanted);
        assert_eq!(body(&reply).get("error").and_then(Value::as_str), error, "{wanted}: {reply:?}");
        assert_eq!(reply.status, if error.is_some() { 400 } else { 201 });
    }
    assert_eq!(send(&issuer, "POST", "/issuer/register", FORM, None, "{}").status, 400);
}

#[tokio::test]
async fn tokens_are_for_this_machine_and_for_names() {
    let issuer = issuer();
    let hour = Duration::from_secs(3600);
    let made = |user: &str, resource: &str| {
        issuer.token(user, ["notes:read"], resource, hour).map(|token| token.expose().to_owned())
    };
    let token = made("ann", MCP).unwrap();
    assert_eq!(taken(&issuer, &token, "").await.unwrap().0, "ann");
    let admin = made("ann", "http://127.0.0.1:8000/mcp/admin").unwrap();
    assert!(taken(&issuer, &admin, "").await.is_err());
    assert_eq!(taken(&issuer, &admin, "/mcp/admin").await.unwrap().0, "ann");
    for (user, resource) in
        [("", MCP), ("a b", MCP), ("ann", "https://api.example.com/mcp"), ("ann", "http://10.0.0.1/mcp"), ("ann", "")]
    {
        assert!(made(user, resource).is_err(), "{user} {resource}");
    }
    let longest = approving().token_lifetime(Duration::MAX);
    let client = client(&longest);
    let granted = body(&self::token(&longest, &form(&taking(&client, &code(&longest, &client)), &[])));
    assert_eq!(granted["expires_in"], json!(365 * 24 * 3600), "a year at most");
    let wrong = LocalIssuer::new().resource("http://192.168.0.1:8000/mcp").approve("a b");
    assert_eq!(wrong.mistakes().len(), 2, "{:?}", wrong.mistakes());
    assert!(LocalIssuer::new().mistakes().is_empty() && LocalIssuer::new().is_for_development());
    assert!(LocalIssuer::new().token("ann", ["a"], MCP, hour).is_err(), "it does not know where it is");
}
