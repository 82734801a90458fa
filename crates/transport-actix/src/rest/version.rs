//! Versions of rows over HTTP: the entity tag of an answer, and what a request says of the one it knows (RFC 9110, section 13).
//!
//! A tag is the version and, behind a dot, a digest of the answer. So what is not changed is the same byte for byte, whatever is shown
//! beside the row; and what may be changed is told by the version alone, whichever answer it was read from.

use crate::edge::tag::{self, Malformed, Tag, Tags};
use actix_web::{
    HttpRequest,
    http::header::{IF_MATCH, IF_NONE_MATCH},
};
use diptych_spec::{Declaration, Error, ErrorKind, ExpectedVersion, Result, Version};

/// The tag of an answer, without its quotes; none for what has no version.
pub(super) fn tag(declaration: &Declaration, json: &str) -> Option<String> {
    let version = declaration.version_in(json)?;
    Some(format!("{version}.{}", tag::digest(json.as_bytes())))
}

/// The tag by which the client has what was read, if it does. What is no list of tags names nothing that it has.
pub(super) fn known(request: &HttpRequest, tag: &str) -> Option<String> {
    tag::of(request, &IF_NONE_MATCH).ok().flatten()?.known(tag)
}

/// The versions that a service is called for; `None` when the request does not say.
///
/// # Errors
/// What cannot be compared is refused: a client that sends it counts on it.
pub(super) fn expected(declaration: &Declaration, request: &HttpRequest) -> Result<Option<ExpectedVersion>> {
    if request.headers().contains_key(IF_NONE_MATCH) {
        return Err(unsupported("`If-None-Match` is for reading; to change what you have read, send `If-Match`"));
    }
    let tags = match tag::of(request, &IF_MATCH) {
        Ok(None) => return Ok(None),
        Ok(Some(tags)) => tags,
        Err(Malformed) => {
            let detail = "the header `If-Match` has to be `*` or a list of entity tags in quotes, such as the `ETag` of the answer that you have";
            return Err(Error::bad_request(detail));
        }
    };
    if !declaration.expects_version() {
        return Err(unsupported("there is no version that `If-Match` could be compared with; leave it out"));
    }
    Ok(Some(match tags {
        Tags::Any => ExpectedVersion::Any,
        // The strong comparison: a weak tag is not equal to any (RFC 9110, section 13.1.1).
        Tags::These(tags) => {
            ExpectedVersion::OneOf(tags.iter().filter(|tag| !tag.is_weak).filter_map(version).collect())
        }
    }))
}

/// The version that a tag of ours names; also one without a digest, of a client that has the version from a list.
fn version(tag: &Tag<'_>) -> Option<Version> {
    let text = str::from_utf8(tag.text).ok()?;
    let number = text.split_once('.').map_or(text, |(number, _)| number);
    number.parse().ok().map(Version::new)
}

fn unsupported(detail: &'static str) -> Error {
    Error::new(ErrorKind::BadRequest, "precondition_unsupported", detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_names_a_version() {
        for (text, number) in [
            ("7.0123456789abcdef", Some(7)),
            ("7.0123456789abcdef-gzip", Some(7)),
            ("7", Some(7)),
            ("-7.a", Some(-7)),
            ("", None),
            (".a", None),
            ("a.7", None),
            ("7-a", None),
            ("99999999999999999999", None),
        ] {
            let tag = Tag { is_weak: false, text: text.as_bytes() };
            assert_eq!(version(&tag).map(Version::number), number, "{text}");
        }
    }
}
