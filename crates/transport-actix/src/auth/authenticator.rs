//! The one question both surfaces ask before they read anything: who sends these credentials?

use super::Credentials;
use crate::{refusal::Refusal, report};
use actix_web::{HttpRequest, http::StatusCode};
use diptych_spec::{Principal, Result};
use futures_util::future::BoxFuture;

/// Tells who sends a request.
///
/// ```
/// use diptych_transport_actix::{Authenticator, Credentials};
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
    /// Who sends these credentials: `Ok(None)` when there are none.
    ///
    /// # Errors
    /// [`Credentials::invalid_token`] for credentials that are not good; they are never taken for none.
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

    /// Only for development: the server refuses to listen on anything but a loopback address.
    fn is_for_development(&self) -> bool {
        false
    }
}

/// The principal of a request.
pub(crate) async fn identify(
    authenticator: &dyn Authenticator,
    request: &HttpRequest,
) -> Result<Option<Principal>, Refusal> {
    // In an application of somebody else's, nothing else keeps such an authenticator from a public address.
    if authenticator.is_for_development() && !request.app_config().local_addr().ip().is_loopback() {
        return Err(Refusal::http(
            StatusCode::FORBIDDEN,
            "development_only",
            "this server authenticates for development, so it answers on loopback addresses only",
        ));
    }
    let fields = request.headers().iter();
    let credentials = Credentials::new(fields.map(|(name, value)| (name.as_str(), value.as_bytes())));
    let principal = authenticator.authenticate(&credentials).await;
    principal.map_err(|error| report::error(error).into())
}
