//! The seam to whatever makes traces of spans: where a request says that it belongs to a trace (W3C Trace Context, W3C
//! Baggage), and which trace a span is part of. Without anybody behind the seam nothing is read.

use std::{
    borrow::Cow,
    sync::{Arc, OnceLock},
};
use tracing::Span;

/// What makes traces of spans.
pub trait Tracing: Send + Sync + 'static {
    /// Makes what the context names the parent of a span that was not entered yet.
    fn adopt(&self, span: &Span, context: &TraceContext);

    /// Gives a span another name, also when it was entered already.
    fn rename(&self, span: &Span, name: String);

    /// The trace that the span is part of, as 32 lower-case hexadecimal digits; `None` unless the span is recorded.
    fn trace_id(&self, span: &Span) -> Option<String>;

    /// Whether spans of statements have the statement's text.
    fn shows_sql(&self) -> bool;
}

static TRACING: OnceLock<Arc<dyn Tracing>> = OnceLock::new();

/// Says what makes traces of spans, for the whole process as a subscriber is. The first one stays.
pub fn set_tracing(tracing: Arc<dyn Tracing>) {
    let _ = TRACING.set(tracing);
}

/// The trace that a request says it belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TraceContext {
    traceparent: Option<String>,
    tracestate: Option<String>,
    baggage: Option<String>,
}

impl TraceContext {
    /// Reads the fields `traceparent`, `tracestate` and `baggage`. A `traceparent` of another form is as good as none, and so
    /// is a `tracestate` without one. `None` when there is nothing, or nobody who would use it.
    pub fn read<'a>(field: impl Fn(&'static str) -> Option<Cow<'a, str>>) -> Option<Self> {
        TRACING.get()?;
        Self::parse(field)
    }

    fn parse<'a>(field: impl Fn(&'static str) -> Option<Cow<'a, str>>) -> Option<Self> {
        let traceparent = field("traceparent").filter(|text| is_traceparent(text)).map(Cow::into_owned);
        let tracestate = traceparent.as_ref().and_then(|_| field("tracestate")).map(Cow::into_owned);
        let baggage = field("baggage").map(Cow::into_owned);
        (traceparent.is_some() || baggage.is_some()).then_some(Self { traceparent, tracestate, baggage })
    }

    /// Whether a span is named that can be a parent.
    #[must_use]
    pub fn has_parent(&self) -> bool {
        self.traceparent.is_some()
    }

    /// A field by its name, in lower case.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&str> {
        match name {
            "traceparent" => self.traceparent.as_deref(),
            "tracestate" => self.tracestate.as_deref(),
            "baggage" => self.baggage.as_deref(),
            _ => None,
        }
    }
}

/// Makes what the context names the parent of a span that was not entered yet.
pub fn adopt(span: &Span, context: Option<&TraceContext>) {
    if let Some((tracing, context)) = TRACING.get().zip(context) {
        tracing.adopt(span, context);
    }
}

/// Gives a span another name, also when it was entered already: then its field `otel.name` comes too late.
pub fn rename(span: &Span, name: String) {
    if let Some(tracing) = TRACING.get() {
        tracing.rename(span, name);
    }
}

pub(super) fn trace_id(span: &Span) -> Option<String> {
    TRACING.get().filter(|_| !span.is_disabled())?.trace_id(span)
}

pub(super) fn shows_sql() -> bool {
    TRACING.get().is_some_and(|tracing| tracing.shows_sql())
}

/// `version-trace-parent-flags` (W3C Trace Context, section 3.2). Later versions may have more behind it.
fn is_traceparent(text: &str) -> bool {
    let mut parts = text.split('-');
    let mut hex = |digits: usize| {
        let part = parts.next().unwrap_or_default();
        (part.len() == digits && part.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))).then_some(part)
    };
    let is_zero = |part: &str| part.bytes().all(|byte| byte == b'0');
    let (Some(version), Some(trace), Some(parent), Some(_)) = (hex(2), hex(32), hex(16), hex(2)) else { return false };
    let ends = parts.next().is_none();
    version != "ff" && (ends || version != "00") && !is_zero(trace) && !is_zero(parent)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
    const PARENT: &str = "00f067aa0ba902b7";

    #[test]
    fn a_traceparent_is_read_strictly() {
        let zeros = "0".repeat(32);
        for (text, is) in [
            (format!("00-{TRACE}-{PARENT}-01"), true),
            (format!("00-{TRACE}-{PARENT}-00"), true),
            (format!("cc-{TRACE}-{PARENT}-01-more"), true),
            (format!("00-{TRACE}-{PARENT}-01-more"), false),
            (format!("ff-{TRACE}-{PARENT}-01"), false),
            (format!("00-{}-{PARENT}-01", TRACE.to_uppercase()), false),
            (format!("00-{zeros}-{PARENT}-01"), false),
            (format!("00-{TRACE}-{}-01", &zeros[..16]), false),
            (format!("00-{TRACE}-{PARENT}"), false),
            (format!("00-{TRACE}-{PARENT}-1"), false),
            (format!("00-+{}-{PARENT}-01", &TRACE[1..]), false),
            (format!("00-{TRACE}-{PARENT}-01,00-{TRACE}-{PARENT}-01"), false),
            ("00-1-1-01".to_owned(), false),
            (String::new(), false),
        ] {
            assert_eq!(is_traceparent(&text), is, "{text}");
        }
    }

    #[test]
    fn what_is_not_valid_is_not_there() {
        let valid = format!("00-{TRACE}-{PARENT}-01");
        let read = |fields: &[(&'static str, &str)]| {
            let field = |name| fields.iter().find(|(own, _)| *own == name).map(|(_, value)| Cow::Borrowed(*value));
            let context = TraceContext::parse(field)?;
            Some(["traceparent", "tracestate", "baggage"].map(|name| context.field(name).map(str::to_owned)))
        };
        let owned = |text: &str| Some(text.to_owned());
        for (fields, context) in [
            (&[] as &[_], None),
            (&[("traceparent", "?")], None),
            (&[("traceparent", "?"), ("tracestate", "a=1")], None),
            (&[("traceparent", &*valid)], Some([owned(&valid), None, None])),
            (&[("traceparent", &*valid), ("tracestate", "a=1")], Some([owned(&valid), owned("a=1"), None])),
            (&[("traceparent", "?"), ("tracestate", "a=1"), ("baggage", "k=v")], Some([None, None, owned("k=v")])),
        ] {
            assert_eq!(read(fields), context, "{fields:?}");
        }
    }
}
