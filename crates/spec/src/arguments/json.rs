//! JSON objects read member by member, values untouched; and texts turned into JSON, and back.

use crate::{Error, FieldError, JsonLimits, Result, schema::TextShape};
use serde::{
    Deserialize,
    de::{Deserializer, MapAccess, Visitor},
};
use serde_json::{Value, value::RawValue};
use std::{borrow::Cow, fmt};

/// The members of a JSON object, in order, values untouched.
pub(super) fn object_fields(object: &str) -> Result<Vec<(Cow<'_, str>, &RawValue)>> {
    struct Members;
    impl<'de> Visitor<'de> for Members {
        type Value = Vec<(Cow<'de, str>, &'de RawValue)>;
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object")
        }
        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut members = Vec::with_capacity(8);
            while let Some(Text(name)) = map.next_key()? {
                members.push((name, map.next_value()?));
            }
            Ok(members)
        }
    }
    if object.is_empty() {
        return Ok(Vec::new());
    }
    let mut deserializer = serde_json::Deserializer::from_str(object);
    let members = deserializer.deserialize_map(Members).and_then(|members| deserializer.end().map(|()| members));
    members.map_err(|error| match error.classify() {
        serde_json::error::Category::Data => {
            Error::invalid(vec![FieldError::new("", "type", "expected a JSON object")])
        }
        _ => {
            Error::bad_request(format!("the input is not valid JSON: line {}, column {}", error.line(), error.column()))
        }
    })
}

/// A JSON string, copied only when it has escapes.
#[derive(Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

/// A text as JSON of this shape; as a string where it is none, so that the message is the one for a wrong type.
pub(super) fn text_to_json<'t>(shape: TextShape, text: &'t str, limits: &JsonLimits) -> Cow<'t, str> {
    let verbatim = match shape {
        TextShape::Text => false,
        TextShape::Number => serde_json::from_str::<serde_json::Number>(text).is_ok(),
        TextShape::Bool => matches!(text, "true" | "false"),
        TextShape::Json => limits.check(text).is_ok(),
    };
    if verbatim { Cow::Borrowed(text) } else { Cow::Owned(Value::from(text).to_string()) }
}

/// The other way round: a value (JSON) as it is written in a path, a query or a URI. Of a string what it says, of anything else its
/// JSON; `None` for null.
#[must_use]
pub fn json_to_text(json: &str) -> Option<Cow<'_, str>> {
    match json.as_bytes().first()? {
        b'"' => serde_json::from_str(json).ok().map(|Text(text)| text),
        b'n' => None,
        _ => Some(Cow::Borrowed(json)),
    }
}

/// The same of a scalar; `None` also for a list and an object.
#[must_use]
pub fn scalar_to_text(json: &str) -> Option<Cow<'_, str>> {
    json_to_text(json).filter(|_| !json.starts_with(['{', '[']))
}
