//! How the issuer is found and reached, and what of it is not believed.

use crate::{
    RESOURCE, assert_unavailable, caller, caller_at,
    issuer::{METADATA, Reply, TestIssuer},
    keys::{EC, set},
    token::Token,
};
use diptych_auth::{Issuer, ResourceServer};
use serde_json::json;
use std::time::Duration;

#[tokio::test]
async fn metadata_is_found_in_each_place() {
    for (path, place) in [
        ("", METADATA),
        ("", "/.well-known/openid-configuration"),
        ("/tenant", "/.well-known/oauth-authorization-server/tenant"),
        ("/tenant", "/.well-known/openid-configuration/tenant"),
        ("/tenant", "/tenant/.well-known/openid-configuration"),
        ("/", METADATA),
    ] {
        let issuer = TestIssuer::bare(path).await;
        issuer.describe(place, json!({}));
        issuer.reply("/keys", Reply::Json(set([EC.jwk("ec")])));
        let server = ResourceServer::new(RESOURCE).issuer(&issuer.url);
        assert_eq!(caller(&server, &Token::of(&issuer.url).signed()).await.issuer(), issuer.url, "{place}");
    }
}

#[tokio::test]
async fn metadata_of_another_issuer_is_not_believed() {
    for name in ["https://evil.example.com", "", "/"] {
        let issuer = TestIssuer::start().await;
        let named = if name == "/" { format!("{}/", issuer.url) } else { name.to_owned() };
        issuer.describe(METADATA, json!({"issuer": named}));
        let server = ResourceServer::new(RESOURCE).issuer(&issuer.url);
        assert_unavailable(&server, &Token::of(&issuer.url).signed()).await;
        assert_eq!(issuer.count("/keys"), 0, "{name}");
    }
}

#[tokio::test]
async fn an_issuer_that_does_not_answer_as_it_should_is_out_of_reach() {
    let good = set([EC.jwk("ec")]);
    let elsewhere = TestIssuer::start().await;
    let twice = good.replacen('{', r#"{"keys":[],"#, 1);
    for (name, reply) in [
        ("404", Reply::Status(404)),
        ("500", Reply::Status(500)),
        ("a redirect", Reply::Redirect(format!("{}/keys", elsewhere.url))),
        ("half an answer", Reply::Half),
        ("too large", Reply::Bytes(256 * 1024 + 1, true)),
        ("too large, without saying so", Reply::Bytes(256 * 1024 + 1, false)),
        ("no answer", Reply::Silence),
        ("not JSON", Reply::Json("<html>".to_owned())),
        ("no set", Reply::Json("{}".to_owned())),
        ("a list", Reply::Json("[]".to_owned())),
        ("keys twice", Reply::Json(twice)),
        ("too many keys", Reply::Json(set((0..101).map(|n| EC.jwk(&n.to_string()))))),
    ] {
        let issuer = TestIssuer::start().await;
        issuer.reply("/keys", reply.clone());
        let trusted = || Issuer::new(&issuer.url).timeout(Duration::from_millis(300));
        let server = ResourceServer::new(RESOURCE).trust(trusted());
        assert_unavailable(&server, &Token::of(&issuer.url).signed()).await;
        assert_eq!(issuer.count("/keys"), 1, "{name}");
        // And the same for the metadata.
        issuer.reply("/keys", Reply::Json(good.clone()));
        issuer.reply(METADATA, reply);
        let server = ResourceServer::new(RESOURCE).trust(trusted());
        assert_unavailable(&server, &Token::of(&issuer.url).signed()).await;
        assert_eq!(issuer.count("/keys"), 1, "{name}");
    }
    assert!(elsewhere.asked().is_empty(), "no redirect is followed");
}

#[tokio::test]
async fn an_issuer_that_is_down_refuses_nobody_and_lets_nobody_through() {
    let mut issuer = TestIssuer::start().await;
    issuer.stop().await;
    let server = ResourceServer::new(RESOURCE).issuer(&issuer.url);
    assert_unavailable(&server, &Token::of(&issuer.url).signed()).await;
    assert_unavailable(&server, &Token::of(&issuer.url).claim("exp", 0).signed()).await;
}

#[tokio::test]
async fn no_issuer_leads_into_a_private_network() {
    let inside = TestIssuer::start().await;
    let port = inside.url.rsplit(':').next().unwrap();
    // A name is judged by what it resolves to, which for this one is the machine itself.
    let by_name = format!("https://localhost:{port}/keys");
    let public = Issuer::new("https://id.example.com").jwks_uri(&by_name);
    let server = ResourceServer::new(RESOURCE).trust(public);
    assert_eq!(reason(&server, "https://id.example.com").await, "no connection to an address within reach");
    assert_eq!(inside.connections(), 0);
    // The same, allowed: then it is connected to, and has no TLS.
    let private = Issuer::new("https://id.example.com").jwks_uri(&by_name).private_network(true);
    assert_unavailable(&ResourceServer::new(RESOURCE).trust(private), &Token::of("https://id.example.com").signed())
        .await;
    assert_eq!(inside.connections(), 1);

    // What an issuer says itself is believed no more: one on this machine stays on it.
    let far = "a URL that it names is not https, or not of a public address";
    for (keys, expected) in [
        ("http://169.254.169.254/latest/meta-data", far),
        ("https://10.0.0.1/keys", far),
        ("https://[fd00::1]/keys", far),
        ("https://[::ffff:10.0.0.1]/keys", far),
        ("http://id.example.com/keys", far),
        ("file:///etc/passwd", far),
        ("keys", "its metadata has a malformed URL"),
    ] {
        let issuer = TestIssuer::start().await;
        issuer.describe(METADATA, json!({"jwks_uri": keys}));
        let server = ResourceServer::new(RESOURCE).issuer(&issuer.url);
        assert_eq!(reason(&server, &issuer.url).await, expected, "{keys}");
    }
}

/// Why the issuer cannot be asked: what the log is told, never the caller.
async fn reason(server: &ResourceServer, issuer: &str) -> String {
    let error = caller_at(server, "", &Token::of(issuer).signed()).await.unwrap_err();
    assert_eq!(error.code(), "issuer_unavailable");
    assert_eq!(error.detail(), "the issuer of the token cannot be reached at the moment; try again");
    std::error::Error::source(&error).unwrap().to_string()
}

#[tokio::test]
async fn a_loopback_issuer_is_reached_by_name_too() {
    let issuer = TestIssuer::bare("").await;
    let port = issuer.url.rsplit(':').next().unwrap();
    issuer.reply("/keys", Reply::Json(set([EC.jwk("ec")])));
    let name = format!("http://localhost:{port}");
    let server = ResourceServer::new(RESOURCE).trust(Issuer::new(&name).jwks_uri(format!("{name}/keys")));
    assert_eq!(caller(&server, &Token::of(&name).signed()).await.issuer(), name);
    let private = Issuer::new("https://id.example.com").private_network(true).jwks_uri(format!("{name}/keys"));
    let server = ResourceServer::new(RESOURCE).trust(private);
    assert_eq!(caller(&server, &Token::of("https://id.example.com").signed()).await.issuer(), "https://id.example.com");
}
