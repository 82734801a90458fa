//! What a refused caller is told to bring, in the words of RFC 6750, section 3. One text for every surface that speaks HTTP.

use crate::{Error, ErrorKind};

impl Error {
    /// The value of `WWW-Authenticate` that goes with this error, if one does.
    #[must_use]
    pub fn challenge(&self) -> Option<String> {
        match self.kind() {
            ErrorKind::Unauthenticated if self.code() == "invalid_token" => {
                Some(r#"Bearer error="invalid_token""#.to_owned())
            }
            ErrorKind::Unauthenticated => Some("Bearer".to_owned()),
            ErrorKind::Forbidden if !self.scopes().is_empty() => Some(format!(
                r#"Bearer error="insufficient_scope", scope="{}", error_description="{}""#,
                quotable(&self.scopes().join(" ")),
                quotable(self.detail()),
            )),
            _ => None,
        }
    }
}

/// Only characters that stand for themselves in a quoted string (RFC 9110, section 5.6.4).
fn quotable(text: &str) -> String {
    let plain = |c: char| if matches!(c, ' '..='~') && !matches!(c, '"' | '\\') { c } else { '\'' };
    text.chars().map(plain).collect()
}
