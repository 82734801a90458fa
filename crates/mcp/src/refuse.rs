//! Everything that is answered with an error: the protocol's own refusals, and the errors of operations in the form
//! of each method (a tool's result, a resource's error, a challenge).
//!
//! What a model can mend is a result with `isError`, whose text is the problem that REST would send. Missing
//! credentials and scopes are the client's to mend, and are told in HTTP. A fault of the server shows nothing but the
//! id under which the log knows it.

use crate::content;
use crate::era::Revision;
use crate::list::rendered;
use crate::object::Writer;
use crate::reply::Reply;
use crate::rpc::{self, Id};
use diptych_spec::{Error, ErrorKind, Problem, Question};
use serde::Serialize;
use serde_json::{Value, json};
use std::borrow::Cow;

/// An error of the protocol: an HTTP status and a JSON-RPC error.
#[derive(Debug)]
pub(crate) struct Refusal {
    status: u16,
    code: i32,
    message: Cow<'static, str>,
    /// JSON.
    data: Option<String>,
    /// The value of `WWW-Authenticate`.
    challenge: Option<String>,
}

/// A refusal, and the id of the request when it could be read.
#[derive(Debug)]
pub(crate) struct Refused<'a> {
    pub(crate) id: Option<Id<'a>>,
    pub(crate) refusal: Refusal,
}

impl From<Refusal> for Refused<'_> {
    fn from(refusal: Refusal) -> Self {
        Self { id: None, refusal }
    }
}

impl Refused<'_> {
    pub(crate) fn reply(self) -> Reply {
        self.refusal.reply(self.id)
    }
}

impl Refusal {
    fn new(status: u16, code: i32, message: impl Into<Cow<'static, str>>) -> Self {
        Self { status, code, message: message.into(), data: None, challenge: None }
    }

    /// Not JSON.
    pub(crate) fn syntax(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(400, -32700, message)
    }

    /// Not a request of this protocol.
    pub(crate) fn request(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(400, -32600, message)
    }

    /// Not what the transport can take (RFC 9110, section 15.5): 404, 405, 406, 415.
    pub(crate) fn transport(status: u16, message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(status, -32600, message)
    }

    /// The parameters have the wrong shape, or name what does not exist.
    pub(crate) fn params(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(200, -32602, message)
    }

    /// The `_meta` that every request of the new era has is not right (2026-07-28, basic, Per-request fields).
    pub(crate) fn envelope(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(400, -32602, message)
    }

    /// `HeaderMismatch` (2026-07-28, basic/transports/streamable-http, Server Validation).
    pub(crate) fn header(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(400, -32020, message)
    }

    /// `UnsupportedProtocolVersion` (2026-07-28, basic/versioning).
    pub(crate) fn version(requested: &str) -> Self {
        let data = json!({"supported": Revision::names(), "requested": requested});
        Self::new(400, -32022, "unsupported protocol version").with(&data)
    }

    /// A method that the revision does not have, or this server does not serve.
    pub(crate) fn method(revision: &Revision, name: &str) -> Self {
        let status = if revision.is_modern() { 404 } else { 200 };
        Self::new(status, -32601, format!("method not found: {name}"))
    }

    /// A fault of ours that no operation reported: the panic has been logged.
    pub(crate) fn fault() -> Self {
        Self::new(200, -32603, "internal error")
    }

    /// The code of the JSON-RPC error.
    pub(crate) fn code(&self) -> i32 {
        self.code
    }

    /// What is wrong, for the log.
    pub(crate) fn message(&self) -> &str {
        &self.message
    }

    fn with(mut self, data: &impl Serialize) -> Self {
        self.data = Some(rendered(data));
        self
    }

    /// Writes the JSON-RPC error.
    pub(crate) fn error(&self, out: &mut Vec<u8>) {
        let mut error = Writer::open(out);
        error.value("code", &self.code);
        error.value("message", &*self.message);
        if let Some(data) = &self.data {
            error.raw("data", data);
        }
        error.close();
    }

    pub(crate) fn reply(self, id: Option<Id<'_>>) -> Reply {
        let mut out = rpc::begin(id);
        out.extend_from_slice(br#","error":"#);
        self.error(&mut out);
        out.push(b'}');
        let reply = Reply::json(self.status, out);
        match self.challenge {
            Some(challenge) => reply.with("www-authenticate", challenge),
            None => reply,
        }
    }
}

/// The call asks what the client did not declare it can be asked (2026-07-28, basic, `MissingRequiredClientCapability`).
pub(crate) fn incapable(required: Value, error: &Error) -> Refusal {
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Data<'a> {
        required_capabilities: Value,
        questions: &'a [Question],
    }
    let data = Data { required_capabilities: required, questions: error.questions() };
    Refusal::new(400, -32021, "this call asks for something that the client cannot be asked").with(&data)
}

/// The client did not declare, in this request, what it takes (2026-07-28, basic, `MissingRequiredClientCapability`).
pub(crate) fn undeclared(required: Value) -> Refusal {
    let data = json!({"requiredCapabilities": required});
    Refusal::new(400, -32021, "this needs a capability that the client did not declare").with(&data)
}

/// There are as many streams as the server holds.
pub(crate) fn too_many_listeners(revision: &Revision) -> Refusal {
    Refusal::new(503, revision.unavailable, "there are too many subscriptions; try again later")
}

/// The operation's permission lets the caller not in: 401 or 403, before anything is dispatched.
pub(crate) fn denied(error: &Error) -> Refusal {
    let status = if error.kind() == ErrorKind::Unauthenticated { 401 } else { 403 };
    let mut refusal = Refusal::new(status, -32600, error.detail().to_owned()).with(&error.problem());
    refusal.challenge = error.challenge();
    refusal
}

/// The caller may not act any more: the credentials have expired or were revoked while the request was worked on.
pub(crate) fn inactive() -> Refusal {
    let detail = "the credentials are not good any more";
    denied(&Error::new(ErrorKind::Unauthenticated, "invalid_token", detail))
}

/// What the client has to mend with other credentials, and what the server has to mend: neither is for the model.
fn beyond_the_caller(error: &Error) -> Option<Refusal> {
    match error.kind() {
        ErrorKind::Unauthenticated => Some(denied(error)),
        ErrorKind::Forbidden if !error.scopes().is_empty() => Some(denied(error)),
        ErrorKind::Internal => {
            let refusal = Refusal::new(200, -32603, error.detail().to_owned());
            Some(match error.error_id() {
                Some(id) => refusal.with(&json!({"error_id": id})),
                None => refusal,
            })
        }
        _ => None,
    }
}

/// An error of a tool: a result that the model reads (server/tools, Error Handling), unless it is not the model's.
pub(crate) fn tool(error: &Error, result: &mut Writer<'_>) -> Result<(), Refusal> {
    let problem = match (error.foreign_problem(), beyond_the_caller(error)) {
        (Some(problem), _) => problem.into(),
        (None, Some(refusal)) => return Err(refusal),
        (None, None) => Cow::from(rendered(&error.problem())),
    };
    content::text(result, &problem);
    result.raw("isError", "true");
    Ok(())
}

/// An error of reading a resource (server/resources, Error Handling).
pub(crate) fn resource(error: &Error, uri: &str, revision: &Revision) -> Refusal {
    #[derive(Serialize)]
    struct Data<'a> {
        uri: &'a str,
        #[serde(flatten)]
        problem: Problem<'a>,
    }
    if let Some(refusal) = beyond_the_caller(error) {
        return refusal;
    }
    let code = match error.kind() {
        // A URI whose variables are not of their types names nothing either.
        ErrorKind::NotFound | ErrorKind::Invalid | ErrorKind::BadRequest => {
            return no_resource(uri, revision);
        }
        ErrorKind::Forbidden
        | ErrorKind::Conflict
        | ErrorKind::PreconditionFailed
        | ErrorKind::PreconditionRequired => -32602,
        _ => revision.unavailable,
    };
    let problem = error.problem();
    Refusal::new(200, code, error.detail().to_owned()).with(&Data { uri, problem })
}

/// An error of reading the rows of a list.
pub(crate) fn list(error: &Error, revision: &Revision) -> Refusal {
    let later = || Refusal::new(200, revision.unavailable, error.detail().to_owned()).with(&error.problem());
    beyond_the_caller(error).unwrap_or_else(later)
}

/// An error of a prompt or of a completion (server/prompts, Error Handling): what was given does not fit, or it is ours.
pub(crate) fn prompt(error: &Error, revision: &Revision) -> Refusal {
    if let Some(refusal) = beyond_the_caller(error) {
        return refusal;
    }
    let code = match error.kind() {
        ErrorKind::BadRequest
        | ErrorKind::Invalid
        | ErrorKind::NotFound
        | ErrorKind::Forbidden
        | ErrorKind::Conflict
        | ErrorKind::PreconditionFailed
        | ErrorKind::PreconditionRequired => -32602,
        _ => revision.unavailable,
    };
    Refusal::new(200, code, error.detail().to_owned()).with(&error.problem())
}

/// There is no resource of this URI.
pub(crate) fn no_resource(uri: &str, revision: &Revision) -> Refusal {
    Refusal::new(200, revision.resource_not_found, "resource not found").with(&json!({"uri": uri}))
}
