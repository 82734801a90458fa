//! The caller of a running operation, as the operation reaches them: progress, log messages and answers over MCP.

use crate::call::Call;
use crate::capability::Capabilities;
use crate::ladder::{CLIENT_CAPABILITIES, LOG_LEVEL};
use crate::line::Line;
use crate::notify;
use crate::rpc::Id;
use crate::session::Session;
use diptych_spec::{Capability, LogLevel};
use serde_json::{Map, Value};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

pub(crate) struct Peer {
    line: Arc<Line>,
    /// JSON: without one, nobody wants to hear of progress.
    token: Option<String>,
    reported: Mutex<f64>,
    level: Level,
    pub(crate) capabilities: Capabilities,
    answers: Mutex<Map<String, Value>>,
    /// Whether the call becomes a task where its handler says so.
    begins_task: bool,
}

enum Level {
    /// Said in the request (2026-07-28, server/utilities/logging).
    Request(Option<LogLevel>),
    /// Set for the session.
    Session(Arc<Session>),
}

impl Call<'_> {
    /// What the client declared: in this request, or for its session.
    pub(crate) fn capabilities(self) -> Capabilities {
        match &self.side.session {
            Some(session) => session.capabilities,
            None => {
                let declared = self.meta.get(CLIENT_CAPABILITIES);
                declared.map(|declared| Capabilities::read(declared.get())).unwrap_or_default()
            }
        }
    }
}

impl Peer {
    pub(crate) fn new(call: Call<'_>, answers: Map<String, Value>, begins_task: bool) -> Self {
        let token = call.meta.get("progressToken").filter(|token| Id::of(token).is_some());
        let level = match &call.side.session {
            Some(session) => Level::Session(Arc::clone(session)),
            None => Level::Request(call.meta.text(LOG_LEVEL).and_then(|level| LogLevel::named(&level))),
        };
        Self {
            line: Arc::clone(&call.side.line),
            token: token.map(|token| token.get().to_owned()),
            reported: Mutex::new(f64::NEG_INFINITY),
            level,
            capabilities: call.capabilities(),
            answers: Mutex::new(answers),
            begins_task,
        }
    }

    /// Adds what came in answer to a question.
    pub(crate) fn answered(&self, key: &str, answer: Value) {
        self.answers().insert(key.to_owned(), answer);
    }

    pub(crate) fn answers(&self) -> MutexGuard<'_, Map<String, Value>> {
        self.answers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl diptych_spec::Peer for Peer {
    fn progress(&self, done: f64, total: Option<f64>, message: Option<&str>) {
        let Some(token) = &self.token else { return };
        let mut reported = self.reported.lock().unwrap_or_else(PoisonError::into_inner);
        if done > *reported {
            *reported = done;
            self.line.progress(notify::progress(token, done, total, message));
        }
    }

    fn wants(&self, level: LogLevel) -> bool {
        self.line.is_open()
            && match &self.level {
                Level::Request(least) => least.is_some_and(|least| level >= least),
                Level::Session(session) => session.wants(level),
            }
    }

    fn log(&self, level: LogLevel, logger: Option<&str>, data: &Value) {
        if self.wants(level) {
            self.line.offer(notify::message(level, logger, data));
        }
    }

    fn can(&self, capability: Capability) -> bool {
        self.capabilities.can(capability)
    }

    fn answer(&self, key: &str) -> Option<Value> {
        self.answers().get(key).cloned()
    }

    fn release(&self, retry: Duration) {
        self.line.release(retry);
    }

    fn begins_task(&self) -> bool {
        self.begins_task
    }
}
