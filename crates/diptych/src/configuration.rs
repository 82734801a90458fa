//! What is read from the environment, once, when the program starts.

use crate::StartError;
use diptych_auth::Authenticator;
use diptych_spec::Principal;
use std::net::SocketAddr;

/// Where to listen when nothing is said.
const DEFAULT_BIND: &str = "127.0.0.1:8000";

/// `DIPTYCH_BIND`: the address and port to listen on; port 0 takes a free one.
pub(crate) fn bind() -> Result<SocketAddr, StartError> {
    let text = read("DIPTYCH_BIND").unwrap_or_else(|| DEFAULT_BIND.to_owned());
    text.parse().map_err(|_| {
        StartError::Configuration(
            "DIPTYCH_BIND has to be an address and a port, such as 127.0.0.1:8000 or [::1]:0".to_owned(),
        )
    })
}

/// `DATABASE_URL`: `sqlite://file.db`, `postgres://user@host/database` or `mysql://user@host/database`.
pub(crate) fn database_url() -> Option<String> {
    read("DATABASE_URL")
}

/// `DIPTYCH_USER`: who calls over standard input and output, as the authenticator reads it.
pub(crate) fn user(authenticator: &dyn Authenticator) -> Result<Option<Principal>, StartError> {
    let Some(user) = read("DIPTYCH_USER") else {
        return Ok(None);
    };
    let principal = authenticator.local(user.trim());
    let principal =
        principal.map_err(|error| StartError::Configuration(format!("DIPTYCH_USER: {}", error.detail())))?;
    if principal.is_none() {
        tracing::warn!("DIPTYCH_USER is not used: the authenticator knows no local users");
    }
    Ok(principal)
}

/// `DIPTYCH_SIGN_IN_AS`: whom the local issuer signs in without asking.
#[cfg(feature = "oauth")]
pub(crate) fn sign_in_as() -> Option<String> {
    read("DIPTYCH_SIGN_IN_AS").map(|user| user.trim().to_owned())
}

/// An empty variable is one that is not set.
pub(crate) fn read(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.trim().is_empty())
}
