//! Opaque tokens, which the issuer is asked about.

use crate::{
    ADMIN, RESOURCE, assert_refused, assert_unavailable, caller, caller_at,
    issuer::{METADATA, Reply, TestIssuer},
    token::{Token, now},
};
use diptych_auth::{Authenticator, Issuer, ResourceServer};
use diptych_spec::Secret;
use futures_util::future::join_all;
use serde_json::{Value, json};
use std::time::Duration;

const INACTIVE: &str = "the token has expired, was revoked, or is none of the issuer's";

fn asking(issuer: &TestIssuer) -> Issuer {
    Issuer::new(&issuer.url).introspection("api server", Secret::new("s:cret/1")).timeout(Duration::from_millis(300))
}

fn server(issuer: &TestIssuer) -> ResourceServer {
    ResourceServer::new(RESOURCE).trust(asking(issuer))
}

fn active(issuer: &TestIssuer) -> Value {
    json!({
        "active": true, "iss": issuer.url, "sub": "ann", "aud": RESOURCE, "exp": now() + 600, "client_id": "app",
        "scope": "notes:read notes:write", "tenant": "acme",
    })
}

fn says(issuer: &TestIssuer, answer: &Value) {
    issuer.reply("/introspect", Reply::Json(answer.to_string()));
}

#[tokio::test]
async fn the_issuer_is_asked_once_about_a_token() {
    let issuer = TestIssuer::start().await;
    says(&issuer, &active(&issuer));
    let server = server(&issuer);
    let callers = join_all((0..20).map(|_| caller(&server, "opaque+token"))).await;
    let ann = &callers[0];
    assert_eq!((ann.issuer(), ann.subject(), ann.client()), (issuer.url.as_str(), "ann", Some("app")));
    assert_eq!(ann.scopes(), ["notes:read", "notes:write"]);
    assert_eq!(ann.claim("tenant"), Some(&json!("acme")));
    assert!(ann.expires_at().is_some() && ann.token().is_none());
    caller(&server, "opaque+token").await;
    assert_eq!((issuer.count(METADATA), issuer.count("/introspect"), issuer.count("/keys")), (1, 1, 0));
    let asked = issuer.asked().pop().unwrap();
    // RFC 6749, section 2.3.1: both parts are encoded before they are joined.
    let basic = "authorization: basic yxbpk3nlcnzlcjpzjtnby3jldcuyrje=";
    assert!(asked.head.to_lowercase().contains(basic), "{}", asked.head);
    assert!(asked.head.starts_with("POST /introspect HTTP/1.1"), "{}", asked.head);
    assert_eq!(asked.body, "token=opaque%2Btoken&token_type_hint=access_token");
}

#[tokio::test]
async fn a_refused_token_is_not_asked_about_again() {
    let issuer = TestIssuer::start().await;
    says(&issuer, &json!({"active": false}));
    let server = server(&issuer);
    for _ in 0..10 {
        assert_refused(&server, "opaque", INACTIVE).await;
    }
    assert_eq!(issuer.count("/introspect"), 1);
    // Nothing is kept where that is said, or once the token has expired.
    let forgetful = ResourceServer::new(RESOURCE).trust(asking(&issuer)).remember(Duration::ZERO, 0);
    assert_refused(&forgetful, "opaque", INACTIVE).await;
    assert_refused(&forgetful, "opaque", INACTIVE).await;
    assert_eq!(issuer.count("/introspect"), 3);
    let mut late = active(&issuer);
    late["exp"] = (now() - 10).into();
    says(&issuer, &late);
    caller(&server, "late").await;
    caller(&server, "late").await;
    assert_eq!(issuer.count("/introspect"), 5, "within the leeway, but beyond its expiry");
}

#[tokio::test]
async fn what_the_issuer_says_is_checked() {
    let issuer = TestIssuer::start().await;
    let with = |name: &str, value: Value| {
        let mut answer = active(&issuer);
        answer[name] = value;
        answer
    };
    let without = |name: &str| {
        let mut answer = active(&issuer);
        answer.as_object_mut().unwrap().remove(name);
        answer
    };
    let audience = "the token is for another audience; ask for one with this server's resource identifier";
    let other_use = "the token is not an access token: its issuer says that it has another use";
    for (number, (answer, refused)) in [
        (without("iss"), None),
        (without("exp"), None),
        (with("aud", json!([RESOURCE, "x"])), None),
        (with("iss", json!("https://evil.example.com")), Some("the token is not of this issuer")),
        (with("aud", json!("https://other.example.com")), Some(audience)),
        (with("aud", json!(format!("{RESOURCE}/"))), Some(audience)),
        (without("aud"), Some("the token names no audience")),
        (with("exp", json!(now() - 60)), Some("the token has expired")),
        (with("nbf", json!(now() + 60)), Some("the token is not valid yet")),
        (without("sub"), Some("the token names no subject")),
        (with("sub", json!("")), Some("the token names no subject")),
        (
            with("cnf", json!({"jkt": "x"})),
            Some("the token is bound to a key of its client, which bearer tokens cannot prove"),
        ),
        (with("token_use", json!("access_token")), None),
        (with("token_use", json!("refresh_token")), Some(other_use)),
        (with("token_use", json!(["access_token"])), Some(other_use)),
        (with("active", json!(false)), Some(INACTIVE)),
        (json!({"active": false}), Some(INACTIVE)),
    ]
    .into_iter()
    .enumerate()
    {
        says(&issuer, &answer);
        let outcome =
            caller_at(&server(&issuer), "", "opaque").await.map(|caller| caller.unwrap().subject().to_owned());
        match refused {
            None => assert_eq!(outcome.unwrap(), "ann", "row {number}"),
            Some(reason) => assert_eq!(outcome.unwrap_err().detail(), reason, "row {number}"),
        }
    }
    // Without an audience only where that is said, and a wrong one not even then.
    let lenient = ResourceServer::new(RESOURCE).trust(asking(&issuer).introspection_without_audience(true));
    says(&issuer, &without("aud"));
    assert_eq!(caller(&lenient, "without").await.subject(), "ann");
    says(&issuer, &with("aud", json!("https://other.example.com")));
    assert_refused(&lenient, "other", audience).await;
}

#[tokio::test]
async fn an_answer_that_is_none_is_an_outage() {
    let issuer = TestIssuer::start().await;
    let twice = active(&issuer).to_string().replacen('{', r#"{"tenant":"evil","#, 1);
    for (name, reply) in [
        ("our secret is wrong", Reply::Status(401)),
        ("500", Reply::Status(500)),
        ("a redirect", Reply::Redirect(format!("{}/elsewhere", issuer.url))),
        ("no answer", Reply::Silence),
        ("half an answer", Reply::Half),
        ("too large", Reply::Bytes(300_000, false)),
        ("not JSON", Reply::Json("active".to_owned())),
        ("no active", Reply::Json("{}".to_owned())),
        ("active is a text", Reply::Json(r#"{"active":"true"}"#.to_owned())),
        ("active is a number", Reply::Json(r#"{"active":1}"#.to_owned())),
        ("a member twice", Reply::Json(twice)),
    ] {
        issuer.reply("/introspect", reply);
        let server = server(&issuer);
        let before = issuer.count("/introspect");
        assert_unavailable(&server, "opaque").await;
        assert_eq!(issuer.count("/introspect"), before + 1, "{name}");
        // It says nothing of the token, so it is not kept.
        says(&issuer, &active(&issuer));
        assert_eq!(caller(&server, "opaque").await.subject(), "ann", "{name}");
    }
    assert_eq!(issuer.count("/elsewhere"), 0);
}

#[tokio::test]
async fn opaque_tokens_and_jwts_do_not_mix() {
    let issuer = TestIssuer::start().await;
    says(&issuer, &active(&issuer));
    let server = server(&issuer);
    assert_eq!(caller(&server, &Token::of(&issuer.url).signed()).await.subject(), "ann");
    // A JWT that is not good is not shown around in the hope of a better answer.
    let good = Token::of(&issuer.url);
    for token in [
        good.signed_with(&crate::keys::Key::p256()),
        Token::of("https://evil.example.com").signed(),
        Token::of(&issuer.url).header("alg", "none").signed(),
        format!("{}.", good.signed().rsplit_once('.').unwrap().0),
    ] {
        assert_eq!(caller_at(&server, "", &token).await.unwrap_err().kind().status(), 401);
    }
    assert_eq!(issuer.count("/introspect"), 0);
    for token in ["a.b.c", "v4.local.abc", &"x".repeat(16 * 1024)] {
        assert_eq!(caller(&server, token).await.subject(), "ann");
    }
    assert_eq!(issuer.count("/introspect"), 3);
    assert_refused(&server, &"x".repeat(16 * 1024 + 1), "the token is too long").await;
    assert_eq!(issuer.count("/introspect"), 3);
    assert!(caller_at(&server, "/mcp/admin", "a.b.c").await.is_err());
    let mut both = active(&issuer);
    both["aud"] = json!([ADMIN]);
    says(&issuer, &both);
    assert_eq!(caller_at(&server, "/mcp/admin", "for-admin").await.unwrap().unwrap().subject(), "ann");
    assert!(caller_at(&server, "", "for-admin").await.is_err());
}

#[tokio::test]
async fn whoever_is_revoked_is_not_active_any_more() {
    let mut issuer = TestIssuer::start().await;
    says(&issuer, &active(&issuer));
    let server = ResourceServer::new(RESOURCE).trust(asking(&issuer)).remember(Duration::ZERO, 0);
    let ann = caller(&server, "opaque").await;
    assert!(ann.token().is_none(), "the token is not there for the application");
    assert!(server.is_active(&ann).await.unwrap());
    assert_eq!(issuer.count("/introspect"), 2);
    says(&issuer, &json!({"active": false}));
    assert!(!server.is_active(&ann).await.unwrap());
    issuer.stop().await;
    assert_eq!(server.is_active(&ann).await.unwrap_err().code(), "issuer_unavailable");
}

#[tokio::test]
async fn the_secret_goes_where_the_issuer_takes_it() {
    let issuer = TestIssuer::start().await;
    issuer.describe(METADATA, json!({"introspection_endpoint_auth_methods_supported": ["client_secret_post"]}));
    says(&issuer, &active(&issuer));
    caller(&server(&issuer), "opaque").await;
    let asked = issuer.asked().pop().unwrap();
    assert!(!asked.head.to_lowercase().contains("authorization:"));
    assert!(asked.body.contains("client_id=api+server&client_secret=s%3Acret%2F1"), "{}", asked.body);
    // An endpoint that is given needs no metadata.
    let given = asking(&issuer).introspection_endpoint(format!("{}/introspect", issuer.url));
    caller(&ResourceServer::new(RESOURCE).trust(given), "opaque").await;
    assert_eq!(issuer.count(METADATA), 1);
}
