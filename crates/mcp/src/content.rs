//! Content blocks of results (server/tools, Tool Result).

use crate::object::{self, Writer};
use serde_json::Value;

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

/// A block as 2025-03-26 knows it: a link to a resource becomes its URI as text, and fields that came later are left out.
pub(crate) fn make_older(block: &mut Value) {
    let Some(members) = block.as_object_mut() else { return };
    members.remove("_meta");
    if let Some(annotations) = members.get_mut("annotations").and_then(Value::as_object_mut) {
        annotations.remove("lastModified");
    }
    if members.get("type").is_some_and(|ty| ty == "resource_link") {
        let uri = members.remove("uri").unwrap_or_default();
        let annotations = members.remove("annotations");
        members.clear();
        members.insert("type".to_owned(), "text".into());
        members.insert("text".to_owned(), uri);
        members.extend(annotations.map(|annotations| ("annotations".to_owned(), annotations)));
    }
}
