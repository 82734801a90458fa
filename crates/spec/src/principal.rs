//! Who is calling.

use crate::{Error, Result, Secret};
use serde_json::{Map, Value};
use std::{any::Any, fmt, sync::Arc, time::SystemTime};

/// An authenticated caller. Two principals are the same when issuer and subject are. Cheap to clone.
#[derive(Clone)]
pub struct Principal(Arc<Inner>);

#[derive(Clone)]
struct Inner {
    issuer: String,
    subject: String,
    scopes: Vec<String>,
    client: Option<String>,
    expires_at: Option<SystemTime>,
    claims: Arc<Map<String, Value>>,
    token: Option<Secret>,
    evidence: Option<Arc<dyn Any + Send + Sync>>,
    /// Sorted; none when the credentials are good for every operation.
    operations: Option<Vec<String>>,
}

impl Principal {
    /// A caller that `issuer` vouches for.
    ///
    /// # Errors
    /// Refuses an empty `subject`: a principal without an id could not be told from another.
    pub fn new(
        issuer: impl AsRef<str>,
        subject: impl AsRef<str>,
        scopes: impl IntoIterator<Item = impl Into<String>>,
    ) -> Result<Self> {
        let subject = subject.as_ref();
        if subject.trim().is_empty() {
            return Err(Error::unauthenticated().with_source("the credentials name no subject"));
        }
        let scopes = sorted(scopes.into_iter().map(Into::into).filter(|scope: &String| !scope.is_empty()));
        Ok(Self(Arc::new(Inner {
            issuer: issuer.as_ref().to_owned(),
            subject: subject.to_owned(),
            scopes,
            client: None,
            expires_at: None,
            claims: Arc::default(),
            token: None,
            evidence: None,
            operations: None,
        })))
    }

    /// The same, with these scopes besides its own.
    pub(crate) fn with_more_scopes<'s>(&self, scopes: impl IntoIterator<Item = &'s str>) -> Self {
        let mut inner = Inner::clone(&self.0);
        inner.scopes = sorted(inner.scopes.into_iter().chain(scopes.into_iter().map(str::to_owned)));
        Self(Arc::new(inner))
    }

    /// The same, acting through this client (`client_id` of RFC 9068, or the id of an API key).
    #[must_use]
    pub fn with_client(mut self, client: impl Into<String>) -> Self {
        Arc::make_mut(&mut self.0).client = Some(client.into());
        self
    }

    /// The same, with credentials that are good until then: streams that are open end with them.
    #[must_use]
    pub fn with_expiry(mut self, expires_at: SystemTime) -> Self {
        Arc::make_mut(&mut self.0).expires_at = Some(expires_at);
        self
    }

    /// The same, with what else the issuer says of the caller (RFC 7519, section 4): a tenant, roles.
    #[must_use]
    pub fn with_claims(mut self, claims: Map<String, Value>) -> Self {
        Arc::make_mut(&mut self.0).claims = Arc::new(claims);
        self
    }

    /// The same, with the token it came with.
    #[must_use]
    pub fn with_token(mut self, token: Secret) -> Self {
        Arc::make_mut(&mut self.0).token = Some(token);
        self
    }

    /// The same, with what its authenticator needs to ask again whether the caller may still act. Whoever can name the type of it can
    /// read it, so a private type is the authenticator's alone.
    #[must_use]
    pub fn with_evidence(mut self, evidence: impl Any + Send + Sync) -> Self {
        Arc::make_mut(&mut self.0).evidence = Some(Arc::new(evidence));
        self
    }

    /// What its authenticator keeps for itself, if it is of this type.
    #[must_use]
    pub fn evidence<T: Any>(&self) -> Option<&T> {
        self.0.evidence.as_ref()?.downcast_ref()
    }

    /// The same, with credentials that are good for the operations of these names only, whatever else their scopes allow. None
    /// of them is no operation at all.
    #[must_use]
    pub fn with_operations(mut self, operations: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Arc::make_mut(&mut self.0).operations = Some(sorted(operations.into_iter().map(Into::into)));
        self
    }

    /// Who vouches for the caller (the `iss` of RFC 7519).
    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.0.issuer
    }

    /// The caller's id at the issuer (the `sub` of RFC 7519).
    #[must_use]
    pub fn subject(&self) -> &str {
        &self.0.subject
    }

    /// What the caller was allowed to ask for (RFC 6749, section 3.3), sorted.
    #[must_use]
    pub fn scopes(&self) -> &[String] {
        &self.0.scopes
    }

    /// Whether the caller has `scope`, exactly.
    #[must_use]
    pub fn has_scope(&self, scope: &str) -> bool {
        has(&self.0.scopes, scope)
    }

    /// The operations that the credentials are good for, sorted; `None` when they do not say.
    #[must_use]
    pub fn operations(&self) -> Option<&[String]> {
        self.0.operations.as_deref()
    }

    /// Whether the credentials are good for the operation of this name.
    #[must_use]
    pub fn is_good_for(&self, operation: &str) -> bool {
        self.operations().is_none_or(|names| has(names, operation))
    }

    /// The client that the caller acts through, where the credentials name one.
    #[must_use]
    pub fn client(&self) -> Option<&str> {
        self.0.client.as_deref()
    }

    /// Until when the credentials are good; `None` when they say nothing.
    #[must_use]
    pub fn expires_at(&self) -> Option<SystemTime> {
        self.0.expires_at
    }

    /// Something else that the issuer says of the caller.
    #[must_use]
    pub fn claim(&self, name: &str) -> Option<&Value> {
        self.0.claims.get(name)
    }

    /// The token that the caller sent, where the authenticator keeps it. It was made out to this server: MCP forbids to send it on to
    /// another (basic/authorization, Token Passthrough).
    #[must_use]
    pub fn token(&self) -> Option<&Secret> {
        self.0.token.as_ref()
    }
}

/// Each name once, for [`has`].
fn sorted(names: impl Iterator<Item = String>) -> Vec<String> {
    let mut names: Vec<_> = names.collect();
    names.sort_unstable();
    names.dedup();
    names
}

fn has(sorted: &[String], name: &str) -> bool {
    sorted.binary_search_by(|own| own.as_str().cmp(name)).is_ok()
}

impl PartialEq for Principal {
    fn eq(&self, other: &Self) -> bool {
        self.0.subject == other.0.subject && self.0.issuer == other.0.issuer
    }
}
impl Eq for Principal {}

impl fmt::Debug for Principal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Principal")
            .field("issuer", &self.0.issuer)
            .field("subject", &self.0.subject)
            .finish_non_exhaustive()
    }
}
