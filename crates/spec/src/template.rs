//! Text with variables: the paths of routes and the URIs of resources.
//!
//! A path has variables of one segment (`/invoices/{id}`; RFC 6570, level 1). A URI may also have what is well defined to
//! match: one variable of several segments (`{+path}`), a last segment that may be missing (`{/part}`) and a query, whose
//! variables stand in any order (`{?status,page}`). What a template expands to, it matches, and it gives the values back.

mod matching;
mod overlap;
mod parse;

use crate::json_to_text;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::value::RawValue;
use std::{borrow::Cow, collections::HashMap, fmt};

/// Text with variables in braces (RFC 6570).
///
/// | | stands for | in a path | in a URI |
/// |---|---|---|---|
/// | `{id}` | one segment, or a part of one; not empty | yes | yes |
/// | `{+path}` | one or more segments, with what is reserved in them (level 2); once | | yes |
/// | `{/part}` | `/` and one segment, or nothing (level 3); at the end of the path | | yes |
/// | `{?a,b}` | a query of these variables, each of which may be missing (level 3) | | yes |
/// | `?kind=x{&a,b}` | the same after a query that starts literally (level 3) | | yes |
/// | `?a={a}` | a query variable that has to be there | | yes |
/// | `{?a*}` | a query variable that may be there several times (level 4) | | yes |
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    text: String,
    path: Vec<Part>,
    query: Vec<Field>,
    /// How literal each segment of the path is; see `overlap.rs`.
    rank: Vec<u8>,
}

/// A piece of the part before the query.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Literal(String),
    Variable {
        name: String,
        several: bool,
    },
    /// What follows is there with a `/` before it, or not at all.
    Optional,
}

/// One name in the query, and what may follow it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Field {
    name: String,
    value: Value,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Value {
    /// This text and no other.
    Literal(String),
    Variable {
        name: String,
        required: bool,
        repeated: bool,
    },
}

impl Field {
    fn variable(&self) -> Option<&str> {
        match &self.value {
            Value::Variable { name, .. } => Some(name),
            Value::Literal(_) => None,
        }
    }
}

impl Template {
    /// As it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The names of the variables, in order.
    pub fn variables(&self) -> impl Iterator<Item = &str> {
        let path = self.path.iter().filter_map(|part| match part {
            Part::Variable { name, .. } => Some(name.as_str()),
            Part::Literal(_) | Part::Optional => None,
        });
        path.chain(self.query.iter().filter_map(Field::variable))
    }

    /// Whether the variable stands in the query.
    #[must_use]
    pub fn in_query(&self, variable: &str) -> bool {
        self.query.iter().any(|field| field.variable() == Some(variable))
    }

    /// Whether the variable may stand there several times: `{?tag*}`.
    #[must_use]
    pub fn is_repeated(&self, variable: &str) -> bool {
        let is_it =
            |field: &Field| matches!(&field.value, Value::Variable { name, repeated: true, .. } if name == variable);
        self.query.iter().any(is_it)
    }

    /// The text with values in place of the variables, percent-encoded. What may be missing and has no value is left out;
    /// `None` when another has none, or an empty one in the path.
    ///
    /// `{+path}` keeps reserved characters as they are, except `?`, `#` and `%`, so that it can be read back.
    pub fn expand(&self, mut value: impl FnMut(&str) -> Option<String>) -> Option<String> {
        let mut out = String::with_capacity(self.text.len() + 32);
        let mut optional = false;
        for part in &self.path {
            match part {
                Part::Literal(text) => out.push_str(text),
                Part::Optional => optional = true,
                Part::Variable { name, several } => match value(name).filter(|value| !value.is_empty()) {
                    Some(value) => {
                        out.extend(optional.then_some("/"));
                        out.extend(utf8_percent_encode(&value, if *several { SEVERAL } else { UNRESERVED }));
                    }
                    None if optional => {}
                    None => return None,
                },
            }
        }
        let mut separator = '?';
        for field in &self.query {
            let text = match &field.value {
                Value::Literal(text) => text.clone(),
                Value::Variable { name, required, .. } => match value(name) {
                    Some(text) => text,
                    None if *required => return None,
                    None => continue,
                },
            };
            out.push(std::mem::replace(&mut separator, '&'));
            out.extend(utf8_percent_encode(&field.name, UNRESERVED));
            out.push('=');
            out.extend(utf8_percent_encode(&text, UNRESERVED));
        }
        Some(out)
    }

    /// The text with the members of a JSON object in place of the variables; `None` when one that has to be there is
    /// missing or null, or when `json` is no object.
    #[must_use]
    pub fn fill(&self, json: &str) -> Option<String> {
        let members: HashMap<String, &RawValue> = serde_json::from_str(json).ok()?;
        self.expand(|name| json_to_text(members.get(name)?.get()).map(Cow::into_owned))
    }
}

impl fmt::Display for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Everything but the unreserved characters of RFC 3986, section 2.3.
const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The same without the reserved characters of RFC 3986, section 2.2, that cannot end a path.
const SEVERAL: &AsciiSet = &UNRESERVED
    .remove(b':')
    .remove(b'/')
    .remove(b'[')
    .remove(b']')
    .remove(b'@')
    .remove(b'!')
    .remove(b'$')
    .remove(b'&')
    .remove(b'\'')
    .remove(b'(')
    .remove(b')')
    .remove(b'*')
    .remove(b'+')
    .remove(b',')
    .remove(b';')
    .remove(b'=');
