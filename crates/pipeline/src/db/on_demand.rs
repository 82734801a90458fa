//! Columns that are read where they are asked for.

use super::{Cell, Column};
use diptych_spec::Result;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Serialize, Serializer, ser::Error as _};
use std::borrow::Cow;

/// A column of a row that costs something: a long text, or what the database computes. A list with `.fields(…)` does not read it for a
/// caller who picks other fields; everywhere else it is read.
///
/// It is shown like a `T`. What is made of one is one, so nobody takes a column that was not read for an empty one:
///
/// ```ignore
/// #[derive(Record)]
/// struct Article { id: i64, body: OnDemand<String> }
///
/// #[derive(Serialize, JsonSchema)]
/// struct ArticleView { id: i64, excerpt: OnDemand<String> }
///
/// impl From<Article> for ArticleView {
///     fn from(article: Article) -> Self {
///         Self { id: article.id, excerpt: article.body.map(|body| body.chars().take(80).collect()) }
///     }
/// }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OnDemand<T>(Option<T>);

impl<T> OnDemand<T> {
    /// A value that is there.
    pub fn new(value: T) -> Self {
        Self(Some(value))
    }

    /// What is made of the value, if it was read.
    pub fn map<U>(self, make: impl FnOnce(T) -> U) -> OnDemand<U> {
        OnDemand(self.0.map(make))
    }

    /// The value; none where it was not read.
    pub fn into_option(self) -> Option<T> {
        self.0
    }

    /// The value; none where it was not read.
    pub fn as_option(&self) -> Option<&T> {
        self.0.as_ref()
    }
}

impl<T: Column> Column for OnDemand<T> {
    fn decode(cell: &Cell<'_>) -> Result<Self> {
        T::decode(cell).map(Self::new)
    }
    fn left_out() -> Option<Self> {
        Some(Self(None))
    }
}

/// One that was not read cannot be shown: a field that was picked is made of it, and the list does not say so.
impl<T: Serialize> Serialize for OnDemand<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.0 {
            Some(value) => value.serialize(serializer),
            None => Err(S::Error::custom(
                "a field is made of a column that was not read; name both in `.fields(Fields::default().needs(\"field\", [\"column\"]))`",
            )),
        }
    }
}

impl<T: JsonSchema> JsonSchema for OnDemand<T> {
    fn inline_schema() -> bool {
        T::inline_schema()
    }
    fn schema_name() -> Cow<'static, str> {
        T::schema_name()
    }
    fn schema_id() -> Cow<'static, str> {
        T::schema_id()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        T::json_schema(generator)
    }
}
