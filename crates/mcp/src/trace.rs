//! The span of a request that runs an operation: `tools/call`, `resources/read`, `prompts/get`.
//!
//! Its fields are those of OpenTelemetry's semantic conventions for MCP. Of what a caller chooses, only the request's id is among
//! them: no argument, no URI, no name that is not declared. Nor is the session's id, which is half a credential.

use crate::call::Call;
use crate::header::Head;
use crate::method;
use crate::object::decoded;
use crate::refuse::Refusal;
use diptych_pipeline::{TRACE_TARGET, TraceContext};
use tracing::field::Empty;
use tracing::{Span, debug_span};

/// A longer id is not told.
const MAX_ID: usize = 64;

/// What a request came over, and the trace that its headers name.
#[derive(Debug)]
pub(crate) enum Carrier {
    Http(Option<TraceContext>),
    Stdio,
}

impl Carrier {
    /// HTTP, with these headers.
    pub(crate) fn http(head: &Head<'_>) -> Self {
        Self::Http(TraceContext::read(|name| head.joined(name)))
    }
}

/// The span of a request. Headers say what it belongs to, and `_meta` where they do not (SEP-414).
pub(crate) fn request(call: Call<'_>) -> Span {
    if method::mirrored(call.method).is_none() {
        return Span::none();
    }
    let span = debug_span!(
        target: TRACE_TARGET,
        "request",
        otel.name = call.method,
        otel.kind = "server",
        mcp.method.name = call.method,
        mcp.protocol.version = call.revision.name,
        jsonrpc.request.id = Empty,
        network.transport = Empty,
        network.protocol.name = Empty,
        gen_ai.operation.name = Empty,
        gen_ai.tool.name = Empty,
        gen_ai.prompt.name = Empty,
        rpc.response.status_code = Empty,
        error.type = Empty,
        otel.status_code = Empty,
        diptych.operation = Empty,
        diptych.error.code = Empty,
    );
    if span.is_disabled() {
        return span;
    }
    let id = call.id.json();
    if id.len() <= MAX_ID {
        span.record("jsonrpc.request.id", &*decoded(id).unwrap_or(id.into()));
    }
    let context = match &call.side.carrier {
        Carrier::Http(context) => {
            span.record("network.transport", "tcp").record("network.protocol.name", "http");
            context.as_ref()
        }
        Carrier::Stdio => {
            span.record("network.transport", "pipe");
            None
        }
    };
    match context.filter(|context| context.has_parent()) {
        Some(context) => diptych_pipeline::adopt(&span, Some(context)),
        None => diptych_pipeline::adopt(&span, TraceContext::read(|name| call.meta.text(name)).as_ref().or(context)),
    }
    span
}

/// Says which operation the current request is for.
pub(crate) fn operation(call: Call<'_>, name: &str) {
    let span = Span::current();
    if span.is_disabled() {
        return;
    }
    span.record("diptych.operation", name);
    match call.method {
        "tools/call" => span.record("gen_ai.operation.name", "execute_tool").record("gen_ai.tool.name", name),
        "prompts/get" => span.record("gen_ai.prompt.name", name),
        // Not part of a name that has few values (semantic conventions, Span name).
        _ => return,
    };
    diptych_pipeline::rename(&span, format!("{} {name}", call.method));
}

/// Says that the current request is answered with an error of the protocol.
pub(crate) fn refused(refusal: &Refusal) {
    let span = Span::current();
    if !span.is_disabled() {
        let code = refusal.code().to_string();
        span.record("rpc.response.status_code", &*code)
            .record("error.type", &*code)
            .record("otel.status_code", "ERROR");
    }
}

/// Says that the current request is answered with a tool's error, which to the protocol is a result.
pub(crate) fn tool_failed() {
    Span::current().record("error.type", "tool_error").record("otel.status_code", "ERROR");
}
