//! REST routes and resource URIs, as declared.

use percent_encoding::percent_decode_str;
use serde_json::value::RawValue;
use std::{collections::HashMap, fmt};

/// The HTTP methods an operation can be served under (RFC 9110, section 9; RFC 5789).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[expect(missing_docs, reason = "each is the HTTP method of the same name")]
pub enum Method {
    Get,
    Post,
    Put,
    Patch,
    Delete,
}

/// `GET`.
pub const GET: Method = Method::Get;
/// `POST`.
pub const POST: Method = Method::Post;
/// `PUT`.
pub const PUT: Method = Method::Put;
/// `PATCH`.
pub const PATCH: Method = Method::Patch;
/// `DELETE`.
pub const DELETE: Method = Method::Delete;

impl Method {
    /// The name in a request line.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A method and a path with variables: `POST /invoices/{id}/send`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// The method.
    pub method: Method,
    /// The path.
    pub path: Template,
}

/// Text with variables in braces: a path (`/invoices/{id}`) or a URI (`invoices://{id}`; RFC 6570, level 1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    text: String,
    parts: Vec<Part>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Literal(String),
    Variable(String),
}

impl Template {
    /// Reads a template.
    ///
    /// # Errors
    /// Says what is wrong: unbalanced braces, a name that is not an identifier, two variables in a row (which no
    /// reader could tell apart), or a name used twice.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some(open) = rest.find(['{', '}']) {
            let (literal, tail) = rest.split_at(open);
            let Some((name, tail)) = tail.strip_prefix('{').and_then(|tail| tail.split_once('}')) else {
                return Err(format!("`{text}` has a brace without its partner"));
            };
            let identifier = |c: char| c.is_ascii_alphanumeric() || c == '_';
            if name.is_empty() || !name.chars().all(identifier) {
                return Err(format!(
                    "`{text}`: `{{{name}}}` is not a variable; write a name of letters, digits and `_`"
                ));
            }
            if literal.is_empty() && matches!(parts.last(), Some(Part::Variable(_))) {
                return Err(format!("`{text}` has two variables with nothing between them"));
            }
            if parts.iter().any(|part| matches!(part, Part::Variable(known) if known == name)) {
                return Err(format!("`{text}` has the variable `{name}` twice"));
            }
            if !literal.is_empty() {
                parts.push(Part::Literal(literal.to_owned()));
            }
            parts.push(Part::Variable(name.to_owned()));
            rest = tail;
        }
        if !rest.is_empty() {
            parts.push(Part::Literal(rest.to_owned()));
        }
        Ok(Self { text: text.to_owned(), parts })
    }

    /// As it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The names of the variables, in order.
    pub fn variables(&self) -> impl Iterator<Item = &str> {
        self.parts.iter().filter_map(|part| match part {
            Part::Variable(name) => Some(name.as_str()),
            Part::Literal(_) => None,
        })
    }

    /// The text with values in place of the variables, percent-encoded; `None` when one has no value.
    pub fn expand(&self, mut value: impl FnMut(&str) -> Option<String>) -> Option<String> {
        let mut out = String::with_capacity(self.text.len() + 32);
        for part in &self.parts {
            match part {
                Part::Literal(text) => out.push_str(text),
                Part::Variable(name) => {
                    let value = value(name)?;
                    out.extend(percent_encoding::utf8_percent_encode(&value, UNRESERVED));
                }
            }
        }
        Some(out)
    }

    /// The text with the members of a JSON object in place of the variables; `None` when one is missing or null, or when
    /// `json` is no object.
    #[must_use]
    pub fn fill(&self, json: &str) -> Option<String> {
        let members: HashMap<String, &RawValue> = serde_json::from_str(json).ok()?;
        self.expand(|name| match members.get(name)?.get() {
            "null" => None,
            text if text.starts_with('"') => serde_json::from_str(text).ok(),
            other => Some(other.to_owned()),
        })
    }

    /// The decoded values of the variables, when `text` is an expansion of this template. Linear in its length:
    /// a variable takes everything up to the next literal, and never a `/`.
    #[must_use]
    pub fn matches<'t>(&'t self, text: &str) -> Option<Vec<(&'t str, String)>> {
        let mut found = Vec::new();
        let mut rest = text;
        let mut parts = self.parts.iter().peekable();
        while let Some(part) = parts.next() {
            match part {
                Part::Literal(literal) => rest = rest.strip_prefix(literal.as_str())?,
                Part::Variable(name) => {
                    let end = match parts.peek() {
                        Some(Part::Literal(next)) => rest.find(next.as_str())?,
                        _ => rest.len(),
                    };
                    let (value, tail) = rest.split_at(end);
                    if value.is_empty() || value.contains('/') {
                        return None;
                    }
                    found.push((name.as_str(), percent_decode_str(value).decode_utf8().ok()?.into_owned()));
                    rest = tail;
                }
            }
        }
        rest.is_empty().then_some(found)
    }
}

impl fmt::Display for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Everything but the unreserved characters of RFC 3986, section 2.3.
const UNRESERVED: &percent_encoding::AsciiSet =
    &percent_encoding::NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_are_members() {
        let created = Template::parse("/notes/{kind}/{id}").unwrap();
        for (json, expected) in [
            (r#"{"id": 7, "kind": "a b/c", "big": [1]}"#, Some("/notes/a%20b%2Fc/7")),
            (r#"{"id": null, "kind": "a"}"#, None),
            (r#"{"kind": "a"}"#, None),
            ("[]", None),
        ] {
            assert_eq!(created.fill(json).as_deref(), expected, "{json}");
        }
    }
}
