//! The envelope: JSON-RPC 2.0 as MCP narrows it (basic, Messages).
//!
//! Ids are strings or integers and are echoed as they were sent. A message is read without copying; its `params` and
//! its `_meta` are opened one level deep, which is as far as the protocol itself reads.

use crate::object::{self, Members, Unreadable, Writer};
use crate::refuse::{Refusal, Refused};
use serde_json::{Value, value::RawValue};
use std::borrow::Cow;

/// More messages in one batch are refused.
const MAX_BATCH: usize = 100;

/// The id of a request, as it was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Id<'a>(&'a str);

impl<'a> Id<'a> {
    pub(crate) fn of(value: &'a RawValue) -> Option<Self> {
        let json = value.get();
        let integer = |json: &str| json.bytes().all(|byte| byte == b'-' || byte.is_ascii_digit());
        (json.starts_with('"') || integer(json)).then_some(Self(json))
    }

    pub(crate) fn json(self) -> &'a str {
        self.0
    }
}

/// What came in one body.
#[derive(Debug)]
pub(crate) enum Body<'a> {
    One(Message<'a>),
    Many(Vec<Message<'a>>),
}

#[derive(Debug)]
pub(crate) enum Message<'a> {
    Request(Request<'a>),
    Notification(Notification<'a>),
    Response(Response<'a>),
}

/// An answer to a request of the server.
#[derive(Debug)]
pub(crate) struct Response<'a> {
    pub(crate) id: Id<'a>,
    /// None is an error of the client's.
    pub(crate) result: Option<&'a RawValue>,
}

#[derive(Debug)]
pub(crate) struct Request<'a> {
    pub(crate) id: Id<'a>,
    pub(crate) method: Cow<'a, str>,
    pub(crate) params: Params<'a>,
}

#[derive(Debug)]
pub(crate) struct Notification<'a> {
    pub(crate) method: Cow<'a, str>,
    pub(crate) params: Params<'a>,
}

/// The members of `params`, and those of its `_meta`.
#[derive(Debug, Default)]
pub(crate) struct Params<'a> {
    pub(crate) members: Members<'a>,
    pub(crate) meta: Members<'a>,
}

/// Reads a body: rungs 6 and 7 of the ladder, and the part of 8 that needs no era.
pub(crate) fn read(body: &[u8], max_depth: usize) -> Result<Body<'_>, Refused<'_>> {
    let text = str::from_utf8(body).map_err(|_| Refusal::syntax("the body is not UTF-8"))?;
    if depth(body) > max_depth {
        return Err(Refusal::syntax(format!("the body is nested deeper than {max_depth} levels")).into());
    }
    if !text.trim_ascii_start().starts_with('[') {
        return message(text).map(Body::One);
    }
    let texts: Vec<&RawValue> =
        serde_json::from_str(text).map_err(|error| Refusal::syntax(not_json(&error.to_string())))?;
    if texts.is_empty() || texts.len() > MAX_BATCH {
        let sent = texts.len();
        return Err(Refusal::request(format!("a batch has 1 to {MAX_BATCH} messages, not {sent}")).into());
    }
    let messages: Result<_, Refused<'_>> = texts.into_iter().map(|text| message(text.get())).collect();
    // Which of several ids it was about cannot be said.
    messages.map(Body::Many).map_err(|refused| refused.refusal.into())
}

fn message(text: &str) -> Result<Message<'_>, Refused<'_>> {
    let members = Members::read(text).map_err(|why| match why {
        Unreadable::Syntax(why) => Refusal::syntax(not_json(&why)),
        why => unreadable("the message", &why),
    })?;
    let sent = members.get("id");
    let id = sent.and_then(Id::of);
    let refuse = |refusal: Refusal| Refused { id, refusal };
    if members.text("jsonrpc").as_deref() != Some("2.0") {
        return Err(refuse(Refusal::request("`jsonrpc` has to be \"2.0\"")));
    }
    let Some(method) = members.get("method") else {
        return match (id, members.get("result"), members.get("error")) {
            (_, None, None) => Err(refuse(Refusal::request("there is no `method`"))),
            (Some(id), result, None) => Ok(Message::Response(Response { id, result })),
            (Some(id), _, Some(_)) => Ok(Message::Response(Response { id, result: None })),
            (None, ..) => Err(refuse(Refusal::request("a response has the id of its request"))),
        };
    };
    let Some(method) = object::text(method) else {
        return Err(refuse(Refusal::request("`method` has to be a string")));
    };
    let params = params(members.get("params")).map_err(refuse)?;
    match (sent, id) {
        (None, _) => Ok(Message::Notification(Notification { method, params })),
        (Some(_), Some(id)) => Ok(Message::Request(Request { id, method, params })),
        (Some(_), None) => Err(Refusal::request("`id` has to be a string or an integer").into()),
    }
}

fn params(value: Option<&RawValue>) -> Result<Params<'_>, Refusal> {
    let Some(value) = value.filter(|value| value.get() != "null") else {
        return Ok(Params::default());
    };
    let members = Members::read(value.get()).map_err(|why| unreadable("`params`", &why))?;
    let meta = match members.get("_meta").filter(|meta| object::is_object(meta)) {
        Some(meta) => Members::read(meta.get()).map_err(|why| unreadable("`params._meta`", &why))?,
        None => Members::default(),
    };
    Ok(Params { members, meta })
}

fn unreadable(what: &str, why: &Unreadable) -> Refusal {
    Refusal::request(match why {
        Unreadable::Syntax(why) => format!("{what} cannot be read: {why}"),
        Unreadable::NotAnObject => format!("{what} has to be an object"),
        Unreadable::Twice(name) => format!("{what} has the member `{name}` more than once"),
    })
}

fn not_json(why: &str) -> String {
    format!("the body is not JSON: {why}")
}

/// How deeply arrays and objects are nested, in text that may yet turn out not to be JSON.
fn depth(json: &[u8]) -> usize {
    let (mut open, mut deepest): (usize, usize) = (0, 0);
    let mut bytes = json.iter();
    while let Some(byte) = bytes.next() {
        match byte {
            b'[' | b'{' => {
                open += 1;
                deepest = deepest.max(open);
            }
            b']' | b'}' => open = open.saturating_sub(1),
            b'"' => {
                while let Some(byte) = bytes.next() {
                    match byte {
                        b'\\' => drop(bytes.next()),
                        b'"' => break,
                        _ => {}
                    }
                }
            }
            _ => {}
        }
    }
    deepest
}

/// `{"jsonrpc":"2.0","id":…` and no end: a result or an error follows, then `}`.
pub(crate) fn begin(id: Option<Id<'_>>) -> Vec<u8> {
    let mut out = Vec::with_capacity(512);
    out.extend_from_slice(br#"{"jsonrpc":"2.0""#);
    if let Some(id) = id {
        out.extend_from_slice(br#","id":"#);
        out.extend_from_slice(id.json().as_bytes());
    }
    out
}

/// A notification of the server.
pub(crate) fn notification(method: &str, params: impl FnOnce(&mut Writer<'_>)) -> Vec<u8> {
    let mut out = begin(None);
    out.extend_from_slice(br#","method":"#);
    object::write(&mut out, method);
    out.extend_from_slice(br#","params":"#);
    let mut members = Writer::open(&mut out);
    params(&mut members);
    members.close();
    out.push(b'}');
    out
}

/// A request of the server, which only the old era has.
pub(crate) fn request(id: u64, method: &str, params: &Value) -> Vec<u8> {
    let mut out = begin(None);
    out.extend_from_slice(format!(r#","id":{id},"method":"#).as_bytes());
    object::write(&mut out, method);
    out.extend_from_slice(br#","params":"#);
    object::write(&mut out, params);
    out.push(b'}');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn depth_counts_what_is_open() {
        for (json, levels) in [
            ("", 0),
            ("1", 0),
            ("{}", 1),
            (r#"{"a":[{}],"b":[[]]}"#, 3),
            (r#""[[[[""#, 0),
            (r#"["\"[[", "\\", []]"#, 2),
            ("]]][", 1),
        ] {
            assert_eq!(depth(json.as_bytes()), levels, "{json}");
        }
    }

    #[test]
    fn an_id_is_a_string_or_an_integer() {
        let id = |json| serde_json::from_str::<&RawValue>(json).ok().and_then(Id::of).map(Id::json);
        for json in ["0", "-7", "90071992547409931", "\"\"", r#""a\u00e9\"""#] {
            assert_eq!(id(json), Some(json));
        }
        for json in ["null", "1.5", "1.0", "1e3", "true", "{}", "[1]"] {
            assert_eq!(id(json), None, "{json}");
        }
    }
}
