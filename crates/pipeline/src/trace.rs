//! What is told to a tracing subscriber while a call runs: a span for the call, one for each stage, one for each statement.
//!
//! They are spans of the `tracing` crate, with fields named after the semantic conventions of OpenTelemetry; what makes
//! traces of them is not known here. No field ever holds an argument, a bound value or a row. At the levels that logs are
//! read at none of these spans is enabled, and then nothing is done.
//!
//! | span | level | made for |
//! |---|---|---|
//! | `request` | debug | a request; the surfaces make it |
//! | `operation` | debug | a call that no surface received: in process, or by another operation |
//! | `statement` | debug | a statement |
//! | `stage` | trace | a stage of a call |

mod context;

pub use context::{TraceContext, Tracing, adopt, rename, set_tracing};

use crate::{Operation, db::Backend};
use diptych_spec::{Declaration, Error, ErrorKind, Result};
use futures_util::FutureExt as _;
use std::future::Future;
use tracing::{Instrument as _, Level, Span, debug_span, field::Empty, trace_span};

/// The target of every span of a call. A filter that lets it through at `debug` sees requests and statements, at `trace`
/// the stages too.
pub const TRACE_TARGET: &str = "diptych::trace";

/// The name of a span that a surface makes for a request.
const REQUEST: &str = "request";

/// A span for a call that is not part of a request's: one that came in process. Otherwise none.
pub(crate) fn call(operation: &Operation) -> Span {
    if !tracing::span_enabled!(target: TRACE_TARGET, Level::DEBUG) || is_request(&Span::current()) {
        return Span::none();
    }
    nested(operation)
}

/// A span for a call that another operation makes.
pub(crate) fn nested(operation: &Operation) -> Span {
    let name = operation.declaration().name();
    debug_span!(
        target: TRACE_TARGET,
        "operation",
        otel.name = name,
        otel.kind = "internal",
        diptych.operation = name,
        diptych.error.code = Empty,
        error.type = Empty,
        otel.status_code = Empty,
    )
}

fn is_request(span: &Span) -> bool {
    span.metadata().is_some_and(|metadata| metadata.target() == TRACE_TARGET && metadata.name() == REQUEST)
}

/// A stage that waits.
pub(crate) fn stage<T>(name: &'static str, work: impl Future<Output = Result<T>>) -> impl Future<Output = Result<T>> {
    work.inspect(failed).instrument(stage_span(name))
}

/// The last stage. After a failure it only undoes, and the failure is not its own.
pub(crate) fn closing<T>(keeps: bool, work: impl Future<Output = Result<T>>) -> impl Future<Output = Result<T>> {
    work.inspect(move |done| {
        if keeps {
            failed(done)
        }
    })
    .instrument(stage_span("close"))
}

/// A stage that does not wait.
pub(crate) fn in_stage<T>(name: &'static str, work: impl FnOnce() -> Result<T>) -> Result<T> {
    stage_span(name).in_scope(|| {
        let done = work();
        failed(&done);
        done
    })
}

/// A stage of calls that have a target; the others have passed it already.
pub(crate) fn in_target_stage<T>(
    declaration: &Declaration,
    name: &'static str,
    work: impl FnOnce() -> Result<T>,
) -> Result<T> {
    if declaration.has_target() { in_stage(name, work) } else { work() }
}

fn stage_span(name: &'static str) -> Span {
    trace_span!(target: TRACE_TARGET, "stage", otel.name = name, error.type = Empty, otel.status_code = Empty)
}

/// A statement. Its text has no values in it, and is told only where that was asked for.
pub(crate) fn statement(backend: Backend, sql: &str) -> Span {
    // What is sent for no call, as when workers look for tasks, is nobody's trace.
    if !tracing::span_enabled!(target: TRACE_TARGET, Level::DEBUG) || Span::current().is_none() {
        return Span::none();
    }
    let system = match backend {
        Backend::Sqlite => "sqlite",
        Backend::Postgres => "postgresql",
        Backend::MySql => "mysql",
    };
    let operation = Verb(sql);
    debug_span!(
        target: TRACE_TARGET,
        "statement",
        otel.name = %operation,
        otel.kind = "client",
        db.system.name = system,
        db.operation.name = %operation,
        db.query.text = context::shows_sql().then_some(sql),
        error.type = Empty,
        otel.status_code = Empty,
    )
}

/// The first word of a statement, in capitals: SELECT, INSERT, WITH.
struct Verb<'s>(&'s str);

impl std::fmt::Display for Verb<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut sql = self.0.trim_start();
        while let Some(rest) = sql.strip_prefix("--") {
            sql = rest.split_once('\n').map_or("", |(_, rest)| rest).trim_start();
        }
        let end = sql.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(sql.len());
        f.write_str(&sql[..end].to_ascii_uppercase())
    }
}

/// Says of the current span that it failed, if it did. A question to the caller is not a failure.
pub(crate) fn failed<T>(done: &Result<T>) {
    if let Err(error) = done
        && error.kind() != ErrorKind::InputRequired
    {
        let span = Span::current();
        span.record("error.type", error.code());
        span.record("otel.status_code", "ERROR");
    }
}

/// Says of the current span which error its call ended with.
pub(crate) fn ended(error: &Error) {
    let span = Span::current();
    span.record("diptych.error.code", error.code());
    if !is_request(&span) {
        span.record("error.type", error.code());
        span.record("otel.status_code", "ERROR");
    }
}

/// The id of the trace that shows the current span, if there is one: 32 hexadecimal digits.
pub(crate) fn trace_id() -> Option<String> {
    context::trace_id(&Span::current())
}

/// The id of a fault: that of the trace which shows it, if there is one, or one of its own. 32 hexadecimal digits.
#[must_use]
pub fn error_id() -> String {
    trace_id().unwrap_or_else(|| uuid::Uuid::new_v4().simple().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_statement_is_known_by_its_first_word() {
        for (sql, verb) in [
            ("SELECT 1", "SELECT"),
            ("\n  insert INTO t VALUES ($1)", "INSERT"),
            ("-- why\n  -- more\nupdate t SET a = 1", "UPDATE"),
            ("WITH a AS (SELECT 1) SELECT * FROM a", "WITH"),
            ("VACUUM", "VACUUM"),
            ("--", ""),
            ("", ""),
        ] {
            assert_eq!(Verb(sql).to_string(), verb, "{sql}");
        }
    }
}
