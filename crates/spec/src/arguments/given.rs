//! What a caller gave, and where each argument stood.

use crate::schema::Mend;
use serde_json::value::RawValue;
use std::{borrow::Cow, collections::HashMap};

/// Where an argument was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Named,
    Path,
    Query,
    Body,
}

/// What a caller gave, not yet checked against anything.
#[derive(Debug, Clone)]
pub struct Arguments<'a> {
    pub(super) object: Option<(&'a str, Place)>,
    pub(super) mend: Mend,
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
        Self { object: body.map(|body| (body, Place::Body)), texts: Vec::new(), mend: Mend::Integers }
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
        let members: HashMap<Cow<'_, str>, &RawValue> = serde_json::from_str(object).ok()?;
        scalar(members.get(name)?.get())
    }
}

/// The text of a JSON value that is not null and holds no others.
fn scalar(json: &str) -> Option<Cow<'_, str>> {
    match json.as_bytes().first()? {
        b'"' => serde_json::from_str::<String>(json).ok().map(Cow::Owned),
        b'{' | b'[' | b'n' => None,
        _ => Some(Cow::Borrowed(json)),
    }
}
