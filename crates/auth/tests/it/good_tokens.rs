//! What a good token says, on each endpoint, and what becomes of it.

use crate::{
    ADMIN, RESOURCE, assert_refused, caller, caller_at,
    issuer::{METADATA, Reply, TestIssuer},
    keys::{EC, Key, RSA, set},
    token::{Token, now},
};
use aws_lc_rs::rsa::KeySize;
use diptych_auth::{Authenticator, Credentials, Issuer, ResourceServer};
use diptych_spec::{Error, Principal};
use serde_json::{Value, json};
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::{Duration, UNIX_EPOCH},
};

const AUDIENCE: &str = "the token is for another audience; ask for one with this server's resource identifier";

#[tokio::test]
async fn a_principal_is_what_the_token_says() {
    let issuer = TestIssuer::start().await;
    let server = ResourceServer::new(RESOURCE).issuer(&issuer.url);
    let end = now() + 600;
    let token = Token::of(&issuer.url).claim("exp", end).claim("tenant", "acme").signed();
    let ann = caller(&server, &token).await;
    assert_eq!((ann.issuer(), ann.subject(), ann.client()), (issuer.url.as_str(), "ann", Some("app")));
    assert_eq!(ann.scopes(), ["notes:read", "notes:write"]);
    assert_eq!(ann.expires_at(), Some(UNIX_EPOCH + Duration::from_secs(end)));
    assert_eq!(ann.claim("tenant"), Some(&json!("acme")));
    assert!(ann.token().is_none(), "the token is not kept unless that is said");
    let keeping = ResourceServer::new(RESOURCE).issuer(&issuer.url).keep_tokens(true);
    assert_eq!(caller(&keeping, &token).await.token().unwrap().expose(), token);

    let azp = Token::of(&issuer.url).without_claim("client_id").claim("azp", "web").signed();
    assert_eq!(caller(&server, &azp).await.client(), Some("web"));
    let nobody = Token::of(&issuer.url).without_claim("client_id").signed();
    assert_eq!(caller(&server, &nobody).await.client(), None);
}

#[tokio::test]
async fn every_kind_of_key_is_understood() {
    let keys = [
        ("ES256", Key::p256()),
        ("ES384", Key::p384()),
        ("EdDSA", Key::ed25519()),
        ("RS256", Key::rsa(KeySize::Rsa2048)),
    ];
    let published: Vec<Value> = keys.iter().map(|(name, key)| key.jwk(name)).collect();
    let issuer = Issuer::new("https://id.example.com").keys(set(published));
    let server = ResourceServer::new(RESOURCE).trust(issuer);
    assert!(server.mistakes().is_empty(), "{:?}", server.mistakes());
    for (name, key) in &keys {
        let token = Token::of("https://id.example.com").header("alg", *name).header("kid", *name);
        assert_eq!(caller(&server, &token.signed_with(key)).await.subject(), "ann", "{name}");
        // Without an id, those that fit are tried.
        assert_eq!(caller(&server, &token.without_header("kid").signed_with(key)).await.subject(), "ann", "{name}");
    }
    let newer = Token::of("https://id.example.com").header("alg", "Ed25519").header("kid", "EdDSA");
    assert_eq!(caller(&server, &newer.signed_with(&keys[2].1)).await.subject(), "ann", "the name of RFC 9864");
}

#[tokio::test]
async fn scopes_are_words_and_nothing_else() {
    let issuer = TestIssuer::start().await;
    let server = ResourceServer::new(RESOURCE).issuer(&issuer.url);
    let entra = ResourceServer::new(RESOURCE).trust(Issuer::new(&issuer.url).scope_claims(["roles"]));
    let bare = || Token::of(&issuer.url).without_claim("scope");
    let table: [(&ResourceServer, Token, &[&str]); 11] = [
        (&server, bare(), &[]),
        (&server, bare().claim("scope", ""), &[]),
        (&server, bare().claim("scope", "   "), &[]),
        (&server, bare().claim("scope", Value::Null), &[]),
        (&server, bare().claim("scope", "b  a b"), &["a", "b"]),
        (&server, bare().claim("scp", json!(["a", "b"])), &["a", "b"]),
        (&server, bare().claim("scp", "a b"), &["a", "b"]),
        (&server, bare().claim("scp", json!([])), &[]),
        (&server, bare().claim("scope", "a").claim("scp", json!(["admin"])), &["a"]),
        (&server, bare().claim("roles", json!(["admin"])), &[]),
        (&entra, bare().claim("roles", json!(["admin"])).claim("scope", "a"), &["admin"]),
    ];
    for (number, (server, token, scopes)) in table.iter().enumerate() {
        assert_eq!(caller(server, &token.signed()).await.scopes(), *scopes, "row {number}");
    }
}

#[tokio::test]
async fn clocks_may_differ_a_little() {
    let issuer = TestIssuer::start().await;
    let server = ResourceServer::new(RESOURCE).issuer(&issuer.url);
    let strict = ResourceServer::new(RESOURCE).issuer(&issuer.url).leeway(Duration::ZERO);
    let good = || Token::of(&issuer.url);
    for token in [good().claim("exp", now() - 10), good().claim("nbf", now() + 20), good().claim("iat", now() + 20)] {
        assert_eq!(caller(&server, &token.signed()).await.subject(), "ann");
        assert!(caller_at(&strict, "", &token.signed()).await.is_err());
    }
    let fraction = good().claim("exp", now() as f64 + 600.5).claim("nbf", now() as f64 - 0.5);
    assert_eq!(caller(&strict, &fraction.signed()).await.subject(), "ann");
}

#[tokio::test]
async fn a_token_for_one_endpoint_does_not_open_another() {
    let issuer = TestIssuer::start().await;
    let plain = || ResourceServer::new(RESOURCE).issuer(&issuer.url);
    let own = "https://admin.example.com/mcp";
    for (server, admin) in [(plain(), ADMIN), (plain().resource_at("/mcp/admin", own), own)] {
        let token = |audience: Value| Token::of(&issuer.url).claim("aud", audience).signed();
        let both = token(json!([RESOURCE, admin, "https://other.example.com"]));
        let table = [
            ("", token(json!(RESOURCE)), true),
            ("", token(json!([RESOURCE])), true),
            ("", token(json!(admin)), false),
            ("", both.clone(), true),
            ("/mcp/admin", token(json!(admin)), true),
            ("/mcp/admin", token(json!(RESOURCE)), false),
            ("/mcp/admin", token(json!(format!("{admin}/x"))), false),
            ("/mcp/admin", both, true),
            ("/mcp/other", token(json!(admin)), false),
            ("/mcp/other", token(json!(RESOURCE)), false),
            ("/mcp/other", token(json!("https://api.example.com/mcp/other")), true),
        ];
        // Twice: what is known of a token says nothing of where it may go.
        for (endpoint, token, opens) in table.iter().chain(&table) {
            let outcome = caller_at(&server, endpoint, token).await;
            match opens {
                true => assert_eq!(outcome.unwrap().unwrap().subject(), "ann", "{endpoint}"),
                false => assert_eq!(outcome.unwrap_err().detail(), AUDIENCE, "{endpoint}"),
            }
        }
    }
}

#[tokio::test]
async fn a_token_is_in_the_header_or_there_is_none() {
    let issuer = TestIssuer::start().await;
    let server = ResourceServer::new(RESOURCE).issuer(&issuer.url);
    let token = Token::of(&issuer.url).signed();
    let bearer = format!("Bearer {token}");
    let none: [&[(&str, &[u8])]; 4] = [
        &[],
        &[("authorization", b"Basic YTpi")],
        &[("x-access-token", bearer.as_bytes())],
        &[("cookie", bearer.as_bytes())],
    ];
    for fields in none {
        assert!(server.authenticate(&Credentials::new(fields.iter().copied())).await.unwrap().is_none());
    }
    let twice = Credentials::new([("authorization", bearer.as_bytes()), ("authorization", bearer.as_bytes())]);
    assert_eq!(server.authenticate(&twice).await.unwrap_err().code(), "invalid_token");
    assert!(server.local("ann").unwrap().is_none(), "nobody is a user of this machine by their word alone");
    assert!(!server.is_for_development());
}

#[tokio::test]
async fn a_known_token_is_not_checked_again() {
    let mut issuer = TestIssuer::start().await;
    let server = ResourceServer::new(RESOURCE).issuer(&issuer.url);
    let token = Token::of(&issuer.url).signed();
    for _ in 0..10 {
        caller(&server, &token).await;
    }
    assert_eq!((issuer.count(METADATA), issuer.count("/keys")), (1, 1));
    // A key that goes is good for known tokens a minute longer, and for no others.
    let forgetful = ResourceServer::new(RESOURCE)
        .trust(Issuer::new(&issuer.url).keys_for(Duration::from_nanos(1)).stale_for(Duration::from_nanos(1)))
        .remember(Duration::ZERO, 0);
    caller(&forgetful, &token).await;
    issuer.reply("/keys", Reply::Json(set([RSA.jwk("rsa")])));
    assert_refused(&forgetful, &token, "the token is signed with a key that its issuer does not have").await;
    issuer.stop().await;
    assert_eq!(caller(&server, &token).await.subject(), "ann");
}

#[tokio::test]
async fn whoever_may_not_act_any_more_is_refused() {
    let issuer = TestIssuer::start().await;
    let (allowed, asked) = (Arc::new(AtomicBool::new(true)), Arc::new(AtomicUsize::new(0)));
    let (said, count) = (Arc::clone(&allowed), Arc::clone(&asked));
    let server = ResourceServer::new(RESOURCE).issuer(&issuer.url).active(move |caller: Principal| {
        count.fetch_add(1, Ordering::Relaxed);
        let answer = if caller.subject() == "bob" {
            Err(Error::internal("the directory is down"))
        } else {
            Ok(said.load(Ordering::Relaxed))
        };
        async move { answer }
    });
    let token = Token::of(&issuer.url).signed();
    let ann = caller(&server, &token).await;
    assert!(server.is_active(&ann).await.unwrap());
    // As a task knows its owner: by issuer and subject alone.
    let owner = Principal::new(&issuer.url, "ann", ["notes:read"]).unwrap();
    assert!(server.is_active(&owner).await.unwrap());
    assert_eq!(asked.load(Ordering::Relaxed), 3);
    allowed.store(false, Ordering::Relaxed);
    assert_refused(&server, &token, "the caller may not act any more").await;
    assert!(!server.is_active(&ann).await.unwrap() && !server.is_active(&owner).await.unwrap());
    let bob = Token::of(&issuer.url).claim("sub", "bob").signed();
    assert_eq!(
        caller_at(&server, "", &bob).await.unwrap_err().code(),
        "internal",
        "what cannot be told is not let through"
    );
}

#[tokio::test]
async fn the_application_is_not_asked_about_callers_of_another_login() {
    let issuer = Issuer::new("https://id.example.com").keys(set([EC.jwk("ec")]));
    let server = ResourceServer::new(RESOURCE).trust(issuer).active(|_| async { Ok(false) });
    let who = |issuer| Principal::new(issuer, "ci", [""; 0]).unwrap();
    assert!(server.is_active(&who("api-key")).await.unwrap(), "its requests were never asked about either");
    assert!(!server.is_active(&who("https://id.example.com")).await.unwrap());
}

#[tokio::test]
async fn somebody_is_active_until_the_token_expires() {
    let server = ResourceServer::new(RESOURCE).trust(Issuer::new("https://id.example.com").keys(set([EC.jwk("ec")])));
    let at = |seconds| {
        Principal::new("https://id.example.com", "ann", [""; 0])
            .unwrap()
            .with_expiry(UNIX_EPOCH + Duration::from_secs(seconds))
    };
    assert!(server.is_active(&at(now() + 60)).await.unwrap());
    assert!(!server.is_active(&at(now() - 1)).await.unwrap());
}
