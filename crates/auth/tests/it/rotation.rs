//! Keys that come and go, and how seldom they are asked for.

use crate::{
    RESOURCE, assert_refused, assert_unavailable, caller, caller_at,
    issuer::{METADATA, Reply, TestIssuer},
    keys::{EC, Key, set},
    token::Token,
};
use diptych_auth::{Issuer, ResourceServer};
use futures_util::future::join_all;
use std::time::Duration;

const UNKNOWN_KEY: &str = "the token is signed with a key that its issuer does not have";

#[tokio::test]
async fn a_new_key_is_found_at_once() {
    let issuer = TestIssuer::start().await;
    let server = ResourceServer::new(RESOURCE).issuer(&issuer.url);
    caller(&server, &Token::of(&issuer.url).signed()).await;
    let new = Key::p256();
    issuer.reply("/keys", Reply::Json(set([new.jwk("new")])));
    let token = Token::of(&issuer.url).header("kid", "new").signed_with(&new);
    assert_eq!(caller(&server, &token).await.subject(), "ann");
    assert_eq!((issuer.count(METADATA), issuer.count("/keys")), (1, 2));
    // The old one is gone with that.
    assert_refused(&server, &Token::of(&issuer.url).claim("sub", "bob").signed(), UNKNOWN_KEY).await;
}

#[tokio::test]
async fn unknown_keys_are_asked_for_once_a_minute() {
    let issuer = TestIssuer::start().await;
    let server = ResourceServer::new(RESOURCE).issuer(&issuer.url);
    caller(&server, &Token::of(&issuer.url).signed()).await;
    let tokens: Vec<_> =
        (0..50).map(|n| Token::of(&issuer.url).header("kid", format!("unknown-{n}")).signed()).collect();
    // All at the same time, then one after the other.
    let refusals = join_all(tokens.iter().map(|token| assert_refused(&server, token, UNKNOWN_KEY)));
    assert_eq!(refusals.await.len(), 50);
    for token in &tokens {
        assert_refused(&server, token, UNKNOWN_KEY).await;
    }
    assert_eq!(issuer.count("/keys"), 2, "the first time, and once for all that is unknown");
    assert_eq!(caller(&server, &Token::of(&issuer.url).claim("sub", "bob").signed()).await.subject(), "bob");

    // Another interval, so that the first minute is not all that is tried.
    let eager = ResourceServer::new(RESOURCE).trust(Issuer::new(&issuer.url).refetch_every(Duration::ZERO));
    assert_refused(&eager, &tokens[0], UNKNOWN_KEY).await;
    assert_refused(&eager, &tokens[1], UNKNOWN_KEY).await;
    assert_eq!(issuer.count("/keys"), 2 + 3);
}

#[tokio::test]
async fn keys_are_fetched_once_for_all_who_wait() {
    let issuer = TestIssuer::start().await;
    let server = ResourceServer::new(RESOURCE).issuer(&issuer.url);
    let tokens: Vec<_> = (0..30).map(|n| Token::of(&issuer.url).claim("sub", format!("user-{n}")).signed()).collect();
    let callers = join_all(tokens.iter().map(|token| caller(&server, token))).await;
    assert_eq!(callers.len(), 30);
    assert_eq!((issuer.count(METADATA), issuer.count("/keys")), (1, 1));
}

#[tokio::test]
async fn a_caller_who_leaves_takes_no_keys_along() {
    let issuer = TestIssuer::start().await;
    let server = ResourceServer::new(RESOURCE).issuer(&issuer.url);
    let token = Token::of(&issuer.url).signed();
    {
        // Begun, and dropped before the issuer has answered.
        let first = caller(&server, &token);
        assert!(futures_util::poll!(std::pin::pin!(first)).is_pending());
    }
    assert_eq!(caller(&server, &token).await.subject(), "ann");
    assert_eq!((issuer.count(METADATA), issuer.count("/keys")), (1, 1));
}

#[tokio::test]
async fn old_keys_do_while_the_issuer_is_away() {
    let mut issuer = TestIssuer::start().await;
    let short = Duration::from_nanos(1);
    let patient = ResourceServer::new(RESOURCE).trust(Issuer::new(&issuer.url).keys_for(short));
    let strict = ResourceServer::new(RESOURCE).trust(Issuer::new(&issuer.url).keys_for(short).stale_for(short));
    for server in [&patient, &strict] {
        caller(server, &Token::of(&issuer.url).signed()).await;
    }
    issuer.stop().await;
    let bob = Token::of(&issuer.url).claim("sub", "bob").signed();
    assert_eq!(caller(&patient, &bob).await.subject(), "bob");
    assert_unavailable(&strict, &bob).await;
    // Whether a key that nobody has seen is one of the issuer's, the issuer alone can say.
    assert_unavailable(&patient, &Token::of(&issuer.url).header("kid", "new").signed()).await;
}

#[tokio::test]
async fn an_issuer_that_has_become_slow_holds_up_one_caller() {
    let issuer = TestIssuer::start().await;
    let slow = Issuer::new(&issuer.url).keys_for(Duration::from_nanos(1)).timeout(Duration::from_millis(300));
    let server = ResourceServer::new(RESOURCE).trust(slow);
    caller(&server, &Token::of(&issuer.url).signed()).await;
    issuer.reply("/keys", Reply::Silence);
    assert_eq!(caller(&server, &Token::of(&issuer.url).claim("sub", "bob").signed()).await.subject(), "bob");
    for n in 0..20 {
        let token = Token::of(&issuer.url).claim("sub", format!("user-{n}")).signed();
        assert!(futures_util::poll!(std::pin::pin!(caller(&server, &token))).is_ready(), "nobody waits");
    }
}

#[tokio::test]
async fn an_issuer_that_fails_is_left_alone_for_a_while() {
    let issuer = TestIssuer::start().await;
    issuer.reply("/keys", Reply::Status(500));
    let server = ResourceServer::new(RESOURCE).issuer(&issuer.url);
    let token = Token::of(&issuer.url).signed();
    for _ in 0..20 {
        assert_unavailable(&server, &token).await;
    }
    assert_eq!(issuer.count("/keys"), 1);
    let error = caller_at(&server, "", &token).await.unwrap_err();
    assert!(error.retry_after().is_some());
}

#[tokio::test]
async fn one_bad_key_does_not_spoil_the_others() {
    let issuer = TestIssuer::start().await;
    let strange = serde_json::json!([
        {"kty": "future", "kid": "a"}, {"kid": "b"}, 7, null, {"kty": "RSA", "kid": "c"},
        {"kty": "EC", "crv": "P-521", "x": "AA", "y": "AA", "kid": "d"}, EC.jwk("ec"),
    ]);
    issuer.reply("/keys", Reply::Json(serde_json::json!({"keys": strange}).to_string()));
    let server = ResourceServer::new(RESOURCE).issuer(&issuer.url);
    assert_eq!(caller(&server, &Token::of(&issuer.url).signed()).await.subject(), "ann");
}
