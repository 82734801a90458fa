//! The header fields of a request, as an authenticator sees them.

use diptych_spec::{Error, ErrorKind, Result};
use std::fmt;

/// The header fields of a request. What is sent twice is not read: nobody could say which of the two counts.
#[derive(Clone)]
pub struct Credentials<'a> {
    fields: Vec<(&'a str, &'a [u8])>,
}

impl<'a> Credentials<'a> {
    /// These fields, names in lower case.
    #[must_use]
    pub fn new(fields: impl IntoIterator<Item = (&'a str, &'a [u8])>) -> Self {
        Self { fields: fields.into_iter().collect() }
    }

    /// The value of a field that was sent once and is visible ASCII.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&'a str> {
        self.one(name).ok().flatten()
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
