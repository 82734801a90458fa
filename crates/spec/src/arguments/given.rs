//! What a caller gave, and where each argument stood.

use std::borrow::Cow;

/// Where an argument was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Named,
    Path,
    Query,
    Body,
}

/// What a caller gave, not yet checked against anything.
#[derive(Debug, Default)]
pub struct Arguments<'a> {
    pub(super) object: Option<(&'a str, Place)>,
    pub(super) texts: Vec<(Cow<'a, str>, Cow<'a, str>, Place)>,
}

impl<'a> Arguments<'a> {
    /// One JSON object with all arguments by name (MCP, in process). Empty text is an empty object.
    #[must_use]
    pub fn named(object: &'a str) -> Self {
        Self { object: Some((object, Place::Named)), texts: Vec::new() }
    }

    /// The arguments of an HTTP request: a JSON body, if there is one; see [`Arguments::path`] and
    /// [`Arguments::query`].
    #[must_use]
    pub fn http(body: Option<&'a str>) -> Self {
        Self { object: body.map(|body| (body, Place::Body)), texts: Vec::new() }
    }

    /// Adds a captured path segment or URI-template variable, decoded.
    pub fn path(&mut self, name: impl Into<Cow<'a, str>>, value: impl Into<Cow<'a, str>>) {
        self.texts.push((name.into(), value.into(), Place::Path));
    }

    /// Adds a query parameter, decoded. The same name again makes a list.
    pub fn query(&mut self, name: impl Into<Cow<'a, str>>, value: impl Into<Cow<'a, str>>) {
        self.texts.push((name.into(), value.into(), Place::Query));
    }
}
