//! The caller of a task, as its operation reaches them: through the row of the task.

use super::run::Run;
use diptych_spec::{Capability, LogLevel, Peer};
use serde_json::{Map, Value};
use std::{sync::Arc, time::Duration};

pub(super) struct TaskPeer {
    pub(super) run: Arc<Run>,
    pub(super) capabilities: Vec<Capability>,
    pub(super) answers: Map<String, Value>,
}

impl Peer for TaskPeer {
    fn progress(&self, done: f64, total: Option<f64>, message: Option<&str>) {
        self.run.say(match (message, total) {
            (Some(message), _) => message.to_owned(),
            (None, Some(total)) => format!("{done} of {total}"),
            (None, None) => done.to_string(),
        });
    }

    /// Tasks have no log messages (SEP-2663, Task Status Notifications).
    fn wants(&self, _: LogLevel) -> bool {
        false
    }

    fn log(&self, _: LogLevel, _: Option<&str>, _: &Value) {}

    fn can(&self, capability: Capability) -> bool {
        self.capabilities.contains(&capability)
    }

    fn answer(&self, key: &str) -> Option<Value> {
        self.answers.get(key).cloned()
    }

    /// There is no connection to give up.
    fn release(&self, _: Duration) {}
}
