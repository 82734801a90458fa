//! What a refused caller is told to bring, in the words of RFC 6750, section 3. One text for every surface that speaks HTTP.

use crate::{Error, ErrorKind};

impl Error {
    /// The value of `WWW-Authenticate` that goes with this error, if one does.
    ///
    /// A caller without credentials is told the scopes to ask for, and no error (RFC 6750, section 3); one whose token is not good,
    /// what is wrong with it; one without the scopes, all that are needed. [`metadata_challenge`] adds where to get a token.
    #[must_use]
    pub fn challenge(&self) -> Option<String> {
        let error = match self.kind() {
            ErrorKind::Unauthenticated if self.code() == "invalid_token" => Some("invalid_token"),
            ErrorKind::Unauthenticated => None,
            ErrorKind::Forbidden if !self.scopes().is_empty() => Some("insufficient_scope"),
            _ => return None,
        };
        let mut challenge = "Bearer".to_owned();
        if let Some(error) = error {
            add(&mut challenge, "error", error);
        }
        if !self.scopes().is_empty() {
            add(&mut challenge, "scope", &self.scopes().join(" "));
        }
        if error.is_some() {
            add(&mut challenge, "error_description", self.detail());
        }
        Some(challenge)
    }
}

/// The challenge with the URL of what protects the resource (RFC 9728, section 5.1); `None` when it is of another scheme, or says
/// so already.
#[must_use]
pub fn metadata_challenge(challenge: &str, url: &str) -> Option<String> {
    let (scheme, parameters) = challenge.split_once(' ').unwrap_or((challenge, ""));
    if !scheme.eq_ignore_ascii_case("bearer") || parameters.contains("resource_metadata=") {
        return None;
    }
    let mut challenge = challenge.to_owned();
    add(&mut challenge, "resource_metadata", url);
    Some(challenge)
}

/// Another parameter, as a quoted string (RFC 9110, section 11.2).
fn add(challenge: &mut String, name: &str, value: &str) {
    challenge.push_str(if challenge.contains(' ') { ", " } else { " " });
    challenge.push_str(name);
    challenge.push_str("=\"");
    challenge.extend(value.chars().map(quotable));
    challenge.push('"');
}

/// Only characters that stand for themselves in a quoted string (RFC 9110, section 5.6.4).
fn quotable(c: char) -> char {
    if matches!(c, ' '..='~') && !matches!(c, '"' | '\\') { c } else { '\'' }
}
