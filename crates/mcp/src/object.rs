//! JSON objects, read and written member by member.
//!
//! Reading borrows from the body and leaves every value as it was sent, so an id beyond 2^53 is echoed digit by
//! digit and arguments reach the pipeline untouched. A name that is given twice is refused: two readers that pick
//! different ones would be told different things. Writing splices JSON that is encoded already, which `serde(flatten)`
//! cannot do.

use serde::de::{Deserializer, MapAccess, Visitor};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::{borrow::Cow, collections::HashSet, fmt};

/// The members of an object, in order.
#[derive(Debug, Default)]
pub(crate) struct Members<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

/// Why something was not read as an object.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Unreadable {
    Syntax,
    NotAnObject,
    Twice(String),
}

#[derive(Deserialize)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

impl<'a> Members<'a> {
    pub(crate) fn read(json: &'a str) -> Result<Self, Unreadable> {
        struct Each;
        impl<'de> Visitor<'de> for Each {
            type Value = Members<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::with_capacity(8);
                while let Some((Name(name), value)) = map.next_entry()? {
                    members.push((name, value));
                }
                Ok(Members(members))
            }
        }
        let mut deserializer = serde_json::Deserializer::from_str(json);
        let members = deserializer
            .deserialize_map(Each)
            .and_then(|members| deserializer.end().map(|()| members))
            .map_err(|error| match error.classify() {
                serde_json::error::Category::Data => Unreadable::NotAnObject,
                _ => Unreadable::Syntax,
            })?;
        let mut seen = HashSet::with_capacity(members.0.len());
        match members.0.iter().find(|(name, _)| !seen.insert(name.as_ref())) {
            Some((name, _)) => Err(Unreadable::Twice(name.clone().into_owned())),
            None => Ok(members),
        }
    }

    pub(crate) fn get(&self, name: &str) -> Option<&'a RawValue> {
        let member = self.0.iter().find(|(own, _)| own == name);
        member.map(|(_, value)| *value)
    }

    /// Each member, in order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &'a RawValue)> {
        self.0.iter().map(|(name, value)| (name.as_ref(), *value))
    }

    /// The member, when it is a string.
    pub(crate) fn text(&self, name: &str) -> Option<Cow<'a, str>> {
        self.get(name).and_then(text)
    }
}

/// The value, when it is a string.
pub(crate) fn text(value: &RawValue) -> Option<Cow<'_, str>> {
    decoded(value.get())
}

/// What the JSON says, when it is a string.
pub(crate) fn decoded(json: &str) -> Option<Cow<'_, str>> {
    serde_json::from_str::<Name<'_>>(json).ok().map(|Name(text)| text)
}

/// Whether the value is an object.
pub(crate) fn is_object(value: &RawValue) -> bool {
    value.get().starts_with('{')
}

/// An object being written.
#[derive(Debug)]
pub(crate) struct Writer<'o> {
    out: &'o mut Vec<u8>,
    empty: bool,
}

impl<'o> Writer<'o> {
    pub(crate) fn open(out: &'o mut Vec<u8>) -> Self {
        out.push(b'{');
        Self { out, empty: true }
    }

    /// Starts a member; its value has to follow.
    pub(crate) fn member(&mut self, name: &'static str) -> &mut Vec<u8> {
        if !std::mem::take(&mut self.empty) {
            self.out.push(b',');
        }
        self.out.push(b'"');
        self.out.extend_from_slice(name.as_bytes());
        self.out.extend_from_slice(b"\":");
        self.out
    }

    /// A member whose value is JSON already.
    pub(crate) fn raw(&mut self, name: &'static str, json: &str) {
        self.member(name).extend_from_slice(json.as_bytes());
    }

    pub(crate) fn value<T: Serialize + ?Sized>(&mut self, name: &'static str, value: &T) {
        write(self.member(name), value);
    }

    pub(crate) fn close(self) {
        self.out.push(b'}');
    }
}

/// Appends a value of ours as JSON.
pub(crate) fn write<T: Serialize + ?Sized>(out: &mut Vec<u8>, value: &T) {
    serde_json::to_writer(out, value).expect("our own values have text keys, and a Vec takes every byte");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_stay_as_they_were_sent() {
        let members = Members::read(r#"{"id": 90071992547409931, "a\u0062": [1.50, {"x" : 1}]}"#).unwrap();
        assert_eq!(members.get("id").unwrap().get(), "90071992547409931");
        assert_eq!(members.get("ab").unwrap().get(), r#"[1.50, {"x" : 1}]"#);
    }

    #[test]
    fn a_name_is_given_once() {
        let twice = |json| Members::read(json).unwrap_err();
        assert_eq!(twice(r#"{"a":1,"a":2}"#), Unreadable::Twice("a".to_owned()));
        assert_eq!(twice(r#"{"a":1,"\u0061":2}"#), Unreadable::Twice("a".to_owned()));
    }

    #[test]
    fn only_objects_are_objects() {
        for json in ["1", "null", "[]", "\"{}\""] {
            assert_eq!(Members::read(json).unwrap_err(), Unreadable::NotAnObject, "{json}");
        }
        for json in ["", "{", "{}x", "{\"a\":}", "{\"a\":[}"] {
            assert_eq!(Members::read(json).unwrap_err(), Unreadable::Syntax, "{json}");
        }
    }
}
