//! The header fields of a request, and what this protocol reads in them.
//!
//! A field that should be there once and is there twice is never resolved to one of the two, and a value with bytes
//! that a header cannot carry is not read at all (2026-07-28, basic/transports/streamable-http, Server Validation).

use base64::{Engine as _, engine::general_purpose::STANDARD};
use std::{borrow::Cow, fmt, net::IpAddr};

/// The header fields of a request, any number of values per name.
///
/// ```
/// use diptych_mcp::Head;
///
/// let head = Head::new([("content-type", b"application/json".as_slice()), ("accept", b"*/*".as_slice())]);
/// # let _ = head;
/// ```
#[derive(Default, Clone)]
pub struct Head<'a> {
    fields: Vec<(&'a str, &'a [u8])>,
    address: Option<IpAddr>,
}

/// Why a field that should be there at most once was not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unusable {
    Repeated,
    NotText,
}

impl Unusable {
    pub(crate) fn words(self) -> &'static str {
        match self {
            Self::Repeated => "is given more than once",
            Self::NotText => "has characters that a header cannot carry",
        }
    }
}

impl<'a> Head<'a> {
    /// The header fields, names in lower case.
    #[must_use]
    pub fn new(fields: impl IntoIterator<Item = (&'a str, &'a [u8])>) -> Self {
        Self { fields: fields.into_iter().collect(), address: None }
    }

    /// The same, of a request from this network address.
    #[must_use]
    pub fn from_address(mut self, address: Option<IpAddr>) -> Self {
        self.address = address;
        self
    }

    pub(crate) fn address(&self) -> Option<IpAddr> {
        self.address
    }

    fn all(&self, name: &str) -> impl Iterator<Item = &'a [u8]> {
        self.fields.iter().filter(move |(own, _)| *own == name).map(|(_, value)| *value)
    }

    /// The values of a field that is a list (RFC 9110, section 5.3); `None` without one, or when one cannot be read.
    pub(crate) fn joined(&self, name: &str) -> Option<Cow<'a, str>> {
        let values: Option<Vec<&str>> = self.all(name).map(readable).collect();
        values.and_then(|values| match values[..] {
            [] => None,
            [value] => Some(value.into()),
            _ => Some(values.join(",").into()),
        })
    }

    /// The value of a field that may be there once, without the white space around it.
    pub(crate) fn one(&self, name: &str) -> Result<Option<&'a str>, Unusable> {
        let mut values = self.all(name);
        match (values.next(), values.next()) {
            (None, _) => Ok(None),
            (Some(_), Some(_)) => Err(Unusable::Repeated),
            (Some(value), None) => readable(value).map(Some).ok_or(Unusable::NotText),
        }
    }

    /// Whether the body is JSON by its `Content-Type`.
    pub(crate) fn sends_json(&self) -> bool {
        let essence = |value: &str| is_type(value.split(';').next().unwrap_or_default(), "application/json");
        matches!(self.one("content-type"), Ok(Some(value)) if essence(value))
    }

    /// Whether the client takes JSON, as `Accept` says; no field at all means anything.
    pub(crate) fn takes_json(&self) -> bool {
        let is_named = self.all("accept").any(|value| !readable(value).unwrap_or_default().is_empty());
        !is_named || self.accepts(&["*/*", "application/*", "application/json"])
    }

    /// Whether the client takes an event stream. One that takes anything is not meant: such clients wait for the end of it.
    pub(crate) fn takes_events(&self) -> bool {
        self.accepts(&["text/event-stream"])
    }

    /// Whether `Accept` names one of these ranges (RFC 9110, section 12.5.1). The most specific, which is the last, decides.
    fn accepts(&self, ranges: &[&str]) -> bool {
        let mut decided: Option<(usize, bool)> = None;
        for value in self.all("accept") {
            for range in readable(value).unwrap_or_default().split(',') {
                let mut parts = range.split(';');
                let name = parts.next().unwrap_or_default();
                let Some(rank) = ranges.iter().position(|known| is_type(name, known)) else {
                    continue;
                };
                let refused = parts.any(|part| {
                    part.split_once('=').is_some_and(|(name, weight)| {
                        is_type(name, "q") && weight.trim_ascii().parse::<f32>() == Ok(0.0)
                    })
                });
                if decided.is_none_or(|(known, _)| rank >= known) {
                    decided = Some((rank, !refused));
                }
            }
        }
        decided.is_some_and(|(_, taken)| taken)
    }
}

/// Names only: values may be credentials.
impl fmt::Debug for Head<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.fields.iter().map(|(name, _)| name)).finish()
    }
}

fn is_type(text: &str, name: &str) -> bool {
    text.trim_ascii().eq_ignore_ascii_case(name)
}

/// A field value: visible ASCII, space and tab (RFC 9110, section 5.5), without the white space around it.
fn readable(value: &[u8]) -> Option<&str> {
    let carried = |byte: &u8| matches!(byte, b' '..=b'~' | b'\t');
    let text = value.iter().all(carried).then(|| str::from_utf8(value).ok()).flatten()?;
    Some(text.trim_matches([' ', '\t']))
}

/// The value that a header stands for: itself, or what is between `=?base64?` and `?=` (streamable-http, Value
/// Encoding). `None` when that is not base64 of UTF-8, with its padding.
pub(crate) fn decode(value: &str) -> Option<Cow<'_, str>> {
    let sentinel = value.strip_prefix("=?base64?").and_then(|rest| rest.strip_suffix("?="));
    match sentinel {
        None => Some(value.into()),
        Some(encoded) => String::from_utf8(STANDARD.decode(encoded).ok()?).ok().map(Cow::from),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_is_read_once_and_trimmed() {
        let head = Head::new([
            ("a", b" \tx y\t ".as_slice()),
            ("b", b"1"),
            ("b", b"1"),
            ("c", "ü".as_bytes()),
            ("d", b"x\x01"),
            ("e", b""),
        ]);
        assert_eq!(head.one("a"), Ok(Some("x y")));
        assert_eq!(head.one("b"), Err(Unusable::Repeated));
        assert_eq!(head.one("c"), Err(Unusable::NotText));
        assert_eq!(head.one("d"), Err(Unusable::NotText));
        assert_eq!(head.one("e"), Ok(Some("")));
        assert_eq!(head.one("f"), Ok(None));
    }

    #[test]
    fn values_are_decoded_strictly() {
        for (value, decoded) in [
            ("plain", Some("plain")),
            ("=?base64?SGVsbG8sIOS4lueVjA==?=", Some("Hello, 世界")),
            ("=?base64?IHBhZGRlZCA=?=", Some(" padded ")),
            ("=?base64?PT9iYXNlNjQ/bGl0ZXJhbD89?=", Some("=?base64?literal?=")),
            ("=?base64??=", Some("")),
            // Without both markers, exactly as written, it is itself.
            ("=?base64?SGVsbG8=", Some("=?base64?SGVsbG8=")),
            ("SGVsbG8=?=", Some("SGVsbG8=?=")),
            ("=?BASE64?SGVsbG8=?=", Some("=?BASE64?SGVsbG8=?=")),
            // Padding left out, too much of it, loose bits, another alphabet, not UTF-8.
            ("=?base64?SGVsbG8?=", None),
            ("=?base64?SGVsbG8==?=", None),
            ("=?base64?SGVsbG9=?=", None),
            ("=?base64?SGVs bG8=?=", None),
            ("=?base64?_-__?=", None),
            ("=?base64?/w==?=", None),
        ] {
            assert_eq!(decode(value).as_deref(), decoded, "{value}");
        }
    }

    #[test]
    fn accept_is_read_leniently() {
        for (accept, taken) in [
            (&[] as &[&str], true),
            (&[""], true),
            (&["application/json, text/event-stream"], true),
            (&["text/event-stream", "application/json"], true),
            (&["*/*"], true),
            (&["Application/*;q=0.1"], true),
            (&["APPLICATION/JSON;charset=utf-8"], true),
            (&["text/event-stream"], false),
            (&["text/html"], false),
            (&["application/json;q=0, */*"], false),
            (&["*/*, application/json; q=0.0"], false),
            (&["*/*;q=0, application/json"], true),
        ] {
            let head = Head::new(accept.iter().map(|value| ("accept", value.as_bytes())));
            assert_eq!(head.takes_json(), taken, "{accept:?}");
        }
    }

    #[test]
    fn only_json_is_json() {
        for (sent, json) in [
            ("application/json", true),
            ("Application/JSON; charset=utf-8", true),
            ("text/json", false),
            ("application/json-patch+json", false),
            ("", false),
        ] {
            assert_eq!(Head::new([("content-type", sent.as_bytes())]).sends_json(), json, "{sent}");
        }
        assert!(!Head::default().sends_json());
    }
}
