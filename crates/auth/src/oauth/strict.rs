//! JSON objects that say everything once.
//!
//! Of two members with the same name one reader takes the first and the next reader the last, so whoever can make one of them sign
//! can make the other believe something else (RFC 8725, section 2.4; RFC 7519, section 4).

use diptych_spec::JsonLimits;
use serde_json::{Map, Value};

/// How deep claims and keys may be nested.
const DEEPEST: usize = 16;

/// The object that these bytes are: all of them, in UTF-8, no name twice in one object, not deeper than 16.
pub(super) fn object(json: &[u8]) -> Option<Map<String, Value>> {
    let json = str::from_utf8(json).ok()?;
    JsonLimits { depth: DEEPEST, ..JsonLimits::default() }.check(json).ok()?;
    serde_json::from_str(json).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_says_everything_once() {
        let deep = |depth: usize| format!("{{\"a\":{}{}}}", "[".repeat(depth), "]".repeat(depth));
        assert_eq!(object(br#"{"a":1,"b":{"a":2}}"#), serde_json::json!({"a":1,"b":{"a":2}}).as_object().cloned());
        assert!(object(deep(15).as_bytes()).is_some());
        for refused in [
            r#"{"a":1,"a":1}"#.to_owned(),
            r#"{"a":1,"\u0061":1}"#.to_owned(),
            r#"{"b":[{"a":1,"a":2}]}"#.to_owned(),
            r#"{"a":1} {}"#.to_owned(),
            r#"{"a":1"#.to_owned(),
            "[]".to_owned(),
            "null".to_owned(),
            String::new(),
            deep(16),
            deep(100_000),
        ] {
            assert!(object(refused.as_bytes()).is_none(), "{}", &refused[..refused.len().min(40)]);
        }
        assert!(object(b"{\"a\":\"\xff\"}").is_none());
    }
}
