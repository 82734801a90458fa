//! What is found wrong before the server starts, and what clients are told.

use crate::{
    ADMIN, RESOURCE,
    keys::{EC, base64, set},
};
use diptych_auth::{Authenticator, Issuer, ResourceServer};
use diptych_spec::Secret;
use serde_json::json;
use std::time::Duration;

const ID: &str = "https://id.example.com";

fn trusting(issuer: Issuer) -> ResourceServer {
    ResourceServer::new(RESOURCE).trust(issuer)
}

#[test]
fn mistakes_say_what_to_write() {
    let at = |resource: &str| ResourceServer::new(resource).issuer(ID);
    let private = json!({"kty": "oct", "k": base64("secret")});
    let introspecting = |id: &str, secret: &str| Issuer::new(ID).introspection(id, Secret::new(secret));
    #[rustfmt::skip]
    let table: Vec<(ResourceServer, &str)> = vec![
        (at("api.example.com/mcp"), "is not a URL; write the address that clients use"),
        (at("http://api.example.com/mcp"), "has to be an https URL"),
        (at("https://api.example.com/mcp#a"), "has a fragment"),
        (at("https://ann@api.example.com/mcp"), "names a user"),
        (at("https://API.example.com/mcp"), "write `https://api.example.com/mcp`"),
        (at("https://api.example.com:443/mcp"), "write `https://api.example.com/mcp`"),
        (ResourceServer::new(RESOURCE), "no issuer is trusted"),
        (at(RESOURCE).issuer(ID), "is trusted twice"),
        (at(RESOURCE).leeway(Duration::from_mins(6)), "at most 5 minutes"),
        (at(RESOURCE).resource_at("admin", ADMIN), "the path of a mount"),
        (at(RESOURCE).resource_at("/a", "http://x.example.com"), "has to be an https URL"),
        (at(RESOURCE).resource_at("/a", RESOURCE), "names the resource of another endpoint"),
        (at(RESOURCE).resource_at("/a", ADMIN).resource_at("/a", "https://x.example.com"), "is said twice"),
        (at(RESOURCE).metadata_member("resource", "x"), "the server says that itself"),
        (at(RESOURCE).scopes_supported(["notes:read notes:write"]), "is not one scope"),
        (trusting(Issuer::new("id.example.com")), "it is not a URL"),
        (trusting(Issuer::new("http://id.example.com")), "has to be an https URL of a public address"),
        (trusting(Issuer::new("https://10.0.0.1")), "has to be an https URL of a public address"),
        (trusting(Issuer::new("https://169.254.169.254").private_network(true)), "has to be an https URL of a public address"),
        (trusting(Issuer::new("https://id.example.com?a")), "no query"),
        (trusting(Issuer::new(ID).jwks_uri("http://id.example.com/keys")), "its `jwks_uri` has to be"),
        (trusting(Issuer::new(ID).jwks_uri("https://127.0.0.1/keys")), "its `jwks_uri` has to be"),
        (trusting(Issuer::new(ID).algorithms([])), "it has no algorithm"),
        (trusting(Issuer::new(ID).scope_claims([""])), "names no claim"),
        (trusting(Issuer::new(ID).keys("keys")), "no JWK set"),
        (trusting(Issuer::new(ID).keys(set([]))), "none that is for signatures"),
        (trusting(Issuer::new(ID).keys(set([private]))), "a private or a shared key"),
        (trusting(Issuer::new(ID).keys(set([EC.jwk("ec")])).jwks_uri("https://id.example.com/keys")), "say one of them"),
        (trusting(Issuer::new(ID).keys(set([EC.jwk("ec")])).algorithms([diptych_auth::SigningAlgorithm::RS256])), "none of its keys"),
        (trusting(introspecting("", "secret")), "the first argument is empty"),
        (trusting(introspecting("api", "")), "needs the secret"),
        (trusting(Issuer::new(ID).introspection_endpoint("https://id.example.com/i")), "needs `.introspection("),
        (trusting(Issuer::new(ID).introspection_without_audience(true)), "needs `.introspection("),
        (trusting(introspecting("api", "a")).trust(Issuer::new("https://b.example.com").introspection("api", Secret::new("b"))), "two issuers take opaque tokens"),
        (trusting(Issuer::new(ID).timeout(Duration::ZERO)), "longer than nothing"),
        (trusting(Issuer::new(ID).keys_for(Duration::from_hours(2))), "not less than `keys_for`"),
    ];
    for (server, expected) in &table {
        let mistakes: Vec<_> = server.mistakes().iter().map(ToString::to_string).collect();
        assert!(matches!(mistakes.as_slice(), [one] if one.contains(expected)), "{expected}: {mistakes:#?}");
    }
}

#[test]
fn what_is_right_has_no_mistakes() {
    for server in [
        ResourceServer::new(RESOURCE)
            .issuer(ID)
            .issuer("https://id.example.com/")
            .resource_at("/a", "https://a.example.com"),
        ResourceServer::new("https://api.example.com").issuer(ID),
        ResourceServer::new("http://127.0.0.1:8000/mcp").issuer("http://127.0.0.1:9000"),
        ResourceServer::new("http://localhost:8000/mcp").issuer("http://[::1]:9000"),
        trusting(Issuer::new("http://keycloak:8080/realms/a").private_network(true)),
        trusting(Issuer::new(ID).introspection("api", Secret::new("s")).introspection_without_audience(true)),
        trusting(Issuer::new(ID).keys(set([EC.jwk("ec")]))),
    ] {
        assert!(server.mistakes().is_empty(), "{:?}", server.mistakes());
    }
}

#[test]
fn clients_are_told_what_protects_each_endpoint() {
    let server = ResourceServer::new(RESOURCE)
        .issuer(ID)
        .issuer("https://other.example.com/tenant")
        .resource_at("/mcp/far", "https://far.example.com")
        .resource_name("Notes")
        .resource_documentation("https://docs.example.com")
        .metadata_member("resource_policy_uri", "https://example.com/policy");
    let well_known = "/.well-known/oauth-protected-resource";
    for (endpoint, resource, url) in [
        ("", RESOURCE, format!("https://api.example.com{well_known}/mcp")),
        ("/mcp/admin", ADMIN, format!("https://api.example.com{well_known}/mcp/admin")),
        ("/mcp/far", "https://far.example.com", format!("https://far.example.com{well_known}")),
    ] {
        assert_eq!(server.resource_metadata(endpoint), Some(url));
        let expected = json!({
            "resource": resource,
            "authorization_servers": [ID, "https://other.example.com/tenant"],
            "bearer_methods_supported": ["header"],
            "resource_name": "Notes",
            "resource_documentation": "https://docs.example.com",
            "resource_policy_uri": "https://example.com/policy",
        });
        assert_eq!(server.metadata(endpoint), Some(expected), "{endpoint}");
    }
    let scoped = ResourceServer::new(RESOURCE).issuer(ID).scopes_supported(["notes:read"]);
    assert_eq!(scoped.metadata("").unwrap()["scopes_supported"], json!(["notes:read"]));
    assert_eq!((ResourceServer::new("x").metadata(""), ResourceServer::new("x").resource_metadata("/a")), (None, None));
}

#[test]
fn nothing_secret_is_shown() {
    let issuer = Issuer::new(ID).introspection("api", Secret::new("hush"));
    let server = trusting(issuer.clone());
    let shown = format!("{issuer:?} {server:?} {:?}", server.mistakes());
    assert!(!shown.contains("hush"), "{shown}");
    assert!(shown.contains(RESOURCE) && shown.contains(ID));
}
