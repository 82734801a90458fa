//! One issuer of tokens, and how far it is trusted.

use super::{SigningAlgorithm, keys::Keys};
use diptych_spec::Secret;
use std::{fmt, sync::Arc, time::Duration};

/// An issuer of access tokens that a [`crate::ResourceServer`] trusts, with the keys of that issuer and no other's.
///
/// Keys and endpoints are discovered from its metadata (RFC 8414, OpenID Connect Discovery 1.0) unless they are given.
///
/// ```
/// use diptych_auth::{Issuer, ResourceServer, SigningAlgorithm};
///
/// let server = ResourceServer::new("https://api.example.com/mcp").trust(
///     Issuer::new("https://id.example.com").algorithms([SigningAlgorithm::ES256]).plain_jwt(true),
/// );
/// assert_eq!(server.resource(), "https://api.example.com/mcp");
/// ```
#[derive(Clone)]
pub struct Issuer {
    pub(super) url: String,
    pub(super) jwks_uri: Option<String>,
    pub(super) keys: Option<Result<Arc<Keys>, String>>,
    pub(super) algorithms: Vec<SigningAlgorithm>,
    pub(super) plain_jwt: bool,
    pub(super) scope_claims: Vec<String>,
    pub(super) introspection: Option<Introspection>,
    pub(super) introspection_endpoint: Option<String>,
    pub(super) introspection_without_audience: bool,
    pub(super) private_network: bool,
    pub(super) keys_for: Duration,
    pub(super) stale_for: Duration,
    pub(super) refetch_every: Duration,
    pub(super) timeout: Duration,
}

/// Who asks an issuer about tokens.
#[derive(Clone)]
pub(super) struct Introspection {
    pub(super) client_id: String,
    pub(super) secret: Secret,
}

impl Issuer {
    /// The issuer of this identifier, character by character as the `iss` of its tokens has it: an https URL, or http on a
    /// loopback address.
    #[must_use]
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            jwks_uri: None,
            keys: None,
            algorithms: SigningAlgorithm::ALL.to_vec(),
            plain_jwt: false,
            scope_claims: vec!["scope".to_owned(), "scp".to_owned()],
            introspection: None,
            introspection_endpoint: None,
            introspection_without_audience: false,
            private_network: false,
            keys_for: Duration::from_mins(10),
            stale_for: Duration::from_hours(1),
            refetch_every: Duration::from_mins(1),
            timeout: Duration::from_secs(5),
        }
    }

    /// Where its keys are, instead of what its metadata says.
    #[must_use]
    pub fn jwks_uri(mut self, url: impl Into<String>) -> Self {
        self.jwks_uri = Some(url.into());
        self
    }

    /// Its public keys, as a JWK set (RFC 7517, section 5): nothing is fetched then.
    #[must_use]
    pub fn keys(mut self, jwk_set: impl AsRef<str>) -> Self {
        self.keys = Some(Keys::given(jwk_set.as_ref()).map(Arc::new));
        self
    }

    /// What it may sign with; [`SigningAlgorithm::ALL`] unless this says less. Which one a token has to have is a matter of the
    /// key, never of the token (RFC 8725, section 3.1).
    #[must_use]
    pub fn algorithms(mut self, algorithms: impl IntoIterator<Item = SigningAlgorithm>) -> Self {
        self.algorithms = algorithms.into_iter().collect();
        self
    }

    /// Whether tokens of type `JWT`, or of none, are access tokens beside those of type `at+jwt`; `false` unless it is said. Many
    /// issuers do not mark access tokens (RFC 9068, section 2.1), but then only the audience tells them from the other tokens of
    /// the same issuer. Such tokens with an `at_hash`, `c_hash` or `s_hash` are refused in any case: they are ID tokens.
    #[must_use]
    pub fn plain_jwt(mut self, accepted: bool) -> Self {
        self.plain_jwt = accepted;
        self
    }

    /// The claims that name scopes; the first of them that a token has counts. `scope` and then `scp` unless it is said. The value
    /// is one string with spaces between the scopes (RFC 8693, section 4.2) or a list of strings.
    #[must_use]
    pub fn scope_claims(mut self, names: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.scope_claims = names.into_iter().map(Into::into).collect();
        self
    }

    /// Takes opaque tokens too, and asks the issuer about each (RFC 7662) as the client `client_id`. At most one issuer of a server
    /// can have this: an opaque token does not say whose it is, and must be shown to nobody else.
    #[must_use]
    pub fn introspection(mut self, client_id: impl Into<String>, secret: Secret) -> Self {
        self.introspection = Some(Introspection { client_id: client_id.into(), secret });
        self
    }

    /// Where it is asked about tokens, instead of what its metadata says.
    #[must_use]
    pub fn introspection_endpoint(mut self, url: impl Into<String>) -> Self {
        self.introspection_endpoint = Some(url.into());
        self
    }

    /// Believes an introspection that names no audience; `false` unless it is said. Then every token that this issuer has given out
    /// for any other service opens this one too, so that service can act here as its callers. Only for an issuer that answers for
    /// no tokens but those of the client that asks.
    #[must_use]
    pub fn introspection_without_audience(mut self, accepted: bool) -> Self {
        self.introspection_without_audience = accepted;
        self
    }

    /// Whether the issuer may be on a private network, and be reached without TLS; `false` unless it is said. Link-local addresses,
    /// where clouds keep the credentials of a machine, are never reached.
    #[must_use]
    pub fn private_network(mut self, allowed: bool) -> Self {
        self.private_network = allowed;
        self
    }

    /// How long fetched keys are used before they are fetched again; 10 minutes unless it is said. A key that the issuer withdraws
    /// is good until then. After half of it they are fetched beside the calls, which do not wait.
    #[must_use]
    pub fn keys_for(mut self, age: Duration) -> Self {
        self.keys_for = age;
        self
    }

    /// How old keys may become when they cannot be fetched again; 1 hour unless it is said. Then calls are answered with 503.
    #[must_use]
    pub fn stale_for(mut self, age: Duration) -> Self {
        self.stale_for = age;
        self
    }

    /// How often keys are fetched for the sake of a token that names an unknown one; once a minute unless it is said.
    #[must_use]
    pub fn refetch_every(mut self, interval: Duration) -> Self {
        self.refetch_every = interval;
        self
    }

    /// How long one request to the issuer may take, from the look-up of its name to the end of its answer; 5 seconds unless it is
    /// said.
    #[must_use]
    pub fn timeout(mut self, limit: Duration) -> Self {
        self.timeout = limit;
        self
    }
}

/// Without the secret, and keys by their number.
impl fmt::Debug for Issuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Issuer").field("url", &self.url).field("algorithms", &self.algorithms).finish_non_exhaustive()
    }
}
