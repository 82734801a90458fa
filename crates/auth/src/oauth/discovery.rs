//! What an issuer publishes of itself (RFC 8414; OpenID Connect Discovery 1.0).

use super::{
    fetch::{Fetcher, NO_CONNECTION, TOO_SLOW},
    outage::Outage,
    strict,
};
use serde_json::{Map, Value};
use url::Url;

/// The part of the metadata that matters here.
pub(super) struct Discovered {
    pub(super) jwks_uri: Option<Url>,
    pub(super) introspection_endpoint: Option<Url>,
    /// Clients authenticate in the body there, and cannot in the header (RFC 8414, `introspection_endpoint_auth_methods_supported`).
    pub(super) secret_in_body: bool,
}

/// Asks each place where the metadata of an issuer can be, in the order of MCP (2026-07-28, Authorization Server Discovery).
///
/// # Errors
/// None has the metadata of this very issuer.
pub(super) async fn discover(fetcher: &Fetcher, issuer: &str) -> Result<Discovered, Outage> {
    let (mut unreadable, mut missing) = (None, Outage("it is not a URL"));
    for place in places(issuer) {
        match fetcher.get(&place).await {
            Ok(json) => match read(issuer, &json) {
                Ok(found) => return Ok(found),
                Err(problem) => unreadable = unreadable.or(Some(problem)),
            },
            // They are all in the same place.
            Err(problem @ (TOO_SLOW | NO_CONNECTION)) => return Err(problem),
            Err(problem) => missing = problem,
        }
    }
    // What is wrong with a document says more than that there is none in the next place.
    Err(unreadable.unwrap_or(missing))
}

const FOREIGN: Outage = Outage("its metadata names another issuer");

/// Where to look: the path of the issuer follows the well-known part, or goes before it.
fn places(issuer: &str) -> Vec<Url> {
    let Ok(url) = Url::parse(issuer) else { return Vec::new() };
    let origin = url.origin().ascii_serialization();
    let path = url.path().trim_end_matches('/');
    let mut places = vec![
        format!("{origin}/.well-known/oauth-authorization-server{path}"),
        format!("{origin}/.well-known/openid-configuration{path}"),
        format!("{origin}{path}/.well-known/openid-configuration"),
    ];
    places.dedup();
    places.iter().filter_map(|place| Url::parse(place).ok()).collect()
}

/// Reads a document, if it is of this issuer: character by character (RFC 8414, section 3.3).
fn read(issuer: &str, json: &[u8]) -> Result<Discovered, Outage> {
    let document = strict::object(json).ok_or(Outage("its metadata is not a JSON object"))?;
    if document.get("issuer").and_then(Value::as_str) != Some(issuer) {
        return Err(FOREIGN);
    }
    let methods = document.get("introspection_endpoint_auth_methods_supported").and_then(Value::as_array);
    let has = |method: &str| methods.is_some_and(|methods| methods.iter().any(|own| own.as_str() == Some(method)));
    Ok(Discovered {
        jwks_uri: link(&document, "jwks_uri")?,
        introspection_endpoint: link(&document, "introspection_endpoint")?,
        secret_in_body: has("client_secret_post") && !has("client_secret_basic"),
    })
}

fn link(document: &Map<String, Value>, name: &str) -> Result<Option<Url>, Outage> {
    let Some(value) = document.get(name) else { return Ok(None) };
    let url = value.as_str().and_then(|text| Url::parse(text).ok());
    url.map(Some).ok_or(Outage("its metadata has a malformed URL"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metadata_is_where_the_standards_say() {
        let urls = |issuer| places(issuer).iter().map(ToString::to_string).collect::<Vec<_>>();
        for issuer in ["https://id.example.com", "https://id.example.com/"] {
            assert_eq!(
                urls(issuer),
                [
                    "https://id.example.com/.well-known/oauth-authorization-server",
                    "https://id.example.com/.well-known/openid-configuration",
                ]
            );
        }
        assert_eq!(
            urls("https://id.example.com/a/b"),
            [
                "https://id.example.com/.well-known/oauth-authorization-server/a/b",
                "https://id.example.com/.well-known/openid-configuration/a/b",
                "https://id.example.com/a/b/.well-known/openid-configuration",
            ]
        );
    }
}
