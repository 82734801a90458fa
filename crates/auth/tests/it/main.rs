//! A resource server against tokens with real keys and an issuer that is really asked, over loopback HTTP.
#![expect(clippy::unwrap_used, reason = "a helper that cannot go on should stop the test")]

mod bad_tokens;
mod configuration;
mod good_tokens;
mod introspection;
mod issuer;
mod keys;
mod reaching;
mod rotation;
mod token;

use diptych_auth::{Authenticator, Credentials, ResourceServer};
use diptych_spec::{Principal, Result};

/// The server of most tests, and its second endpoint.
const RESOURCE: &str = "https://api.example.com/mcp";
const ADMIN: &str = "https://api.example.com/mcp/admin";

/// Who sends a token to an endpoint.
async fn caller_at(server: &ResourceServer, endpoint: &str, token: &str) -> Result<Option<Principal>> {
    let value = format!("Bearer {token}");
    server.authenticate(&Credentials::new([("authorization", value.as_bytes())]).at(endpoint)).await
}

/// Who sends a token that is good.
async fn caller(server: &ResourceServer, token: &str) -> Principal {
    caller_at(server, "", token).await.unwrap().unwrap()
}

/// Status, code and detail of a token's refusal.
async fn refusal(server: &ResourceServer, token: &str) -> (u16, String, String) {
    let error = caller_at(server, "", token).await.unwrap_err();
    (error.kind().status(), error.code().to_owned(), error.detail().to_owned())
}

/// Checks that a token is refused with this detail.
async fn assert_refused(server: &ResourceServer, token: &str, detail: &str) {
    assert_eq!(refusal(server, token).await, (401, "invalid_token".to_owned(), detail.to_owned()));
}

/// Checks that it cannot be told whether a token is good.
async fn assert_unavailable(server: &ResourceServer, token: &str) {
    let (status, code, _) = refusal(server, token).await;
    assert_eq!((status, code.as_str()), (503, "issuer_unavailable"));
}
