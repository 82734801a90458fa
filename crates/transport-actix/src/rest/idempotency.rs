//! The header `Idempotency-Key` (draft-ietf-httpapi-idempotency-key-header-07), and the field that says that an answer is an
//! earlier one.

use actix_web::{HttpRequest, http::header::HeaderName};
use diptych_spec::{Error, ErrorKind, IdempotencyKey, Result};
use std::borrow::Cow;

const KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// On an answer that an earlier request got.
pub(super) const REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");

/// How it is called in errors.
const PLACE: &str = "the header `Idempotency-Key`";

/// The key of a request, if it has one.
pub(super) fn key(request: &HttpRequest) -> Result<Option<IdempotencyKey>> {
    let mut sent = request.headers().get_all(KEY);
    let Some(value) = sent.next() else { return Ok(None) };
    if sent.next().is_some() {
        let detail = format!("{PLACE} is sent more than once");
        return Err(Error::new(ErrorKind::BadRequest, "idempotency_key_invalid", detail));
    }
    let text = value.to_str().ok().and_then(written).ok_or_else(|| IdempotencyKey::invalid(PLACE))?;
    IdempotencyKey::given_as(PLACE, &text).map(Some)
}

/// What is written: a string in quotes (RFC 9651, section 3.3.3), as the draft wants it, or bare, as most clients send it. `None`
/// for quotes that do not fit.
fn written(value: &str) -> Option<Cow<'_, str>> {
    let Some(quoted) = value.strip_prefix('"') else { return Some(value.into()) };
    let quoted = quoted.strip_suffix('"')?;
    let mut text = String::with_capacity(quoted.len());
    let mut characters = quoted.chars();
    while let Some(character) = characters.next() {
        match character {
            '\\' => text.push(characters.next().filter(|next| matches!(next, '"' | '\\'))?),
            '"' => return None,
            other => text.push(other),
        }
    }
    Some(text.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    fn read(values: &[&str]) -> Result<Option<String>, String> {
        let request = values.iter().fold(TestRequest::post(), |request, value| request.append_header((KEY, *value)));
        let key = key(&request.to_http_request()).map_err(|error| error.detail().to_owned())?;
        Ok(key.map(|key| key.as_str().to_owned()))
    }

    #[test]
    fn a_key_is_a_string_in_quotes_or_bare() {
        assert_eq!(read(&[]), Ok(None));
        for (value, key) in [("abc", "abc"), ("\"abc\"", "abc"), (r#""a\"\\b""#, r#"a"\b"#), (r#"a"b"#, r#"a"b"#)] {
            assert_eq!(read(&[value]), Ok(Some(key.to_owned())), "{value}");
        }
        for value in ["", "\"", "\"\"", "\"a", "\"a\"b\"", r#""a\b""#, r#""a\""#, "\"a\";p=1", "a b", "\"a b\"", "a, b"]
        {
            let error = read(&[value]).unwrap_err();
            assert!(error.starts_with("the header `Idempotency-Key` has to be 1 to 255"), "{value}: {error}");
        }
        assert_eq!(read(&["a", "a"]), Err("the header `Idempotency-Key` is sent more than once".to_owned()));
    }
}
