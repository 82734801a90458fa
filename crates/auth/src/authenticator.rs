//! The one question both surfaces ask before they read anything: who sends these credentials?

use crate::{ApiKeys, Credentials};
use diptych_pipeline::Db;
use diptych_spec::{Mistake, Principal, Result};
use futures_util::future::BoxFuture;
use serde_json::Value;
use std::{future, net::SocketAddr, time::SystemTime};

/// Tells who sends a request. Several can be tried in order: the first that finds credentials of its kind decides.
///
/// ```
/// use diptych_auth::{Authenticator, Credentials};
/// use diptych_spec::{Error, Principal, Result};
/// use futures_util::future::BoxFuture;
///
/// /// A proxy in front of the server signs people in and names them.
/// struct BehindProxy;
///
/// impl Authenticator for BehindProxy {
///     fn authenticate<'a>(&'a self, headers: &'a Credentials<'a>) -> BoxFuture<'a, Result<Option<Principal>>> {
///         let user = headers.get("x-user");
///         Box::pin(async move { user.map(|user| Principal::new("proxy", user, ["notes:read"])).transpose() })
///     }
/// }
///
/// let headers = Credentials::new([("x-user", b"ann".as_slice())]);
/// assert_eq!(headers.get("x-user"), Some("ann"));
/// ```
pub trait Authenticator: Send + Sync + 'static {
    /// Who sends these credentials: `Ok(None)` when there are none of its kind. Then the next authenticator is asked; a bearer
    /// token that none of them knows is refused, and never makes the caller nobody.
    ///
    /// # Errors
    /// [`Credentials::invalid_token`] for credentials of its kind that are not good: no other authenticator is asked.
    fn authenticate<'a>(&'a self, headers: &'a Credentials<'a>) -> BoxFuture<'a, Result<Option<Principal>>>;

    /// Who a program serves that is run on somebody's own machine, for them alone, over standard input and output: the
    /// credentials are those of the program itself (2026-07-28, basic/authorization). `user` is what `DIPTYCH_USER` says.
    ///
    /// `Ok(None)`, which is what this does unless it is overridden, is nobody.
    ///
    /// # Errors
    /// `user` cannot be a user.
    fn local(&self, user: &str) -> Result<Option<Principal>> {
        let _ = user;
        Ok(None)
    }

    /// Whether somebody who was authenticated may still act: asked again and again while a stream is open or a task runs, and for
    /// tasks with a principal that has no expiry, claims and token any more. Of several authenticators each is asked, also about
    /// principals of the others: whom it does not know, it leaves alone. Unless it is overridden: until the credentials expire.
    ///
    /// # Errors
    /// It cannot be told now; the principal is left alone until it can.
    fn is_active<'a>(&'a self, principal: &'a Principal) -> BoxFuture<'a, Result<bool>> {
        let expired = principal.expires_at().is_some_and(|end| end <= SystemTime::now());
        Box::pin(future::ready(Ok(!expired)))
    }

    /// Gets ready, once, before anything is served: the database is connected to and migrated. The server does not start with an
    /// error.
    ///
    /// # Errors
    /// Why nobody can be authenticated.
    fn start<'a>(&'a self, db: &'a Db) -> BoxFuture<'a, Result<()>> {
        let _ = db;
        Box::pin(future::ready(Ok(())))
    }

    /// The API keys that it takes, which the command line creates, lists and revokes.
    fn api_keys(&self) -> Option<&ApiKeys> {
        None
    }

    /// Where clients read what protects an endpoint (RFC 9728): the URL that 401 and 403 name. `endpoint` is as
    /// [`Credentials::endpoint`] has it.
    fn resource_metadata(&self, endpoint: &str) -> Option<String> {
        let _ = endpoint;
        None
    }

    /// What protects an endpoint, for clients that have no token yet (RFC 9728, section 2): the document that is served where
    /// [`Authenticator::resource_metadata`] says. Where it has no `scopes_supported`, the server fills in the scopes that its
    /// operations ask for.
    fn metadata(&self, endpoint: &str) -> Option<Value> {
        let _ = endpoint;
        None
    }

    /// The server listens at this address, with the real port, and serves from now on. Called once, and not inside of an
    /// application that exists.
    fn listens_at(&self, address: SocketAddr) {
        let _ = address;
    }

    /// Everything that is wrong with how it is set up; the server does not start with any.
    fn mistakes(&self) -> Vec<Mistake> {
        Vec::new()
    }

    /// Only for development: the server refuses to listen on anything but a loopback address.
    fn is_for_development(&self) -> bool {
        false
    }
}
