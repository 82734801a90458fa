//! The issuer as an authenticator: a resource server that trusts nobody else.

use super::issuer::LocalIssuer;
use crate::{Authenticator, Credentials};
use diptych_spec::{Error, ErrorKind, Mistake, Principal, Result};
use futures_util::future::{self, BoxFuture};
use serde_json::Value;
use std::net::SocketAddr;

impl Authenticator for LocalIssuer {
    fn authenticate<'a>(&'a self, headers: &'a Credentials<'a>) -> BoxFuture<'a, Result<Option<Principal>>> {
        match self.place() {
            Ok(place) => place.server.authenticate(headers),
            Err(why) => Box::pin(future::ready(match headers.bearer() {
                Some(_) => Err(unready(why)),
                None => Ok(None),
            })),
        }
    }

    /// Takes anybody at their word, with every scope that can be granted.
    fn local(&self, user: &str) -> Result<Option<Principal>> {
        let issuer = self.url().unwrap_or("local");
        Principal::new(issuer, user, self.scopes_supported().iter().cloned()).map(Some)
    }

    fn is_active<'a>(&'a self, principal: &'a Principal) -> BoxFuture<'a, Result<bool>> {
        match self.place() {
            Ok(place) => place.server.is_active(principal),
            Err(_) => Box::pin(future::ready(Ok(true))),
        }
    }

    fn resource_metadata(&self, endpoint: &str) -> Option<String> {
        self.place().ok()?.server.resource_metadata(endpoint)
    }

    fn metadata(&self, endpoint: &str) -> Option<Value> {
        self.place().ok()?.server.metadata(endpoint)
    }

    fn listens_at(&self, address: SocketAddr) {
        self.is_at(address);
    }

    fn mistakes(&self) -> Vec<Mistake> {
        let own = self.wrong().into_iter().map(|why| Mistake::new("the local issuer", why));
        let server = self.place().ok().map(|place| place.server.mistakes());
        own.chain(server.into_iter().flatten()).collect()
    }

    fn is_for_development(&self) -> bool {
        true
    }
}

/// What any token gets when the issuer is not ready.
fn unready(why: String) -> Error {
    Error::new(ErrorKind::Unavailable, "unavailable", "the local issuer is not ready").with_source(why)
}
