//! The server as OAuth knows it: a protected resource, and the issuers that it trusts.

use super::{Issuer, known::Known, metadata::Metadata, resource::Resource, trusted::Trusted};
use diptych_spec::{Principal, Result};
use futures_util::future::BoxFuture;
use serde_json::Value;
use std::{fmt, time::Duration};

type Active = dyn Fn(Principal) -> BoxFuture<'static, Result<bool>> + Send + Sync;

/// An OAuth 2.1 resource server: callers are who the access token says, if it is one of a trusted issuer for this very server.
///
/// A token is a JWT (RFC 9068) that is checked against the keys of its issuer, or opaque and checked by asking the issuer (RFC 7662;
/// [`Issuer::introspection`]). It comes in the `Authorization` header (RFC 6750, section 2.1) and from nowhere else.
///
/// ```
/// use diptych_auth::{Authenticator, ResourceServer};
///
/// let server = ResourceServer::new("https://api.example.com/mcp").issuer("https://id.example.com");
/// assert!(server.mistakes().is_empty());
/// let url = "https://api.example.com/.well-known/oauth-protected-resource/mcp";
/// assert_eq!(server.resource_metadata("").as_deref(), Some(url));
/// ```
pub struct ResourceServer {
    pub(super) text: String,
    pub(super) resource: Result<Resource, String>,
    pub(super) others: Vec<(String, Result<Resource, String>)>,
    pub(super) trusted: Vec<Trusted>,
    pub(super) leeway: Duration,
    pub(super) keeps_tokens: bool,
    pub(super) metadata: Metadata,
    pub(super) known: Known,
    pub(super) active: Option<Box<Active>>,
}

impl ResourceServer {
    /// The server with this identifier (RFC 8707): the URL that clients use for its MCP endpoint, such as
    /// `https://api.example.com/mcp`. Tokens have to name it, character by character, as an audience; its metadata is made from it.
    #[must_use]
    pub fn new(resource: impl Into<String>) -> Self {
        let text = resource.into();
        Self {
            resource: Resource::new(&text),
            text,
            others: Vec::new(),
            trusted: Vec::new(),
            leeway: Duration::from_secs(30),
            keeps_tokens: false,
            metadata: Metadata::default(),
            known: Known::new(Known::TIME, Known::BYTES),
            active: None,
        }
    }

    /// Trusts an issuer, with everything that its metadata says.
    #[must_use]
    pub fn issuer(self, url: impl Into<String>) -> Self {
        self.trust(Issuer::new(url))
    }

    /// Trusts an issuer. Each has its own keys: one cannot speak for another.
    #[must_use]
    pub fn trust(mut self, issuer: Issuer) -> Self {
        self.trusted.push(Trusted::new(issuer));
        self
    }

    /// The identifier of another endpoint, such as the MCP mount `/mcp/admin`. Unless this is said, it is the origin of the server's
    /// own and the path of the endpoint. Tokens for one endpoint do not open another.
    #[must_use]
    pub fn resource_at(mut self, endpoint: impl Into<String>, resource: impl AsRef<str>) -> Self {
        self.others.push((endpoint.into(), Resource::new(resource.as_ref())));
        self
    }

    /// How far the clocks of issuers may differ from this machine's; 30 seconds unless it is said, at most 5 minutes.
    #[must_use]
    pub fn leeway(mut self, leeway: Duration) -> Self {
        self.leeway = leeway;
        self
    }

    /// Whether [`Principal::token`] has the token; `false` unless it is said. It must not be sent on to another server.
    #[must_use]
    pub fn keep_tokens(mut self, kept: bool) -> Self {
        self.keeps_tokens = kept;
        self
    }

    /// The scopes that clients are told of (RFC 9728, `scopes_supported`). Unless this is said: those that operations ask for.
    #[must_use]
    pub fn scopes_supported(mut self, scopes: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.metadata.scopes = Some(scopes.into_iter().map(Into::into).collect());
        self
    }

    /// What the server is called where people decide whether a client may use it.
    #[must_use]
    pub fn resource_name(self, name: impl Into<String>) -> Self {
        self.metadata_member("resource_name", name.into())
    }

    /// A page for the developers of clients.
    #[must_use]
    pub fn resource_documentation(self, url: impl Into<String>) -> Self {
        self.metadata_member("resource_documentation", url.into())
    }

    /// Another member of the metadata, such as `resource_policy_uri`.
    #[must_use]
    pub fn metadata_member(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.metadata.members.insert(name.into(), value.into());
        self
    }

    /// How long a token is known once it was checked, and how much memory is used for that, in bytes; 60 seconds and 16 MiB unless it
    /// is said. At most 60 seconds, and never beyond the token's expiry. Within that time a key that its issuer withdraws, or an
    /// opaque token that is revoked, is still good. A time of zero checks each time.
    #[must_use]
    pub fn remember(mut self, time: Duration, bytes: u64) -> Self {
        self.known = Known::new(time, bytes);
        self
    }

    /// Asks the application whether a caller of its issuers may still act: on each request, and again and again while a stream is open
    /// or a task runs. `false` refuses the request with 401, and ends the stream or the task. A task outlives the token that it was made
    /// with: of its owner there are issuer, subject, client and scopes, and no other claims.
    ///
    /// ```
    /// use diptych_auth::ResourceServer;
    ///
    /// let server = ResourceServer::new("https://api.example.com/mcp")
    ///     .issuer("https://id.example.com")
    ///     .active(|caller| async move { Ok(caller.subject() != "mallory") });
    /// # let _ = server;
    /// ```
    #[must_use]
    pub fn active<Fut>(mut self, active: impl Fn(Principal) -> Fut + Send + Sync + 'static) -> Self
    where
        Fut: Future<Output = Result<bool>> + Send + 'static,
    {
        self.active = Some(Box::new(move |principal| Box::pin(active(principal))));
        self
    }

    /// The identifier of the server.
    #[must_use]
    pub fn resource(&self) -> &str {
        &self.text
    }

    /// The identifiers of the issuers that are trusted.
    pub fn issuers(&self) -> impl Iterator<Item = &str> {
        self.trusted.iter().map(Trusted::url)
    }

    /// The resource that an endpoint is.
    pub(super) fn resource_of(&self, endpoint: &str) -> Option<Resource> {
        if endpoint.is_empty() {
            return self.resource.as_ref().ok().cloned();
        }
        match self.others.iter().find(|(other, _)| other == endpoint) {
            Some((_, resource)) => resource.as_ref().ok().cloned(),
            None => self.resource.as_ref().ok()?.sibling(endpoint).ok(),
        }
    }

    /// Whether a token for these audiences is for an endpoint.
    pub(super) fn is_for(&self, endpoint: &str, audiences: &[String]) -> bool {
        let Ok(own) = &self.resource else { return false };
        let other = self.others.iter().find(|(other, _)| other == endpoint);
        audiences.iter().any(|audience| match other {
            Some((_, resource)) => resource.as_ref().is_ok_and(|resource| resource.is(audience)),
            None if endpoint.is_empty() => own.is(audience),
            None => own.is_sibling(endpoint, audience),
        })
    }
}

/// Without what is kept of tokens.
impl fmt::Debug for ResourceServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResourceServer")
            .field("resource", &self.text)
            .field("issuers", &self.issuers().collect::<Vec<_>>())
            .finish_non_exhaustive()
    }
}
