//! Which era a POST belongs to, and whether it is well-formed there: one rung after the other, in this order.
//!
//! A line of stdio climbs the same rungs, without those that read headers.
//!
//! | rung | what | refused with |
//! |---|---|---|
//! | 1–4 | HTTP method, `Origin` and `Host`, credentials | by the transport; GET and DELETE in `server.rs` |
//! | 5 | `Content-Type` and `Accept` | 415, 406 |
//! | 6, 7 | JSON; a message | 400 -32700, -32600 |
//! | 8 | an array: never in the new era | 400 -32600 |
//! | 9 | **the era**: `_meta` names a version, or `initialize`, or the header | 400 |
//! | 10 | the new era's `_meta` | 400 -32602 |
//! | 11 | `MCP-Protocol-Version` is the same version | 400 -32020 |
//! | 12 | the version is served | 400 -32022 |
//! | 13 | `Mcp-Method` and `Mcp-Name` say what the body says | 400 -32020 |
//! | 14 | the method exists | 404 -32601; `method.rs` |
//! | 15, 16 | parameters | the method's own file |
//! | 17 | `Mcp-Param-*` say what the arguments say | 400 -32020; `parameter.rs`, before 14 |
//! | 18, 19 | permission, dispatch | the method's own file |
//!
//! A message that claims the new era is never served as the old one: a client tells the two kinds of server apart by
//! these errors (2026-07-28, basic/transports/streamable-http, Backward Compatibility).

use crate::era::Revision;
use crate::header::{self, Head};
use crate::lifecycle;
use crate::method;
use crate::object::{self, Members, text};
use crate::refuse::{Refusal, Refused};
use crate::rpc::{self, Body, Message, Notification, Params, Request};
use diptych_spec::{JsonLimits, LogLevel};
use std::borrow::Cow;

const PROTOCOL_VERSION: &str = "io.modelcontextprotocol/protocolVersion";
/// What the client of this request can be asked for.
pub(crate) const CLIENT_CAPABILITIES: &str = "io.modelcontextprotocol/clientCapabilities";
const CLIENT_INFO: &str = "io.modelcontextprotocol/clientInfo";
/// How serious a message has to be to be sent.
pub(crate) const LOG_LEVEL: &str = "io.modelcontextprotocol/logLevel";

/// Where a well-formed message leads.
#[derive(Debug)]
pub(crate) enum Step<'a> {
    /// A request of the new era.
    Modern(&'static Revision, Request<'a>),
    /// A notification of the new era.
    Noted(Notification<'a>),
    /// The start of a session.
    Initialize(Request<'a>),
    /// Whatever else the old era sends: it needs a session.
    InSession(Body<'a>),
}

/// Rungs 5 to 13. There is no head where messages come without one: on stdio.
pub(crate) fn climb<'a>(head: Option<&Head<'_>>, body: &'a [u8], limits: &JsonLimits) -> Result<Step<'a>, Refused<'a>> {
    // 5
    if head.is_some_and(|head| !head.sends_json()) {
        return Err(Refusal::transport(415, "the `Content-Type` has to be application/json").into());
    }
    if head.is_some_and(|head| !head.takes_json() && !head.takes_events()) {
        let taken = "the answer is application/json or text/event-stream; `Accept` rules both out";
        return Err(Refusal::transport(406, taken).into());
    }
    // 6, 7
    match rpc::read(body, limits)? {
        // 8
        Body::Many(messages) => {
            let claims = |message: &Message<'_>| match message {
                Message::Request(request) => claims(&request.params),
                Message::Notification(notification) => claims(&notification.params),
                Message::Response(_) => false,
            };
            if messages.iter().any(claims) || version_header(head)?.is_some_and(is_modern) {
                return Err(Refusal::request("2026-07-28 has no batches; send one message per request").into());
            }
            Ok(Step::InSession(Body::Many(messages)))
        }
        // 9
        Body::One(Message::Request(request)) => {
            let id = Some(request.id);
            era(head, request).map_err(|refusal| Refused { id, refusal })
        }
        Body::One(Message::Notification(notification)) => Ok(noted(head, notification)?),
        Body::One(Message::Response(_)) if version_header(head)?.is_some_and(is_modern) => {
            Err(Refusal::request("2026-07-28 has no requests from the server to respond to").into())
        }
        Body::One(response @ Message::Response(_)) => Ok(Step::InSession(Body::One(response))),
    }
}

/// Rung 9 for a request.
fn era<'a>(head: Option<&Head<'_>>, request: Request<'a>) -> Result<Step<'a>, Refusal> {
    if claims(&request.params) {
        return modern(head, &request).map(|revision| Step::Modern(revision, request));
    }
    let modern_header = version_header(head)?.is_some_and(is_modern);
    match (&*request.method, modern_header) {
        ("initialize", true) => Err(Refusal::header(
            "`initialize` belongs to sessions, which the version in MCP-Protocol-Version does not have",
        )),
        ("initialize", false) => Ok(Step::Initialize(request)),
        (_, true) => Err(incomplete(&missing(&request.params.meta))),
        (_, false) => Ok(Step::InSession(Body::One(Message::Request(request)))),
    }
}

/// Rungs 9 to 12 for a notification, of which the new era asks no `_meta` and no headers.
fn noted<'a>(head: Option<&Head<'_>>, notification: Notification<'a>) -> Result<Step<'a>, Refusal> {
    let header = version_header(head)?;
    match notification.params.meta.get(PROTOCOL_VERSION) {
        Some(claimed) => {
            let claimed = text(claimed).ok_or_else(not_a_version)?;
            if header.is_some_and(|header| header != claimed) {
                return Err(other_version(header, &claimed));
            }
            served(&claimed).map(|_| Step::Noted(notification))
        }
        None if header.is_some_and(is_modern) => Ok(Step::Noted(notification)),
        None => Ok(Step::InSession(Body::One(Message::Notification(notification)))),
    }
}

/// Rungs 10 to 13.
fn modern(head: Option<&Head<'_>>, request: &Request<'_>) -> Result<&'static Revision, Refusal> {
    // 10
    let meta = &request.params.meta;
    let claimed = meta.text(PROTOCOL_VERSION).ok_or_else(not_a_version)?;
    let missing = missing(meta);
    if !missing.is_empty() {
        return Err(incomplete(&missing));
    }
    well_formed(meta)?;
    // 11
    let header = version_header(head)?;
    if head.is_some() && header != Some(&*claimed) {
        return Err(other_version(header, &claimed));
    }
    // 12
    let revision = served(&claimed)?;
    // 13
    if let Some(head) = head {
        repeats(head, request)?;
    }
    Ok(revision)
}

/// Rung 13.
fn repeats(head: &Head<'_>, request: &Request<'_>) -> Result<(), Refusal> {
    let method = once(head, "mcp-method", "Mcp-Method")?;
    mirrors("Mcp-Method", method.map(Cow::from), Some(&request.method))?;
    if let Some(member) = method::mirrored(&request.method) {
        let name = once(head, "mcp-name", "Mcp-Name")?;
        let decoded = name.map(|name| header::decode(name).ok_or_else(undecodable));
        let named = request.params.members.text(member);
        mirrors("Mcp-Name", decoded.transpose()?, named.as_deref())?;
    }
    Ok(())
}

/// A request that claims nothing, where the old era has not begun: it is told what the new one asks for (2026-07-28,
/// basic/transports/stdio).
pub(crate) fn unclaimed(request: &Request<'_>) -> Refusal {
    let missing = missing(&request.params.meta).join(" and ");
    Refusal::envelope(format!("`params._meta` has to have {missing}; or start with `initialize`"))
}

fn claims(params: &Params<'_>) -> bool {
    params.meta.get(PROTOCOL_VERSION).is_some()
}

fn is_modern(version: &str) -> bool {
    Revision::named(version).is_some_and(Revision::is_modern)
}

/// The revision of this name, when requests of the new era can speak it: an old one needs a session.
fn served(version: &str) -> Result<&'static Revision, Refusal> {
    Revision::named(version).filter(|revision| revision.is_modern()).ok_or_else(|| Refusal::version(version))
}

fn version_header<'h>(head: Option<&Head<'h>>) -> Result<Option<&'h str>, Refusal> {
    head.map_or(Ok(None), |head| once(head, "mcp-protocol-version", "MCP-Protocol-Version"))
}

fn once<'h>(head: &Head<'h>, name: &str, display: &str) -> Result<Option<&'h str>, Refusal> {
    head.one(name).map_err(|why| Refusal::header(format!("the header {display} {}", why.words())))
}

/// The keys that `_meta` has to have and has not.
fn missing(meta: &Members<'_>) -> Vec<&'static str> {
    let mut names = vec![PROTOCOL_VERSION, CLIENT_CAPABILITIES];
    names.retain(|name| meta.get(name).is_none());
    names
}

fn incomplete(missing: &[&str]) -> Refusal {
    Refusal::envelope(format!("`params._meta` has to have {}", missing.join(" and ")))
}

fn well_formed(meta: &Members<'_>) -> Result<(), Refusal> {
    let wrong = |name: &str, what: &str| Err(Refusal::envelope(format!("`{name}` has to be {what}")));
    if !meta.get(CLIENT_CAPABILITIES).is_some_and(object::is_object) {
        return wrong(CLIENT_CAPABILITIES, "an object");
    }
    if meta.get(CLIENT_INFO).is_some_and(|info| !lifecycle::names_a_client(info)) {
        return wrong(CLIENT_INFO, "an object with the strings `name` and `version`");
    }
    if let Some(level) = meta.get(LOG_LEVEL)
        && text(level).and_then(|level| LogLevel::named(&level)).is_none()
    {
        return wrong(LOG_LEVEL, &format!("one of {}", LogLevel::ALL.map(LogLevel::as_str).join(", ")));
    }
    Ok(())
}

fn not_a_version() -> Refusal {
    Refusal::envelope(format!("`{PROTOCOL_VERSION}` has to be a string"))
}

fn other_version(header: Option<&str>, claimed: &str) -> Refusal {
    mismatch("MCP-Protocol-Version", header, Some(claimed))
}

fn undecodable() -> Refusal {
    Refusal::header("the header Mcp-Name is not base64 of UTF-8")
}

fn mirrors(display: &str, header: Option<Cow<'_, str>>, body: Option<&str>) -> Result<(), Refusal> {
    if header.as_deref() == body { Ok(()) } else { Err(mismatch(display, header.as_deref(), body)) }
}

/// What the two say is the client's, a URI with arguments in it for one, and stays out of the message.
fn mismatch(display: &str, header: Option<&str>, body: Option<&str>) -> Refusal {
    Refusal::header(match (header, body) {
        (None, _) => format!("the header {display} is missing; it has to repeat what the body says"),
        (Some(_), None) => format!("the header {display} says what the body does not"),
        (Some(_), Some(_)) => format!("the header {display} and the body do not say the same"),
    })
}
