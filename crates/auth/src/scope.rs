//! What one scope is.

/// `scope-token` (RFC 6749, section 3.3): visible ASCII without spaces, `"` and `\`.
pub(crate) fn is_scope(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'"' && byte != b'\\')
}
