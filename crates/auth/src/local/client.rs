//! Dynamic client registration (RFC 7591) that keeps nothing: the id of a client is its registration, with a tag that shows that this
//! issuer made it (section A.5.2). So a client that was registered once goes on after a restart with the same key.

use super::{
    at::At,
    exchange::{IssuerReply, IssuerRequest, Refused},
    key::{self, Key},
};
use crate::oauth::is_loopback;
use serde::{Deserialize, Serialize};
use serde_json::json;
use url::Url;

/// What a client can register, at most.
const MOST_REDIRECTS: usize = 10;
const LONGEST_REDIRECT: usize = 300;
const LONGEST_NAME: usize = 100;

/// A registered client.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Client {
    #[serde(skip)]
    pub(super) id: String,
    #[serde(rename = "r")]
    pub(super) redirects: Vec<String>,
    #[serde(rename = "n")]
    pub(super) name: Option<String>,
    #[serde(rename = "m")]
    pub(super) method: Method,
    #[serde(rename = "t")]
    since: u64,
}

/// How it shows who it is at the token endpoint (RFC 7591, section 2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Method {
    #[serde(rename = "none")]
    Public,
    #[serde(rename = "client_secret_basic")]
    Basic,
    #[serde(rename = "client_secret_post")]
    Post,
}

#[derive(Deserialize)]
struct Wanted {
    #[serde(default)]
    redirect_uris: Vec<String>,
    client_name: Option<String>,
    token_endpoint_auth_method: Option<Method>,
    grant_types: Option<Vec<String>>,
}

/// `POST /issuer/register`.
pub(super) fn register(at: &At<'_>, request: &IssuerRequest<'_>) -> IssuerReply {
    register_client(at, request).unwrap_or_else(Refused::reply)
}

fn register_client(at: &At<'_>, request: &IssuerRequest<'_>) -> Result<IssuerReply, Refused> {
    let wrong = |why| Refused::new("invalid_client_metadata", why);
    if !request.is_of("application/json") {
        return Err(wrong("the body has to be application/json"));
    }
    let wanted: Wanted = serde_json::from_slice(request.body)
        .map_err(|_| wrong("this cannot be read, or asks for what there is not"))?;
    let grants = wanted.grant_types.unwrap_or_else(|| vec!["authorization_code".to_owned()]);
    // Section 2: what the server does not do, it replaces or leaves out.
    let served: Vec<_> = ["authorization_code", "refresh_token", "client_credentials"]
        .into_iter()
        .filter(|grant| grants.iter().any(|wanted| wanted == grant))
        .collect();
    let redirects = wanted.redirect_uris;
    if redirects.len() > MOST_REDIRECTS || !redirects.iter().all(|uri| is_redirect(uri)) {
        let why =
            "a redirect URI is https, http on a loopback address, or of a scheme of the client's own; at most ten";
        return Err(Refused::new("invalid_redirect_uri", why));
    }
    if redirects.is_empty() && served.contains(&"authorization_code") {
        return Err(Refused::new("invalid_redirect_uri", "a client that asks for codes needs a redirect URI"));
    }
    if wanted.client_name.as_ref().is_some_and(|name| name.chars().count() > LONGEST_NAME) {
        return Err(wrong("client_name is longer than 100 characters"));
    }
    let since = at.seconds();
    // The default is `client_secret_basic` (section 2), but only those that ask for a secret can keep one.
    let method = wanted.token_endpoint_auth_method.unwrap_or(Method::Public);
    let client = Client { id: String::new(), redirects, name: wanted.client_name, method, since }.named(at.key);
    let mut registered = json!({
        "client_id": client.id,
        "client_id_issued_at": since,
        "redirect_uris": client.redirects,
        "token_endpoint_auth_method": method,
        "grant_types": served,
        "response_types": if client.redirects.is_empty() { json!([]) } else { json!(["code"]) },
    });
    if let Some(name) = &client.name {
        registered["client_name"] = json!(name);
    }
    if method != Method::Public {
        registered["client_secret"] = json!(at.key.tag("client secret", &client.id));
        registered["client_secret_expires_at"] = json!(0);
    }
    Ok(IssuerReply::json(201, &registered).not_stored())
}

impl Client {
    fn named(self, key: &Key) -> Self {
        let said = key::encode(serde_json::to_string(&self).unwrap_or_default().as_bytes());
        let id = format!("{said}.{}", key.tag("client", &said));
        Self { id, ..self }
    }

    /// The client of an id that this issuer gave.
    pub(super) fn of(id: &str, key: &Key) -> Option<Self> {
        let (said, tag) = id.split_once('.')?;
        if !key.is_tag(tag, "client", said) {
            return None;
        }
        let client: Self = serde_json::from_slice(&key::decode(said)?).ok()?;
        Some(Self { id: id.to_owned(), ..client })
    }

    /// Whether this is its secret.
    pub(super) fn is_secret(&self, secret: &str, key: &Key) -> bool {
        key.is_tag(secret, "client secret", &self.id)
    }

    /// Whether a code may be sent there: exactly what was registered, but for the port of a loopback address (OAuth 2.1, section
    /// 2.3.1; RFC 8252, section 7.3).
    pub(super) fn may_redirect(&self, uri: &str) -> bool {
        self.redirects
            .iter()
            .any(|own| own == uri || but_for_the_port(own).is_some_and(|own| but_for_the_port(uri) == Some(own)))
    }

    /// A short name for itself, where it is its own user.
    pub(super) fn subject(&self) -> String {
        let tag = self.id.rsplit('.').next().unwrap_or_default();
        format!("client-{}", tag.get(..16).unwrap_or(tag))
    }
}

fn but_for_the_port(uri: &str) -> Option<Url> {
    let mut url = Url::parse(uri).ok().filter(|url| url.scheme() == "http" && is_loopback(url))?;
    url.set_port(None).ok()?;
    Some(url)
}

fn is_redirect(uri: &str) -> bool {
    let Ok(url) = Url::parse(uri) else { return false };
    let plain = uri.len() <= LONGEST_REDIRECT
        && url.fragment().is_none()
        && url.username().is_empty()
        && url.password().is_none();
    plain
        && match url.scheme() {
            "https" => true,
            "http" => is_loopback(&url),
            // `javascript:` and `data:` have no hierarchy.
            "file" | "ftp" | "ws" | "wss" | "blob" | "filesystem" | "about" | "view-source" => false,
            _ => !url.cannot_be_a_base(),
        }
}

/// The parts of a registration that the page shows.
pub(super) fn shown(client: &Client, redirect: &str) -> [String; 2] {
    let name = client.name.clone().unwrap_or_else(|| "A client without a name".to_owned());
    let host = Url::parse(redirect).ok().map(|url| match url.host_str() {
        Some(host) if matches!(url.scheme(), "http" | "https") => host.to_owned(),
        _ => format!("the application that opens {}: links", url.scheme()),
    });
    [name, host.unwrap_or_default()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_a_registration() {
        let (key, other) = (Key::generate().unwrap(), Key::generate().unwrap());
        let redirects = vec!["http://127.0.0.1:1/cb".to_owned(), "cursor://x/cb?a=b".to_owned()];
        let client = Client { id: String::new(), redirects, name: None, method: Method::Post, since: 7 }.named(&key);
        assert_eq!(Client::of(&client.id, &key).as_ref(), Some(&client));
        assert_eq!(Client::of(&client.id, &other), None);
        assert_eq!(Client::of(&client.id.replacen('.', "x.", 1), &key), None);
        let secret = key.tag("client secret", &client.id);
        assert!(client.is_secret(&secret, &key) && !client.is_secret("", &key) && !client.is_secret(&secret, &other));
        for (uri, allowed) in [
            ("http://127.0.0.1:1/cb", true),
            ("http://127.0.0.1:65535/cb", true),
            ("http://127.0.0.1/cb", true),
            ("cursor://x/cb?a=b", true),
            ("http://localhost:1/cb", false),
            ("http://127.0.0.1:1/cb/", false),
            ("http://127.0.0.1:1/cb?x", false),
            ("http://127.0.0.1:1/cb#x", false),
            ("https://127.0.0.1:1/cb", false),
            ("http://127.0.0.1:1@evil.example/cb", false),
            ("http://u@127.0.0.1:1/cb", false),
            ("cursor://x:1/cb?a=b", false),
            ("", false),
        ] {
            assert_eq!(client.may_redirect(uri), allowed, "{uri}");
        }
    }

    #[test]
    fn a_code_is_not_sent_anywhere() {
        for uri in
            ["https://a.example/cb", "http://localhost:3/cb", "http://[::1]/", "vscode://x/cb", "com.example.app:/cb"]
        {
            assert!(is_redirect(uri), "{uri}");
        }
        let long = format!("https://a.example/{}", "x".repeat(LONGEST_REDIRECT));
        for uri in [
            "http://a.example/cb",
            "https://a.example/cb#x",
            "https://u@a.example/cb",
            "javascript:alert(1)",
            "data:text/html,x",
            "file:///etc/passwd",
            "/cb",
            "",
            &long,
        ] {
            assert!(!is_redirect(uri), "{uri}");
        }
    }
}
