//! The notifications that the server sends.

use crate::object::{self, Writer};
use crate::rpc;
use diptych_spec::LogLevel;
use serde_json::Value;

/// The subscription that something on its stream belongs to (2026-07-28, basic/patterns/subscriptions).
pub(crate) const SUBSCRIPTION_ID: &str = "io.modelcontextprotocol/subscriptionId";

/// `notifications/progress` (basic/patterns/progress); `token` is JSON.
pub(crate) fn progress(token: &str, done: f64, total: Option<f64>, message: Option<&str>) -> Vec<u8> {
    rpc::notification("notifications/progress", |params| {
        params.raw("progressToken", token);
        params.raw("progress", &number(done));
        if let Some(total) = total {
            params.raw("total", &number(total));
        }
        if let Some(message) = message {
            params.value("message", message);
        }
    })
}

/// `notifications/message` (server/utilities/logging).
pub(crate) fn message(level: LogLevel, logger: Option<&str>, data: &Value) -> Vec<u8> {
    rpc::notification("notifications/message", |params| {
        params.value("level", level.as_str());
        if let Some(logger) = logger {
            params.value("logger", logger);
        }
        params.value("data", data);
    })
}

/// A list has changed, or a resource; in the new era on the stream of this subscription (JSON).
pub(crate) fn changed(method: &'static str, uri: Option<&str>, subscription: Option<&str>) -> Vec<u8> {
    rpc::notification(method, |params| {
        if let Some(uri) = uri {
            params.value("uri", uri);
        }
        if let Some(id) = subscription {
            subscribed(params, id);
        }
    })
}

/// `_meta` of a notification on the stream of a subscription.
pub(crate) fn subscribed(params: &mut Writer<'_>, id: &str) {
    let mut meta = Writer::open(params.member("_meta"));
    meta.raw(SUBSCRIPTION_ID, id);
    meta.close();
}

/// Whole numbers without `.0`, which some clients take for the mark of a float.
fn number(value: f64) -> String {
    let mut out = Vec::new();
    #[expect(clippy::cast_possible_truncation, reason = "it is whole, and within what a float counts exactly")]
    if value.fract() == 0.0 && value.abs() < 9e15 {
        object::write(&mut out, &(value as i64));
    } else {
        object::write(&mut out, &value);
    }
    String::from_utf8(out).unwrap_or_default()
}
