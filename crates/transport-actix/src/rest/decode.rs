//! From an HTTP request to the arguments of an operation.

use super::{refuse, route::Found};
use crate::{edge::body, refusal::Refusal, shared::Shared};
use actix_web::{HttpMessage as _, HttpRequest, http::header::CONTENT_TYPE, web::Payload};
use bytes::Bytes;
use diptych_pipeline::Operation;
use diptych_spec::{Arguments, Error, JsonLimits, Result};
use percent_encoding::percent_decode_str;
use std::borrow::Cow;

/// The path of a request, split where REST is mounted.
#[derive(Debug)]
pub(super) struct Target<'r> {
    /// The path of the mount, as the client wrote it.
    pub(super) mount: &'r str,
    /// The rest, which a route is found by. What is percent-encoded needlessly is decoded, `/` and `%` are not.
    pub(super) path: &'r str,
}

/// Reads the path.
pub(super) fn target(request: &HttpRequest) -> Result<Target<'_>, Refusal> {
    let written = request.uri().path();
    if written.contains('%') && percent_decode_str(written).decode_utf8().is_err() {
        return Err(Error::bad_request("the path is not UTF-8").into());
    }
    let path = match request.match_info().unprocessed() {
        "" => "/",
        path => path,
    };
    // What is left of the path has as many slashes as the same part of what was written.
    let slashes = path.bytes().filter(|byte| *byte == b'/').count();
    let cut = written.rmatch_indices('/').nth(slashes.saturating_sub(1)).map_or(0, |(at, _)| at);
    let mount = if request.match_info().unprocessed().is_empty() { written } else { &written[..cut] };
    Ok(Target { mount, path })
}

/// The body of a service's request; a selector has none.
pub(super) async fn body(
    shared: &Shared,
    operation: &Operation,
    request: &HttpRequest,
    payload: &mut Payload,
) -> Result<Option<Bytes>, Refusal> {
    if !operation.is_service() || !body::is_there(request) {
        return Ok(None);
    }
    let types = request.headers().get_all(CONTENT_TYPE).count();
    if !body::is_plain(request)
        || types != 1
        || !request.content_type().trim_ascii().eq_ignore_ascii_case("application/json")
    {
        return Err(refuse::media_type());
    }
    body::read(&shared.settings, request, payload).await.map(Some)
}

/// The arguments, by where each was found; what they mean is for the pipeline to say.
pub(super) fn arguments<'a>(
    found: Found<'a>,
    query: &'a str,
    body: Option<&'a [u8]>,
    limits: JsonLimits,
) -> Result<Arguments<'a>, Refusal> {
    let body = body.map(str::from_utf8).transpose();
    let mut arguments = Arguments::http(body.map_err(|_| Error::bad_request("the body is not UTF-8"))?).limited(limits);
    for (name, value) in found.variables {
        arguments.path(name, value);
    }
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        arguments.query(decoded(name)?, decoded(value)?);
    }
    Ok(arguments)
}

/// As HTML forms write it: `+` is a space.
fn decoded(text: &str) -> Result<Cow<'_, str>> {
    let not_utf8 = |_| Error::bad_request("the query is not UTF-8");
    if text.contains('+') {
        let spaced = text.replace('+', " ");
        let decoded = percent_decode_str(&spaced).decode_utf8().map_err(not_utf8)?;
        return Ok(Cow::Owned(decoded.into_owned()));
    }
    percent_decode_str(text).decode_utf8().map_err(not_utf8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn query_text_is_decoded_like_a_form() {
        for (text, expected) in
            [("a", Some("a")), ("a+b%2Bc", Some("a b+c")), ("%C3%BC", Some("ü")), ("100%", Some("100%")), ("%FF", None)]
        {
            assert_eq!(decoded(text).ok().as_deref(), expected, "{text}");
        }
    }
}
