//! From checked arguments to the request that a handler gets. It has nothing of the request that the caller made: no
//! `Authorization`, no cookies, nothing that a proxy added.

use super::verb;
use actix_http::Request;
use actix_web::{
    HttpMessage as _,
    http::{Method as HttpMethod, Uri, header},
};
use bytes::Bytes;
use diptych_pipeline::ExposedCall;
use diptych_spec::{Error, FieldError, Method, Principal, Result, Template};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Map, Value};

/// Everything but the unreserved characters of RFC 3986, section 2.3.
const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// What a request is made of, on the thread of its handler: requests themselves never leave theirs.
pub(super) struct Parts {
    method: HttpMethod,
    uri: Uri,
    body: Option<Bytes>,
    principal: Option<Principal>,
}

impl Parts {
    pub(super) fn of(path: Option<&Template>, method: Method, call: ExposedCall) -> Result<Self> {
        let ExposedCall { mut arguments, principal, .. } = call;
        let mut target = path.map_or_else(|| Ok("/".to_owned()), |path| path_of(path, &mut arguments))?;
        let body = match method {
            Method::Get | Method::Delete => {
                query_of(&arguments, &mut target);
                None
            }
            Method::Post | Method::Put | Method::Patch => {
                Some(serde_json::to_vec(&arguments).map_err(Error::internal)?.into())
            }
        };
        let uri = target.parse().map_err(|_| Error::bad_request("the arguments are too long for a query"))?;
        Ok(Self { method: verb(method), uri, body, principal })
    }

    /// The request. Who calls is in its extensions: `web::ReqData<Principal>`.
    pub(super) fn into_request(self) -> Request {
        let Self { method, uri, body, principal } = self;
        let length = body.as_ref().map(Bytes::len);
        let payload = body.map_or(actix_http::Payload::None, actix_http::Payload::from);
        let mut request = Request::with_payload(payload);
        let head = request.head_mut();
        (head.method, head.uri) = (method, uri);
        head.headers.insert(header::HOST, header::HeaderValue::from_static("localhost"));
        head.headers.insert(header::ACCEPT, header::HeaderValue::from_static("application/json, text/*;q=0.9"));
        if let Some(length) = length {
            head.headers.insert(header::CONTENT_TYPE, header::HeaderValue::from_static("application/json"));
            head.headers.insert(header::CONTENT_LENGTH, length.into());
        }
        if let Some(principal) = principal {
            request.extensions_mut().insert(principal);
        }
        request
    }
}

/// The path; what it takes is no longer among the arguments.
fn path_of(path: &Template, arguments: &mut Map<String, Value>) -> Result<String> {
    let mut missing = Vec::new();
    let expanded = path.expand(|name| {
        let value = arguments.shift_remove(name).as_ref().and_then(text).filter(|text| !text.is_empty());
        if value.is_none() {
            missing.push(FieldError::new(format!("/{name}"), "path", "is part of a path, so it cannot be empty"));
        }
        value
    });
    expanded.ok_or_else(|| Error::invalid(missing))
}

/// Lists as a name that is there several times, objects as JSON, null not at all.
fn query_of(arguments: &Map<String, Value>, target: &mut String) {
    let mut separator = '?';
    for (name, value) in arguments {
        let values = match value {
            Value::Array(values) => values.as_slice(),
            value => std::slice::from_ref(value),
        };
        for value in values.iter().filter(|value| !value.is_null()) {
            target.push(std::mem::replace(&mut separator, '&'));
            target.extend(utf8_percent_encode(name, UNRESERVED));
            target.push('=');
            let text = text(value).unwrap_or_else(|| value.to_string());
            target.extend(utf8_percent_encode(&text, UNRESERVED));
        }
    }
}

/// A single value as text.
fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(_) | Value::Bool(_) => Some(value.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn arguments_become_path_and_query_or_body() {
        for (path, method, arguments, uri, body) in [
            ("/", Method::Get, json!({}), "/", None),
            (
                "/",
                Method::Get,
                json!({"a": 1, "b": "x y&z", "c": null, "d": [1, true]}),
                "/?a=1&b=x%20y%26z&d=1&d=true",
                None,
            ),
            ("/", Method::Delete, json!({"o": {"p": 1}}), "/?o=%7B%22p%22%3A1%7D", None),
            ("/r/{id}", Method::Get, json!({"id": "a/b", "n": 1}), "/r/a%2Fb?n=1", None),
            (
                "/r/{id}",
                Method::Put,
                json!({"id": 7, "n": 9_007_199_254_740_993_u64}),
                "/r/7",
                Some(r#"{"n":9007199254740993}"#),
            ),
            ("/", Method::Post, json!({}), "/", Some("{}")),
        ] {
            let Value::Object(arguments) = arguments else { panic!("an object") };
            let call = ExposedCall { arguments, principal: None, max_bytes: 1 };
            let parts = Parts::of(Some(&Template::parse(path).unwrap()), method, call).unwrap();
            assert_eq!(parts.uri, uri);
            assert_eq!(parts.body.as_deref(), body.map(str::as_bytes));
        }
    }
}
