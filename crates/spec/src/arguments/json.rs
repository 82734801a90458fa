//! JSON objects read member by member, values untouched; and texts turned into JSON.

use crate::{Error, FieldError, Result, schema::TextShape};
use serde::de::{Deserializer, MapAccess, Visitor};
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
            while let Some(Name(name)) = map.next_key()? {
                members.push((name, map.next_value()?));
            }
            Ok(members)
        }
    }
    if object.trim_ascii().is_empty() {
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

struct Name<'a>(Cow<'a, str>);

impl<'de> serde::Deserialize<'de> for Name<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;
        impl<'de> Visitor<'de> for Text {
            type Value = Name<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a name")
            }
            fn visit_borrowed_str<E>(self, name: &'de str) -> Result<Self::Value, E> {
                Ok(Name(Cow::Borrowed(name)))
            }
            fn visit_str<E>(self, name: &str) -> Result<Self::Value, E> {
                Ok(Name(Cow::Owned(name.to_owned())))
            }
        }
        deserializer.deserialize_str(Text)
    }
}

/// A text as JSON of this shape; as a string where it is none, so that the message is the one for a wrong type.
pub(super) fn text_to_json(shape: TextShape, text: &str) -> Cow<'_, str> {
    let verbatim = match shape {
        TextShape::Text => false,
        TextShape::Number => serde_json::from_str::<serde_json::Number>(text).is_ok(),
        TextShape::Bool => matches!(text, "true" | "false"),
        TextShape::Json => serde_json::from_str::<&RawValue>(text).is_ok(),
    };
    if verbatim { Cow::Borrowed(text) } else { Cow::Owned(Value::from(text).to_string()) }
}
