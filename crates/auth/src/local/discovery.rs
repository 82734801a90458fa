//! What clients read first: the metadata of the issuer (RFC 8414, OpenID Connect Discovery 1.0) and its keys.

use super::{
    at::At,
    exchange::{IssuerReply, IssuerRequest},
};
use serde_json::json;

/// The same document at each of its places. Members of OpenID Connect are there because clients look for them; no ID tokens are
/// issued.
pub(super) fn metadata(at: &At<'_>, _: &IssuerRequest<'_>) -> IssuerReply {
    let url = at.url;
    let document = json!({
        "issuer": url,
        "authorization_endpoint": format!("{url}/authorize"),
        "token_endpoint": format!("{url}/token"),
        "registration_endpoint": format!("{url}/register"),
        "jwks_uri": format!("{url}/jwks.json"),
        "scopes_supported": at.scopes,
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": ["authorization_code", "refresh_token", "client_credentials"],
        "token_endpoint_auth_methods_supported": ["none", "client_secret_basic", "client_secret_post"],
        "code_challenge_methods_supported": ["S256"],
        "authorization_response_iss_parameter_supported": true,
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["ES256"],
    });
    // It changes with the program, which is restarted often.
    IssuerReply::json(200, &document).with("cache-control", "no-cache")
}

pub(super) fn keys(at: &At<'_>, _: &IssuerRequest<'_>) -> IssuerReply {
    IssuerReply::json(200, &at.key.jwks()).with("cache-control", "no-cache")
}
