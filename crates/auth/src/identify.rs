//! From credentials to a caller.

use crate::{Authenticator, Credentials};
use diptych_spec::{Principal, Result};

/// Who sends these credentials, by this authenticator; nobody when there are none.
///
/// # Errors
/// Those of the authenticator, and `invalid_token` for a bearer token that it does not know: whoever sends one does not mean to be
/// nobody.
pub async fn identify(authenticator: &dyn Authenticator, credentials: &Credentials<'_>) -> Result<Option<Principal>> {
    match authenticator.authenticate(credentials).await? {
        None => match credentials.bearer() {
            None => Ok(None),
            Some(Err(malformed)) => Err(malformed),
            Some(Ok(_)) => Err(Credentials::invalid_token("the bearer token is not known here")),
        },
        known => Ok(known),
    }
}
