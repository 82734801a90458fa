//! A field of a partial update: absent, null and a value are three different things (RFC 7396 reads JSON the same way).

mod decode;
mod rules;

use crate::schema;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Serialize, Serializer};
use std::borrow::Cow;

/// What a caller says about a field that may hold nothing: keep it, clear it, or write this.
///
/// A field that always holds something is an `Option<T>` instead: it can be left out, and null is refused. Neither needs
/// `#[serde(default)]`. Rules of `validator` hold for the value, when there is one.
///
/// ```
/// use diptych_spec::Patch;
/// use schemars::JsonSchema;
/// use serde::Deserialize;
/// use validator::Validate;
///
/// #[derive(Deserialize, JsonSchema, Validate)]
/// struct ContactChange {
///     #[validate(length(min = 1, max = 80))]
///     name: Option<String>,
///     #[validate(length(min = 3, max = 30))]
///     phone: Patch<String>,
/// }
///
/// let read = |json| serde_json::from_str::<ContactChange>(json).unwrap().phone;
/// assert_eq!(read("{}"), Patch::Absent);
/// assert_eq!(read(r#"{"phone": null}"#), Patch::Null);
/// assert_eq!(read(r#"{"phone": "555 0100"}"#), Patch::Set("555 0100".to_owned()));
/// ```
///
/// Where it is written as JSON, a field needs `#[serde(skip_serializing_if = "Patch::is_absent")]`: a value of its own has no
/// way to be absent, and is null.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[expect(clippy::exhaustive_enums, reason = "there is no fourth")]
pub enum Patch<T> {
    /// The field was left out: what is stored stays.
    #[default]
    Absent,
    /// The field is null: what is stored is cleared.
    Null,
    /// The field has a value: it replaces what is stored.
    Set(T),
}

impl<T> Patch<T> {
    /// Whether the field was left out.
    #[must_use]
    pub fn is_absent(&self) -> bool {
        matches!(self, Self::Absent)
    }

    /// The same, with a reference to the value.
    #[must_use]
    pub fn as_ref(&self) -> Patch<&T> {
        match self {
            Self::Absent => Patch::Absent,
            Self::Null => Patch::Null,
            Self::Set(value) => Patch::Set(value),
        }
    }

    /// The same, with another value.
    #[must_use]
    pub fn map<U>(self, f: impl FnOnce(T) -> U) -> Patch<U> {
        match self {
            Self::Absent => Patch::Absent,
            Self::Null => Patch::Null,
            Self::Set(value) => Patch::Set(f(value)),
        }
    }

    /// What the field holds afterwards, when it held `stored` before.
    #[must_use]
    pub fn or(self, stored: Option<T>) -> Option<T> {
        match self {
            Self::Absent => stored,
            Self::Null => None,
            Self::Set(value) => Some(value),
        }
    }

    fn set(&self) -> Option<&T> {
        match self {
            Self::Set(value) => Some(value),
            Self::Absent | Self::Null => None,
        }
    }
}

impl<T: Serialize> Serialize for Patch<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.set().serialize(serializer)
    }
}

/// That of `Option<T>`, marked: null stays in it, and the field is never required.
impl<T: JsonSchema> JsonSchema for Patch<T> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        format!("Patch_{}", T::schema_name()).into()
    }

    fn schema_id() -> Cow<'static, str> {
        format!("Patch<{}>", T::schema_id()).into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let mut schema = Option::<T>::json_schema(generator);
        schema.insert(schema::PATCH.to_owned(), true.into());
        schema
    }
}
