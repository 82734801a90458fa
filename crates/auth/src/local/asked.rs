//! What a client asks for at the authorization endpoint.

use super::{
    access::is_resource,
    at::At,
    client::Client,
    exchange::{Parameters, Refused},
    key,
};

/// How long the state of a client may be.
const LONGEST_STATE: usize = 2000;

/// What a client asks for, once it is known where the answer goes.
#[derive(Debug)]
pub(super) struct Asked<'a> {
    pub(super) client: Client,
    /// As it was named; `None` when it was not, and the client has only one.
    pub(super) redirect_uri: Option<&'a str>,
    pub(super) state: Option<&'a str>,
}

impl Asked<'_> {
    /// Where the code goes.
    pub(super) fn target(&self) -> &str {
        self.redirect_uri.or(self.client.redirects.first().map(String::as_str)).unwrap_or_default()
    }
}

/// What is to be granted.
#[derive(Debug)]
pub(super) struct Wanted<'a> {
    pub(super) challenge: &'a str,
    pub(super) resource: &'a str,
    pub(super) scopes: Vec<String>,
}

/// Who asks, and where the answer goes.
pub(super) fn asked<'a>(at: &At<'_>, parameters: &'a Parameters<'_>) -> Result<Asked<'a>, Refused> {
    let unknown = Refused::new("invalid_client", "the client is not registered at this issuer; let it register again");
    let client = Client::of(parameters.needed("client_id")?, at.key).ok_or(unknown)?;
    let redirect_uri = parameters.one("redirect_uri")?;
    if !redirect_uri.map_or(client.redirects.len() == 1, |uri| client.may_redirect(uri)) {
        return Err(Refused::new("invalid_request", "the redirect URI is not one that the client registered"));
    }
    let state = parameters.one("state")?;
    if state.is_some_and(|state| state.len() > LONGEST_STATE) {
        return Err(Refused::new("invalid_request", "the state is longer than 2000 bytes"));
    }
    Ok(Asked { client, redirect_uri, state })
}

/// What for.
pub(super) fn wanted<'a>(at: &At<'_>, parameters: &'a Parameters<'_>) -> Result<Wanted<'a>, Refused> {
    let wrong = |why| Refused::new("invalid_request", why);
    match parameters.needed("response_type")? {
        "code" => {}
        _ => return Err(Refused::new("unsupported_response_type", "the response type is `code`")),
    }
    if parameters.one("code_challenge_method")? != Some("S256") {
        return Err(wrong("PKCE is needed, with code_challenge_method=S256"));
    }
    let challenge = parameters.needed("code_challenge")?;
    if key::decode(challenge).is_none_or(|digest| digest.len() != 32) {
        return Err(wrong("code_challenge is not a SHA-256 in base64url"));
    }
    let resource = resource(parameters)?;
    let scopes = at.granted(parameters.one("scope")?);
    let scopes = scopes.ok_or(Refused::new("invalid_scope", "there is none of the scopes that are asked for"))?;
    Ok(Wanted { challenge, resource, scopes })
}

/// What the token is for (RFC 8707, section 2); one, so that it is good nowhere else.
pub(super) fn resource<'a>(parameters: &'a Parameters<'_>) -> Result<&'a str, Refused> {
    let wrong =
        Refused::new("invalid_target", "`resource` has to be one http URL on a loopback address, without a fragment");
    match parameters.one("resource") {
        Ok(Some(resource)) if is_resource(resource) => Ok(resource),
        _ => Err(wrong),
    }
}
