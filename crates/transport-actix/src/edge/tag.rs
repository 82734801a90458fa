//! Entity tags (RFC 9110, section 8.8.3): the names of what is sent, and those of what a client has already.

use actix_web::{HttpRequest, http::header::HeaderName};
use std::hash::{DefaultHasher, Hasher as _};

/// What the tag of an answer ends in when it is sent compressed: it names other bytes (RFC 9110, section 8.8.3.3).
const GZIP: &str = "-gzip";

/// The tags in `If-Match` or `If-None-Match`.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Tags<'r> {
    Any,
    These(Vec<Tag<'r>>),
}

/// One of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Tag<'r> {
    pub(crate) is_weak: bool,
    /// What is between the quotes.
    pub(crate) text: &'r [u8],
}

/// What is there is neither `*` nor a list of tags.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Malformed;

/// Sixteen characters that are others for other bytes.
pub(crate) fn digest(bytes: &[u8]) -> String {
    let mut hasher = DefaultHasher::new();
    hasher.write(bytes);
    format!("{:016x}", hasher.finish())
}

/// The tag of the same answer compressed; none for a weak one, which names it as well.
#[cfg(feature = "compression")]
pub(crate) fn compressed(tag: &str) -> Option<String> {
    let text = tag.strip_prefix('"')?.strip_suffix('"')?;
    Some(format!("\"{text}{GZIP}\""))
}

/// The tags in a field of this name, if the request has one.
pub(crate) fn of<'r>(request: &'r HttpRequest, name: &HeaderName) -> Result<Option<Tags<'r>>, Malformed> {
    let mut values = request.headers().get_all(name).map(|value| value.as_bytes().trim_ascii()).peekable();
    if values.peek().is_none() {
        return Ok(None);
    }
    if values.next_if_eq(&&b"*"[..]).is_some() {
        return if values.next().is_none() { Ok(Some(Tags::Any)) } else { Err(Malformed) };
    }
    let mut found = Vec::new();
    values.try_for_each(|value| read(value, &mut found)).ok_or(Malformed)?;
    if found.is_empty() { Err(Malformed) } else { Ok(Some(Tags::These(found))) }
}

/// A list (RFC 9110, section 5.6.1), whose elements may be empty. `None` for what is none.
fn read<'r>(mut rest: &'r [u8], found: &mut Vec<Tag<'r>>) -> Option<()> {
    loop {
        rest = rest.trim_ascii_start();
        if let [b',', more @ ..] = rest {
            rest = more;
            continue;
        }
        if rest.is_empty() {
            return Some(());
        }
        let (is_weak, quoted) = rest.strip_prefix(b"W/").map_or((false, rest), |quoted| (true, quoted));
        let opened = quoted.strip_prefix(b"\"")?;
        let (text, closed) = opened.split_at(opened.iter().position(|byte| *byte == b'"')?);
        if !text.iter().all(|byte| matches!(byte, 0x21 | 0x23..=0x7E | 0x80..)) {
            return None;
        }
        found.push(Tag { is_weak, text });
        rest = closed[1..].trim_ascii_start();
        if !matches!(rest, [] | [b',', ..]) {
            return None;
        }
    }
}

impl Tags<'_> {
    /// By which tag the client has what this text, between quotes, names: by the weak comparison (RFC 9110, section 8.8.3.2), plain or
    /// compressed. What was kept is found again by the tag that it was kept under.
    pub(crate) fn known(&self, text: &str) -> Option<String> {
        let Self::These(tags) = self else { return Some(format!("\"{text}\"")) };
        let is_it = |tag: &&Tag<'_>| {
            let rest = tag.text.strip_prefix(text.as_bytes());
            rest.is_some_and(|rest| rest.is_empty() || rest == GZIP.as_bytes())
        };
        let tag = tags.iter().find(is_it)?;
        let weak = if tag.is_weak { "W/" } else { "" };
        Some(format!("{weak}\"{}\"", str::from_utf8(tag.text).ok()?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::{http::header::IF_MATCH, test::TestRequest};

    fn written(values: &[&str]) -> Result<Option<String>, Malformed> {
        let request =
            values.iter().fold(TestRequest::get(), |request, value| request.append_header((IF_MATCH, *value)));
        let request = request.to_http_request();
        let one =
            |tag: &Tag<'_>| format!("{}{}", if tag.is_weak { "~" } else { "" }, String::from_utf8_lossy(tag.text));
        Ok(of(&request, &IF_MATCH)?.map(|tags| match tags {
            Tags::Any => "any".to_owned(),
            Tags::These(tags) => tags.iter().map(one).collect::<Vec<_>>().join(" "),
        }))
    }

    #[test]
    fn tags_are_read_as_a_list() {
        assert_eq!(written(&[]), Ok(None));
        for (values, read) in [
            (&["*"] as &[&str], "any"),
            (&[" * "], "any"),
            (&["\"a\""], "a"),
            (&["W/\"a\", \"b,c\" ,,\"\""], "~a b,c "),
            (&["\"a\"", "\"b\""], "a b"),
            (&["\"a\\\""], "a\\"),
        ] {
            assert_eq!(written(values), Ok(Some(read.to_owned())), "{values:?}");
        }
        for values in [
            &[""] as &[&str],
            &[","],
            &["a"],
            &["\"a"],
            &["w/\"a\""],
            &["W/ \"a\""],
            &["\"a\" \"b\""],
            &["\"a\"b"],
            &["\"a b\""],
            &["*, \"a\""],
            &["*", "\"a\""],
            &["\"a\"", "*"],
            &["*", "*"],
        ] {
            assert_eq!(written(values), Err(Malformed), "{values:?}");
        }
    }

    #[test]
    fn what_is_known_is_known_compressed_as_well() {
        let tag = |is_weak, text: &'static str| Tag { is_weak, text: text.as_bytes() };
        for (tags, known) in [
            (Tags::Any, Some("\"7.a\"")),
            (Tags::These(vec![tag(false, "6.a"), tag(false, "7.a")]), Some("\"7.a\"")),
            (Tags::These(vec![tag(true, "7.a")]), Some("W/\"7.a\"")),
            (Tags::These(vec![tag(false, "7.a-gzip")]), Some("\"7.a-gzip\"")),
            (Tags::These(vec![tag(false, "7.ab"), tag(false, "7.A"), tag(false, "")]), None),
        ] {
            assert_eq!(tags.known("7.a").as_deref(), known, "{tags:?}");
        }
    }

    #[test]
    #[cfg(feature = "compression")]
    fn what_is_compressed_has_a_name_of_its_own() {
        assert_eq!(compressed("\"7.a\"").as_deref(), Some("\"7.a-gzip\""));
        assert_eq!(compressed("W/\"7.a\""), None);
    }
}
