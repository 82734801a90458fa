//! Content blocks of results (server/tools, Tool Result).

use crate::object::{self, Writer};

/// `"content": [{"type": "text", "text": …}]`
pub(crate) fn text(result: &mut Writer<'_>, text: &str) {
    let out = result.member("content");
    out.extend_from_slice(br#"[{"type":"text","text":"#);
    object::write(out, text);
    out.extend_from_slice(b"}]");
}

/// `"content": []`
pub(crate) fn none(result: &mut Writer<'_>) {
    result.raw("content", "[]");
}
