//! Content blocks of results (server/tools, Tool Result).

use crate::era::Revision;
use crate::object::{self, Writer};
use serde_json::{Map, Value};

/// `"content": [{"type": "text", "text": …}]`
pub(crate) fn text(result: &mut Writer<'_>, text: &str) {
    one(result, "text", |block| block.value("text", text));
}

/// The same, of a string that is JSON already.
pub(crate) fn text_of(result: &mut Writer<'_>, json: &str) {
    one(result, "text", |block| block.raw("text", json));
}

/// Bytes as the block for their media type: a picture, a sound, or a resource of this URI. `base64` is a JSON string.
pub(crate) fn bytes(result: &mut Writer<'_>, uri: impl FnOnce() -> String, mime_type: &str, base64: &str) {
    match mime_type.split_once('/') {
        Some((medium @ ("image" | "audio"), _)) => one(result, medium, |block| {
            block.raw("data", base64);
            block.value("mimeType", mime_type);
        }),
        _ => one(result, "resource", |block| {
            let mut resource = Writer::open(block.member("resource"));
            resource.value("uri", &uri());
            resource.value("mimeType", mime_type);
            resource.raw("blob", base64);
            resource.close();
        }),
    }
}

/// `"content": []`
pub(crate) fn none(result: &mut Writer<'_>) {
    result.raw("content", "[]");
}

/// Appends blocks that are a JSON array already, without what the revision does not have. They are only read when there
/// is something to leave out.
pub(crate) fn blocks(out: &mut Vec<u8>, json: &str, revision: &Revision) {
    if !has_more(json, revision) {
        return out.extend_from_slice(json.as_bytes());
    }
    let mut blocks: Vec<Value> = serde_json::from_str(json).unwrap_or_default();
    blocks.iter_mut().for_each(|block| fit(block, revision));
    object::write(out, &blocks);
}

/// Whether blocks inside this JSON may have what the revision does not.
pub(crate) fn has_more(json: &str, revision: &Revision) -> bool {
    // A quote inside of a string is escaped, so a name in quotes is a name, or a string that consists of it.
    let absent = [
        (!revision.resource_links, r#""resource_link""#),
        (!revision.metas, r#""_meta""#),
        (!revision.icons, r#""icons""#),
        (!revision.last_modified, r#""lastModified""#),
    ];
    absent.iter().any(|(absent, name)| *absent && json.contains(name))
}

/// Makes a block as the revision knows it: a link to a resource becomes its URI as text, fields that came later are left out.
pub(crate) fn fit(block: &mut Value, revision: &Revision) {
    let Some(block) = block.as_object_mut() else { return };
    if !revision.metas {
        block.remove("_meta");
    }
    if !revision.icons {
        block.remove("icons");
    }
    if !revision.last_modified
        && let Some(annotations) = block.get_mut("annotations").and_then(Value::as_object_mut)
    {
        annotations.remove("lastModified");
    }
    if !revision.resource_links && block.get("type").is_some_and(|ty| ty == "resource_link") {
        let (uri, annotations) = (block.remove("uri").unwrap_or_default(), block.remove("annotations"));
        *block = Map::from_iter([("type".to_owned(), "text".into()), ("text".to_owned(), uri)]);
        block.extend(annotations.map(|annotations| ("annotations".to_owned(), annotations)));
    }
}

/// `"content": […]` with one block.
fn one(result: &mut Writer<'_>, kind: &str, write: impl FnOnce(&mut Writer<'_>)) {
    let out = result.member("content");
    out.push(b'[');
    let mut block = Writer::open(&mut *out);
    block.value("type", kind);
    write(&mut block);
    block.close();
    out.push(b']');
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::era::REVISIONS;

    /// Each thing alone: what it becomes in 2026-07-28, 2025-11-25, 2025-06-18 and 2025-03-26.
    #[test]
    fn what_a_revision_lacks_is_left_out() {
        let link = r#"[{"type":"resource_link","uri":"a:b","name":"b"}]"#;
        let drawn = r#"[{"type":"resource_link","uri":"a:b","name":"b","icons":[{"src":"https://a"}]}]"#;
        let linked = r#"[{"type":"text","text":"a:b"}]"#;
        let named = r#"[{"type":"text","text":"a","_meta":{"com.example/x":1.50}}]"#;
        let plain = r#"[{"type":"text","text":"a"}]"#;
        let dated = r#"[{"type":"text","text":"a","annotations":{"priority":1,"lastModified":"b"}}]"#;
        let undated = r#"[{"type":"text","text":"a","annotations":{"priority":1}}]"#;
        // The names of fields as text change nothing.
        let quoted = r#"[{"type":"text","text":"\"_meta\" \"icons\"","n":1.50}]"#;
        for (given, expected) in [
            (link, [link, link, link, linked]),
            (drawn, [drawn, drawn, link, linked]),
            (named, [named, named, named, plain]),
            (dated, [dated, dated, dated, undated]),
            (quoted, [quoted; 4]),
            ("[]", ["[]"; 4]),
        ] {
            for (revision, expected) in REVISIONS.iter().zip(expected) {
                let mut out = Vec::new();
                blocks(&mut out, given, revision);
                assert_eq!(String::from_utf8(out).unwrap(), expected, "{given} in {}", revision.name);
            }
        }
    }
}
