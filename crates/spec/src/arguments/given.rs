//! What a caller gave, and where each argument stood.

use super::json::{object_fields, scalar_to_text};
use crate::{JsonLimits, schema::Mend};
use std::{borrow::Cow, fmt};

/// Where an argument was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Named,
    Path,
    Query,
    Body,
}

/// What a caller gave, not yet checked against anything.
#[derive(Clone)]
pub struct Arguments<'a> {
    pub(super) object: Option<(&'a str, Place)>,
    pub(super) mend: Mend,
    /// What JSON has to keep to.
    pub(super) limits: JsonLimits,
    pub(super) texts: Vec<(Cow<'a, str>, Cow<'a, str>, Place)>,
}

impl<'a> Arguments<'a> {
    /// One JSON object with all arguments by name (MCP, in process). Empty text is an empty object.
    #[must_use]
    pub fn named(object: &'a str) -> Self {
        Self { object: Some((object, Place::Named)), ..Self::http(None) }
    }

    /// The arguments of an HTTP request: a JSON body, if there is one; see [`Arguments::path`] and
    /// [`Arguments::query`].
    #[must_use]
    pub fn http(body: Option<&'a str>) -> Self {
        let object = body.map(|body| (body, Place::Body));
        Self { object, texts: Vec::new(), mend: Mend::Integers, limits: JsonLimits::default() }
    }

    /// Checks JSON against these limits, in place of the usual ones.
    #[must_use]
    pub fn limited(mut self, limits: JsonLimits) -> Self {
        self.limits = limits;
        self
    }

    /// Takes `"5"`, `"false"` and `"[1, 2]"` as meant where the schema forbids a string: models write that (MCP only).
    #[must_use]
    pub fn from_a_model(mut self) -> Self {
        self.mend = Mend::Strings;
        self
    }

    /// Adds a captured path segment or URI-template variable, decoded.
    pub fn path(&mut self, name: impl Into<Cow<'a, str>>, value: impl Into<Cow<'a, str>>) {
        self.texts.push((name.into(), value.into(), Place::Path));
    }

    /// Adds a query parameter, decoded. The same name again makes a list.
    pub fn query(&mut self, name: impl Into<Cow<'a, str>>, value: impl Into<Cow<'a, str>>) {
        self.texts.push((name.into(), value.into(), Place::Query));
    }

    /// The text of a single value, wherever it was given; `None` for one that is no text, number or boolean.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<Cow<'_, str>> {
        if let Some((_, value, _)) = self.texts.iter().find(|(own, ..)| own == name) {
            return Some(Cow::Borrowed(value));
        }
        let (object, _) = self.object?;
        let (_, value) = object_fields(object).ok()?.into_iter().rfind(|(own, _)| own == name)?;
        scalar_to_text(value.get())
    }
}

/// Without what was given.
impl fmt::Debug for Arguments<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = self.object.map_or(0, |(object, _)| object.len());
        f.debug_struct("Arguments")
            .field("json_bytes", &bytes)
            .field("texts", &self.texts.len())
            .finish_non_exhaustive()
    }
}
