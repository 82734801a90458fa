//! Rung 17: what the headers `Mcp-Param-*` say of the arguments of a tool (2026-07-28, basic/transports/streamable-http,
//! Server Behavior for Custom Headers).
//!
//! What routed the call by a header has to have seen what the tool is given. A header that no argument asks for is
//! nobody's business, and permissions never look at one. On stdio there are no headers to compare.

use crate::header::{self, Head};
use crate::object::{self, Members, Unreadable};
use crate::offer::Offer;
use crate::refuse::Refusal;
use crate::rpc::Request;
use diptych_spec::HeaderArgument;
use serde_json::{Number, value::RawValue};
use std::borrow::Cow;
use std::collections::HashMap;

/// The largest integer that a header can stand for: 2^53 − 1.
const MAX_SAFE: i64 = 9_007_199_254_740_991;

/// The arguments that are repeated as headers, of the tools that have any.
pub(crate) struct Parameters(HashMap<String, Vec<Repeated>>);

struct Repeated {
    /// The field name, as [`Head`] knows it.
    field: String,
    argument: HeaderArgument,
}

impl Parameters {
    pub(crate) fn of(offer: &Offer) -> Self {
        let repeated = |argument: HeaderArgument| Repeated {
            field: format!("mcp-param-{}", argument.name.to_ascii_lowercase()),
            argument,
        };
        let tools = offer.declarations().map(|declaration| {
            let headers = declaration.arguments().headers();
            (declaration.name().to_owned(), headers.into_iter().map(repeated).collect::<Vec<_>>())
        });
        Self(tools.filter(|(_, headers)| !headers.is_empty()).collect())
    }

    /// Whether the headers of a request of the new era say what its body says.
    pub(crate) fn check(&self, head: &Head<'_>, request: &Request<'_>) -> Result<(), Refusal> {
        if self.0.is_empty() || request.method != "tools/call" {
            return Ok(());
        }
        let params = &request.params.members;
        let Some(repeated) = params.text("name").and_then(|name| self.0.get(&*name)) else {
            return Ok(());
        };
        let arguments = params.get("arguments");
        repeated.iter().try_for_each(|repeated| repeated.check(head, arguments))
    }
}

impl Repeated {
    fn check(&self, head: &Head<'_>, arguments: Option<&RawValue>) -> Result<(), Refusal> {
        let header = head.one(&self.field).map_err(|why| self.refused(why.words()))?;
        let header = header.map(|value| header::decode(value).ok_or_else(|| self.refused("is not base64 of UTF-8")));
        let header = header.transpose()?;
        let body = self.value(arguments)?;
        match (header, body) {
            (None, Given::Nothing) => Ok(()),
            // No schema of such an argument takes a list or an object, so its own check says what is wrong.
            (None, Given::Nested) => Ok(()),
            (None, Given::Text(_)) => Err(self.refused("is missing, and its argument is given")),
            (Some(_), Given::Nothing | Given::Nested) => Err(self.refused("says what no argument says")),
            (Some(header), Given::Text(body)) => self.compare(&header, &body),
        }
    }

    fn compare(&self, header: &str, body: &str) -> Result<(), Refusal> {
        if !self.argument.integer {
            return if header == body { Ok(()) } else { Err(self.refused("and its argument are not the same")) };
        }
        let same = match (integer(header), integer(body)) {
            (Some(header), Some(body)) if header == body => {
                if !(-MAX_SAFE..=MAX_SAFE).contains(&header) {
                    return Err(self.refused("has to be within 2^53 − 1 of 0"));
                }
                true
            }
            (None, None) => header == body,
            _ => false,
        };
        if same { Ok(()) } else { Err(self.refused("and its argument are not the same")) }
    }

    /// The value at the argument's place.
    fn value<'a>(&self, arguments: Option<&'a RawValue>) -> Result<Given<'a>, Refusal> {
        let mut at = arguments;
        for name in &self.argument.path {
            let Some(object) = at.filter(|value| object::is_object(value)) else {
                return Ok(Given::Nothing);
            };
            at = match Members::read(object.get()) {
                Ok(members) => members.get(name),
                Err(Unreadable::Twice(_)) => return Err(self.refused("cannot be compared: a field is given twice")),
                Err(_) => None,
            };
        }
        Ok(at.map_or(Given::Nothing, Given::of))
    }

    /// The value is the caller's, and stays out of the message.
    fn refused(&self, why: &str) -> Refusal {
        let (name, path) = (&self.argument.name, self.argument.path.join("."));
        Refusal::header(format!("the header Mcp-Param-{name} (argument `{path}`) {why}"))
    }
}

/// What the body says.
enum Given<'a> {
    /// It is not there, or null: no header belongs to it.
    Nothing,
    /// The text that a header repeats.
    Text(Cow<'a, str>),
    /// A list or an object.
    Nested,
}

impl<'a> Given<'a> {
    fn of(value: &'a RawValue) -> Self {
        match value.get().as_bytes().first() {
            Some(b'n') => Self::Nothing,
            Some(b'[' | b'{') => Self::Nested,
            _ => Self::Text(object::text(value).unwrap_or_else(|| value.get().into())),
        }
    }
}

/// The integer that a number in JSON's spelling is: `42`, `42.0`, `4.2e1`.
fn integer(text: &str) -> Option<i64> {
    let number = (text.trim() == text).then(|| serde_json::from_str::<Number>(text).ok()).flatten()?;
    number.as_i64().or_else(|| {
        let float = number.as_f64()?;
        #[expect(clippy::cast_possible_truncation, reason = "a float without a fraction, within 2^53")]
        (float.fract() == 0.0 && float.abs() <= MAX_SAFE as f64).then_some(float as i64)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_have_several_spellings() {
        for (text, value) in [
            ("42", Some(42)),
            ("42.0", Some(42)),
            ("4.2e1", Some(42)),
            ("-0", Some(0)),
            ("9007199254740993", Some(9_007_199_254_740_993)),
            ("42.5", None),
            ("+42", None),
            (" 42", None),
            ("042", None),
            ("1e300", None),
            ("", None),
        ] {
            assert_eq!(integer(text), value, "{text}");
        }
    }
}
