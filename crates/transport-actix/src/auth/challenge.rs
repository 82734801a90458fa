//! What a refused caller is told to bring: `WWW-Authenticate` (RFC 6750, section 3).

use diptych_spec::{Error, ErrorKind};

/// The challenge that goes with an error.
pub(crate) fn of(error: &Error) -> Option<String> {
    match error.kind() {
        ErrorKind::Unauthenticated if error.code() == "invalid_token" => {
            Some(r#"Bearer error="invalid_token""#.to_owned())
        }
        ErrorKind::Unauthenticated => Some("Bearer".to_owned()),
        ErrorKind::Forbidden if !error.scopes().is_empty() => Some(format!(
            r#"Bearer error="insufficient_scope", scope="{}""#,
            error.scopes().join(" ").replace(|c| !quotable(c), "'")
        )),
        _ => None,
    }
}

/// A character that stands for itself in a quoted string (RFC 9110, section 5.6.4).
fn quotable(c: char) -> bool {
    matches!(c, ' '..='~') && !matches!(c, '"' | '\\')
}
