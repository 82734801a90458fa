//! The one question both surfaces ask before they read anything: who sends these credentials?

use crate::{
    edge::{local, origin},
    refusal::Refusal,
    report,
    shared::Shared,
};
use actix_web::{HttpRequest, http::StatusCode};
use diptych_auth::Credentials;
use diptych_spec::{Error, Principal, Result};
use std::net::IpAddr;

/// Where a request is sent to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place<'a> {
    /// The path of an MCP mount; empty for REST and the server's own.
    pub(crate) endpoint: &'a str,
    /// Whether nobody is served there without credentials.
    pub(crate) closed: bool,
}

/// The principal of a request.
pub(crate) async fn identify(
    shared: &Shared,
    place: Place<'_>,
    request: &HttpRequest,
    address: Option<IpAddr>,
) -> Result<Option<Principal>, Refusal> {
    let authenticator = &*shared.authenticator;
    // In an application of somebody else's, nothing else keeps such an authenticator from a public address.
    if authenticator.is_for_development() && !local::address(request).ip().is_loopback() {
        return Err(Refusal::http(
            StatusCode::FORBIDDEN,
            "development_only",
            "this server authenticates for development, so it answers on loopback addresses only",
        ));
    }
    let fields = request.headers().iter();
    let credentials = Credentials::new(fields.map(|(name, value)| (name.as_str(), value.as_bytes())))
        .at(place.endpoint)
        .from_address(address);
    // Before any cryptography, and any database.
    let login = shared.gate.login(address, request.headers())?;
    let principal = diptych_auth::identify(authenticator, &credentials).await;
    if let Some(login) = login {
        login.ended(&principal);
    }
    let principal = principal.map_err(report::error)?;
    if principal.is_some() && credentials.are_ambient() && !request.method().is_safe() {
        origin::check_own(&shared.settings, request)?;
    }
    if principal.is_none() && place.closed {
        return Err(Error::unauthenticated().into());
    }
    Ok(principal)
}
