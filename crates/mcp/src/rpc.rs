//! The envelope: JSON-RPC 2.0 as MCP narrows it (basic, Messages).
//!
//! Ids are strings or integers and are echoed as they were sent. A message is read without copying; its `params` and
//! its `_meta` are opened one level deep, which is as far as the protocol itself reads.

use crate::method;
use crate::object::{self, Members, Unreadable, Writer};
use crate::refuse::{Refusal, Refused};
use diptych_spec::{JsonFault, JsonLimits};
use serde_json::{Value, value::RawValue};
use std::borrow::Cow;

/// More messages in one batch are refused.
pub(crate) const MAX_BATCH: usize = 100;

/// The longest id, in bytes of JSON. It is in the answer, and in each message of a subscription or of progress.
const MAX_ID: usize = 1024;

/// Where the arguments of an operation are.
const ARGUMENTS: &str = "/params/arguments/";

/// The id of a request, as it was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Id<'a>(&'a str);

impl<'a> Id<'a> {
    /// A string or an integer, not longer than an id may be.
    pub(crate) fn of(value: &'a RawValue) -> Option<Self> {
        let json = value.get();
        let integer = |json: &str| json.bytes().all(|byte| byte == b'-' || byte.is_ascii_digit());
        (json.len() <= MAX_ID && (json.starts_with('"') || integer(json))).then_some(Self(json))
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
pub(crate) fn read<'a>(body: &'a [u8], limits: &JsonLimits) -> Result<Body<'a>, Refused<'a>> {
    let text = str::from_utf8(body).map_err(|_| Refusal::syntax("the body is not UTF-8"))?;
    match limits.check(text) {
        Ok(()) => {}
        // What is wrong with arguments is for whoever wrote them: the operation says it, in the form of its method.
        Err(JsonFault::Twice(pointers))
            if pointers.iter().all(|pointer| pointer.starts_with(ARGUMENTS)) && has_arguments(text) => {}
        Err(fault) => return Err(unfit(text, &fault)),
    }
    if !text.trim_ascii_start().starts_with('[') {
        return message(text).map(Body::One);
    }
    let texts: Vec<&RawValue> = serde_json::from_str(text).map_err(|_| Refusal::syntax("the body cannot be read"))?;
    if texts.is_empty() || texts.len() > MAX_BATCH {
        let sent = texts.len();
        return Err(Refusal::request(format!("a batch has 1 to {MAX_BATCH} messages, not {sent}")).into());
    }
    let messages: Result<_, Refused<'_>> = texts.into_iter().map(|text| message(text.get())).collect();
    // Which of several ids it was about cannot be said.
    messages.map(Body::Many).map_err(|refused| refused.refusal.into())
}

/// Whether the message is a call, whose arguments are judged by its operation.
fn has_arguments(text: &str) -> bool {
    let method = Members::read(text).ok().and_then(|members| members.text("method"));
    method.is_some_and(|method| method::takes_arguments(&method))
}

/// Why the body is not read. What is JSON and ambiguous is answered with its id, when that is not what is ambiguous: whoever sent
/// it over stdio would wait.
fn unfit<'a>(text: &'a str, fault: &JsonFault) -> Refused<'a> {
    match fault {
        JsonFault::Twice(_) => {
            let members = Members::read(text);
            let id = members.ok().and_then(|members| members.get("id")).and_then(Id::of);
            Refused { id, refusal: Refusal::request(format!("the body has {fault}")) }
        }
        JsonFault::Syntax { .. } | JsonFault::Depth(_) => Refusal::syntax(format!("the body is {fault}")).into(),
        fault => Refusal::syntax(format!("the body has {fault}")).into(),
    }
}

fn message(text: &str) -> Result<Message<'_>, Refused<'_>> {
    let members = Members::read(text).map_err(|why| unreadable("the message", &why))?;
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
    // One reader would take it for a request, another for a response.
    if members.get("result").is_some() || members.get("error").is_some() {
        return Err(refuse(Refusal::request("a message with a `method` has no `result` and no `error`")));
    }
    let params = params(members.get("params")).map_err(refuse)?;
    match (sent, id) {
        (None, _) => Ok(Message::Notification(Notification { method, params })),
        (Some(_), Some(id)) => Ok(Message::Request(Request { id, method, params })),
        (Some(_), None) => {
            let wanted = format!("`id` has to be a string or an integer of at most {MAX_ID} bytes");
            Err(Refusal::request(wanted).into())
        }
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
        Unreadable::Syntax => format!("{what} cannot be read"),
        Unreadable::NotAnObject => format!("{what} has to be an object"),
        Unreadable::Twice(name) => format!("{what} has the member `{name}` more than once"),
    })
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
    fn an_id_is_a_string_or_an_integer() {
        let id = |json| serde_json::from_str::<&RawValue>(json).ok().and_then(Id::of).map(Id::json);
        for json in ["0", "-7", "90071992547409931", "\"\"", r#""a\u00e9\"""#] {
            assert_eq!(id(json), Some(json));
        }
        for json in ["null", "1.5", "1.0", "1e3", "true", "{}", "[1]"] {
            assert_eq!(id(json), None, "{json}");
        }
    }

    #[test]
    fn an_id_is_not_longer_than_one_may_be() {
        let is_one = |json: String| Id::of(&RawValue::from_string(json).unwrap()).is_some();
        let text = |many: usize| format!("\"{}\"", "x".repeat(many));
        assert!(is_one(text(MAX_ID - 2)) && !is_one(text(MAX_ID - 1)));
        assert!(is_one("7".repeat(MAX_ID)) && !is_one("7".repeat(MAX_ID + 1)));
    }
}
