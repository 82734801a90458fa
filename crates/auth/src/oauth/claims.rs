//! What a token says, once it is known whose it is.

use super::Issuer;
use diptych_spec::Principal;
use serde_json::{Map, Value};
use std::time::{Duration, SystemTime};

pub(super) const EXPIRED: &str = "the token has expired";
pub(super) const NOT_YET: &str = "the token is not valid yet";
pub(super) const AUDIENCE: &str =
    "the token is for another audience; ask for one with this server's resource identifier";
const NO_AUDIENCE: &str = "the token names no audience";
const NO_SUBJECT: &str = "the token names no subject";
const SUBJECT: &str = "the subject of the token is longer than 255 bytes, or has control characters";
const NO_EXPIRY: &str = "the token has no expiry";
const SCOPES: &str = "the scopes of the token are malformed";
const TIMES: &str = "the times of the token are malformed";
const BOUND: &str = "the token is bound to a key of its client, which bearer tokens cannot prove";
/// The longest subject in bytes (OpenID Connect Core 1.0, section 2): applications keep it in columns with an index.
const MAX_SUBJECT: usize = 255;
const OTHER_USE: &str = "the token is not an access token: its issuer says that it has another use";
const ISSUER: &str = "the token is not of this issuer";

/// Where claims come from.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Origin {
    /// A signed token (RFC 9068, section 2.2).
    Jwt,
    /// An introspection response (RFC 7662, section 2.2), where most is optional.
    Introspection,
}

/// The claims that count. Whether the token is good now and here is asked again for each request.
pub(super) struct Claims {
    pub(super) principal: Principal,
    /// `None`: any, as the configuration says.
    audiences: Option<Vec<String>>,
    not_before: Option<SystemTime>,
}

impl Claims {
    /// Reads what an issuer says.
    ///
    /// # Errors
    /// Why the token cannot be good, whenever and wherever it is sent.
    pub(super) fn read(issuer: &Issuer, origin: Origin, claims: Map<String, Value>) -> Result<Self, &'static str> {
        match claims.get("iss") {
            None if origin == Origin::Introspection => {}
            Some(Value::String(name)) if *name == issuer.url => {}
            _ => return Err(ISSUER),
        }
        // What some issuers say beside RFC 7662 (Ory Hydra): they know refresh tokens, too.
        let other_use = |of: &Value| !of.is_null() && of != "access_token";
        if origin == Origin::Introspection && claims.get("token_use").is_some_and(other_use) {
            return Err(OTHER_USE);
        }
        if claims.get("cnf").is_some_and(|bound| !bound.is_null()) {
            return Err(BOUND);
        }
        let audiences = match audiences(claims.get("aud"))? {
            Some(audiences) => Some(audiences),
            None if origin == Origin::Introspection && issuer.introspection_without_audience => None,
            None => return Err(NO_AUDIENCE),
        };
        let expires = time(claims.get("exp"))?;
        if expires.is_none() && origin == Origin::Jwt {
            return Err(NO_EXPIRY);
        }
        let not_before = time(claims.get("nbf"))?.max(time(claims.get("iat"))?);
        let subject = claims.get("sub").and_then(Value::as_str).filter(|subject| !subject.trim().is_empty());
        let subject = subject.ok_or(NO_SUBJECT)?;
        if subject.len() > MAX_SUBJECT || subject.chars().any(char::is_control) {
            return Err(SUBJECT);
        }
        let scopes = scopes(issuer, &claims)?;
        let mut principal = Principal::new(&issuer.url, subject, scopes).map_err(|_| NO_SUBJECT)?;
        let client = ["client_id", "azp"].into_iter().find_map(|name| claims.get(name)?.as_str());
        if let Some(client) = client.filter(|client| !client.is_empty()) {
            principal = principal.with_client(client);
        }
        if let Some(expires) = expires {
            principal = principal.with_expiry(expires);
        }
        Ok(Self { principal: principal.with_claims(claims), audiences, not_before })
    }

    /// Whether the token is good at this time, by clocks that may differ by `leeway`.
    ///
    /// # Errors
    /// It has expired, or is for later.
    pub(super) fn are_good_at(&self, now: SystemTime, leeway: Duration) -> Result<(), &'static str> {
        if self.principal.expires_at().is_some_and(|end| end.checked_add(leeway).is_some_and(|end| end <= now)) {
            return Err(EXPIRED);
        }
        match self.not_before {
            Some(start) if now.checked_add(leeway).is_none_or(|now| now < start) => Err(NOT_YET),
            _ => Ok(()),
        }
    }

    /// Whom the token is for; `None` when that does not matter.
    pub(super) fn audiences(&self) -> Option<&[String]> {
        self.audiences.as_deref()
    }
}

/// A string, or a list of strings that is not empty (RFC 7519, section 4.1.3).
fn audiences(value: Option<&Value>) -> Result<Option<Vec<String>>, &'static str> {
    match value {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(one)) if !one.is_empty() => Ok(Some(vec![one.clone()])),
        Some(Value::Array(many)) if !many.is_empty() => {
            let texts = many.iter().map(|one| one.as_str().map(str::to_owned)).collect::<Option<Vec<_>>>();
            texts.map(Some).ok_or(NO_AUDIENCE)
        }
        Some(_) => Err(NO_AUDIENCE),
    }
}

/// A `NumericDate` (RFC 7519, section 2): seconds, perhaps with a fraction.
fn time(value: Option<&Value>) -> Result<Option<SystemTime>, &'static str> {
    let Some(value) = value else { return Ok(None) };
    let since = match (value.as_u64(), value.as_f64()) {
        (Some(seconds), _) => Some(Duration::from_secs(seconds)),
        (None, Some(seconds)) => Duration::try_from_secs_f64(seconds).ok(),
        (None, None) => None,
    };
    since.and_then(|since| SystemTime::UNIX_EPOCH.checked_add(since)).map(Some).ok_or(TIMES)
}

/// The scopes: one text with spaces between them (RFC 8693, section 4.2), or a list of texts. No claim grants nothing.
fn scopes(issuer: &Issuer, claims: &Map<String, Value>) -> Result<Vec<String>, &'static str> {
    match issuer.scope_claims.iter().find_map(|name| claims.get(name)) {
        None | Some(Value::Null) => Ok(Vec::new()),
        Some(Value::String(text)) => Ok(text.split(' ').filter(|scope| !scope.is_empty()).map(str::to_owned).collect()),
        Some(Value::Array(list)) => {
            list.iter().map(|scope| scope.as_str().map(str::to_owned)).collect::<Option<_>>().ok_or(SCOPES)
        }
        Some(_) => Err(SCOPES),
    }
}
