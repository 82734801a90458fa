//! The issuer beside another login.

use super::{issuer::LocalIssuer, key};
use crate::{ApiKeys, Authenticator, Credentials};
use diptych_pipeline::Db;
use diptych_spec::{Mistake, Principal, Result};
use futures_util::future::BoxFuture;
use serde_json::{Map, Value};
use std::{net::SocketAddr, sync::Arc};

/// A [`LocalIssuer`] beside another authenticator: tokens that say that the issuer made them are its own to judge, all other
/// credentials are the other's.
pub struct Beside {
    issuer: LocalIssuer,
    other: Arc<dyn Authenticator>,
}

impl Beside {
    /// Both.
    #[must_use]
    pub fn new(issuer: LocalIssuer, other: Arc<dyn Authenticator>) -> Self {
        Self { issuer, other }
    }

    /// Whether a token names the issuer as its own. Nothing is believed of it: that is for whoever judges it. Another login for
    /// development may take anything for a name, so with one every token with claims is the issuer's to refuse.
    fn is_issued(&self, token: &str) -> bool {
        let claims = token.split('.').nth(1).and_then(key::decode);
        let claims = claims.and_then(|claims| serde_json::from_slice::<Map<String, Value>>(&claims).ok());
        let own = |claims: Map<String, Value>| {
            self.issuer.url().is_some_and(|url| claims.get("iss").is_some_and(|iss| iss == url))
        };
        claims.is_some_and(|claims| self.other.is_for_development() || own(claims))
    }

    fn of(&self, principal: &Principal) -> &dyn Authenticator {
        if self.issuer.url() == Some(principal.issuer()) { &self.issuer } else { &*self.other }
    }
}

impl Authenticator for Beside {
    fn authenticate<'a>(&'a self, headers: &'a Credentials<'a>) -> BoxFuture<'a, Result<Option<Principal>>> {
        match headers.bearer() {
            Some(Ok(token)) if self.is_issued(token) => self.issuer.authenticate(headers),
            _ => self.other.authenticate(headers),
        }
    }

    fn local(&self, user: &str) -> Result<Option<Principal>> {
        Ok(match self.other.local(user)? {
            None => self.issuer.local(user)?,
            known => known,
        })
    }

    fn is_active<'a>(&'a self, principal: &'a Principal) -> BoxFuture<'a, Result<bool>> {
        self.of(principal).is_active(principal)
    }

    fn start<'a>(&'a self, db: &'a Db) -> BoxFuture<'a, Result<()>> {
        self.other.start(db)
    }

    fn api_keys(&self) -> Option<&ApiKeys> {
        self.other.api_keys()
    }

    fn resource_metadata(&self, endpoint: &str) -> Option<String> {
        self.issuer.resource_metadata(endpoint)
    }

    fn metadata(&self, endpoint: &str) -> Option<Value> {
        self.issuer.metadata(endpoint)
    }

    fn listens_at(&self, address: SocketAddr) {
        self.issuer.listens_at(address);
        self.other.listens_at(address);
    }

    fn mistakes(&self) -> Vec<Mistake> {
        let taken = self.other.metadata("").map(|_| {
            let why = "stands in for the issuer of a resource server, and there is one; give `.auth(…)` or `.local_issuer(…)`";
            Mistake::new("the local issuer", why)
        });
        self.issuer.mistakes().into_iter().chain(self.other.mistakes()).chain(taken).collect()
    }

    fn is_for_development(&self) -> bool {
        true
    }
}

/// Both, by what they are.
impl std::fmt::Debug for Beside {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Beside").field("issuer", &self.issuer).finish_non_exhaustive()
    }
}
