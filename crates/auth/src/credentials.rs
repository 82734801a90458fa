//! The header fields of a request, as an authenticator sees them.

use diptych_spec::{Error, ErrorKind, Result};
use std::{
    fmt,
    net::IpAddr,
    sync::atomic::{AtomicBool, Ordering},
};

/// The header fields of a request. What is sent twice is not read: nobody could say which of the two counts.
pub struct Credentials<'a> {
    fields: Vec<(&'a str, &'a [u8])>,
    endpoint: &'a str,
    address: Option<IpAddr>,
    /// Whether what was found is sent by a browser whatever page asks it to.
    ambient: AtomicBool,
}

impl<'a> Credentials<'a> {
    /// These fields, names in lower case.
    #[must_use]
    pub fn new(fields: impl IntoIterator<Item = (&'a str, &'a [u8])>) -> Self {
        Self { fields: fields.into_iter().collect(), endpoint: "", address: None, ambient: AtomicBool::new(false) }
    }

    /// The same, sent to this endpoint.
    #[must_use]
    pub fn at(mut self, endpoint: &'a str) -> Self {
        self.endpoint = endpoint;
        self
    }

    /// The same, sent from this network address.
    #[must_use]
    pub fn from_address(mut self, address: Option<IpAddr>) -> Self {
        self.address = address;
        self
    }

    /// What they were sent to: the path of an MCP mount such as `/mcp/admin`; empty for REST and the MCP endpoint of the server
    /// itself.
    #[must_use]
    pub fn endpoint(&self) -> &'a str {
        self.endpoint
    }

    /// The network address they were sent from, when there is one.
    #[must_use]
    pub fn address(&self) -> Option<IpAddr> {
        self.address
    }

    /// The value of a field that was sent once and is visible ASCII.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&'a str> {
        self.one(name).ok().flatten()
    }

    /// The value of a cookie (RFC 6265, section 4.2), when there is one of this name and only one. A browser sends cookies
    /// whatever page made the request, so what is found is noted as [`Credentials::note_ambient`] does.
    #[must_use]
    pub fn cookie(&self, name: &str) -> Option<&'a str> {
        let pairs = self.get("cookie")?.split(';').filter_map(|pair| pair.split_once('='));
        let mut values = pairs.filter(|(own, _)| own.trim() == name).map(|(_, value)| value.trim().trim_matches('"'));
        // Two of a name: a neighbouring host may have set one of them.
        let (value, None) = (values.next()?, values.next()) else { return None };
        self.note_ambient();
        Some(value)
    }

    /// Notes that the caller is told by something that a browser sends by itself: a cookie, Basic authentication, a client
    /// certificate, a header field that a signing-in proxy adds. A request that can change something then has to come from a page of the
    /// server's own or of an allowed origin, and has to say so (cross-site request forgery).
    pub fn note_ambient(&self) {
        self.ambient.store(true, Ordering::Relaxed);
    }

    /// Whether that was noted.
    #[must_use]
    pub fn are_ambient(&self) -> bool {
        self.ambient.load(Ordering::Relaxed)
    }

    /// What one authenticator noted does not count for the next.
    pub(crate) fn forget_ambient(&self) {
        self.ambient.store(false, Ordering::Relaxed);
    }

    /// The bearer token (RFC 6750, section 2.1); `None` when there is no `Authorization`, or one of another scheme.
    #[must_use]
    pub fn bearer(&self) -> Option<Result<&'a str>> {
        let value = match self.one("authorization") {
            Ok(value) => value?,
            Err(error) => return Some(Err(error)),
        };
        let (scheme, token) = value.split_once(' ').unwrap_or((value, ""));
        if !scheme.eq_ignore_ascii_case("bearer") {
            return None;
        }
        let token = token.trim_start_matches(' ');
        if token.is_empty() || !token.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Some(Err(Self::invalid_token("the bearer token is malformed")));
        }
        Some(Ok(token))
    }

    /// The error for credentials that are not good: 401 with `error="invalid_token"` (RFC 6750, section 3.1).
    #[must_use]
    pub fn invalid_token(detail: &'static str) -> Error {
        Error::new(ErrorKind::Unauthenticated, "invalid_token", detail)
    }

    fn one(&self, name: &str) -> Result<Option<&'a str>> {
        let mut values = self.fields.iter().filter(|(own, _)| *own == name);
        match (values.next(), values.next()) {
            (None, _) => Ok(None),
            (Some((_, value)), None) => {
                let text = str::from_utf8(value).ok().map(str::trim_ascii);
                let text = text.filter(|text| text.bytes().all(|byte| matches!(byte, b' '..=b'~')));
                text.map(Some).ok_or_else(|| Self::invalid_token("the credentials are malformed"))
            }
            (Some(_), Some(_)) => Err(Self::invalid_token("the credentials are sent more than once")),
        }
    }
}

impl Clone for Credentials<'_> {
    fn clone(&self) -> Self {
        let ambient = AtomicBool::new(self.are_ambient());
        Self { fields: self.fields.clone(), endpoint: self.endpoint, address: self.address, ambient }
    }
}

/// Shows names only: the values are secrets.
impl fmt::Debug for Credentials<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.fields.iter().map(|(name, _)| name)).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cookie_is_there_once_and_is_ambient() {
        for (sent, value) in [
            ("session=abc", Some("abc")),
            ("a=b; session=abc; c=d", Some("abc")),
            ("session=\"abc\"", Some("abc")),
            ("session=", Some("")),
            ("session=a=b", Some("a=b")),
            ("Session=abc", None),
            ("xsession=abc", None),
            ("session", None),
            ("session=a; session=b", None),
            ("session=ü", None),
        ] {
            let credentials = Credentials::new([("cookie", sent.as_bytes())]);
            assert_eq!((credentials.cookie("session"), credentials.are_ambient()), (value, value.is_some()), "{sent}");
        }
        assert_eq!(Credentials::new([("cookie", b"s=1".as_slice()), ("cookie", b"s=1")]).cookie("s"), None);
    }

    #[test]
    fn a_bearer_token_is_there_once_and_well_formed() {
        let bearer = |values: &[&'static str]| {
            let fields = values.iter().map(|value| ("authorization", value.as_bytes()));
            Credentials::new(fields).bearer().map(|token| token.map_err(|error| error.code().to_owned()))
        };
        let bad = || Some(Err("invalid_token".to_owned()));
        assert_eq!(bearer(&[]), None);
        assert_eq!(bearer(&["Basic YTpi"]), None);
        assert_eq!(bearer(&["Bearer abc"]), Some(Ok("abc")));
        assert_eq!(bearer(&["bEARER  abc "]), Some(Ok("abc")));
        for malformed in ["Bearer", "Bearer ", "Bearer a b", "Bearer a\tb", "Bearer ü"] {
            assert_eq!(bearer(&[malformed]), bad(), "{malformed}");
        }
        assert_eq!(bearer(&["Bearer a", "Bearer a"]), bad());
    }
}
