//! A task, as its owner sees it.

use super::failure;
use crate::db::{Record, Row};
use chrono::{DateTime, SecondsFormat};
use diptych_spec::{Error, Result};
use serde_json::{Map, Value};
use std::fmt;

/// A task, as its owner sees it.
pub struct TaskState {
    pub(super) id: String,
    pub(super) operation: String,
    pub(super) arguments: String,
    pub(super) status: TaskStatus,
    pub(super) message: String,
    pub(super) poll_ms: i64,
    pub(super) created_at: i64,
    pub(super) updated_at: i64,
    pub(super) expires_at: i64,
}

/// How far a task is.
pub enum TaskStatus {
    /// It waits for a worker, or one runs it.
    Working,
    /// It waits for answers: the open questions, as [`diptych_spec::Question`] is written, by the key that answers come
    /// under.
    InputRequired(Map<String, Value>),
    /// It was done, with this answer (JSON) or this error.
    Finished(std::result::Result<String, Error>),
    /// It was withdrawn.
    Cancelled,
}

/// Without the id, which lets whoever is its owner read it, and without arguments.
impl fmt::Debug for TaskState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { operation, status, .. } = self;
        f.debug_struct("TaskState").field("operation", operation).field("status", status).finish_non_exhaustive()
    }
}

/// Without the questions and the answer.
impl fmt::Debug for TaskStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Working => f.write_str("Working"),
            Self::InputRequired(questions) => write!(f, "InputRequired({} questions)", questions.len()),
            Self::Finished(Ok(json)) => write!(f, "Finished(Ok({} bytes))", json.len()),
            Self::Finished(Err(error)) => write!(f, "Finished(Err({}))", error.code()),
            Self::Cancelled => f.write_str("Cancelled"),
        }
    }
}

impl TaskState {
    /// What it is asked for by. Cannot be guessed.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The name of its operation.
    #[must_use]
    pub fn operation(&self) -> &str {
        &self.operation
    }

    /// What its operation was called with (JSON), once it is finished; empty before.
    #[must_use]
    pub fn arguments(&self) -> &str {
        &self.arguments
    }

    /// How far it is.
    #[must_use]
    pub fn status(&self) -> &TaskStatus {
        &self.status
    }

    /// How far it is, in words, when the operation reports progress.
    #[must_use]
    pub fn message(&self) -> Option<&str> {
        Some(&*self.message).filter(|message| !message.is_empty())
    }

    /// When it was created (ISO 8601).
    #[must_use]
    pub fn created_at(&self) -> String {
        moment(self.created_at)
    }

    /// When it last changed (ISO 8601).
    #[must_use]
    pub fn updated_at(&self) -> String {
        moment(self.updated_at)
    }

    /// How long it is kept from when it was created, in milliseconds.
    #[must_use]
    pub fn ttl_ms(&self) -> i64 {
        self.expires_at - self.created_at
    }

    /// How often to ask for it, in milliseconds.
    #[must_use]
    pub fn poll_interval_ms(&self) -> i64 {
        self.poll_ms
    }
}

fn moment(ms: i64) -> String {
    DateTime::from_timestamp_millis(ms).unwrap_or_default().to_rfc3339_opts(SecondsFormat::Millis, true)
}

// Not a row of the application: messages of the compiler do not name it.
#[diagnostic::do_not_recommend]
impl Record for TaskState {
    const COLUMNS: &'static [&'static str] = &[
        "id",
        "operation",
        "status",
        "message",
        "poll_ms",
        "created_at",
        "updated_at",
        "expires_at",
        "questions",
        "result",
        "failure",
        "arguments",
    ];

    fn from_row(row: &Row<'_>) -> Result<Self> {
        let (questions, result, failure): (String, String, String) = (row.get(8)?, row.get(9)?, row.get(10)?);
        let status: String = row.get(2)?;
        let status = match &*status {
            "working" => TaskStatus::Working,
            "input_required" => TaskStatus::InputRequired(
                serde_json::from_str(&questions)
                    .map_err(|_| Error::internal("the stored questions of a task cannot be read"))?,
            ),
            "finished" if failure.is_empty() => TaskStatus::Finished(Ok(result)),
            "finished" => TaskStatus::Finished(Err(failure::read(&failure))),
            _ => TaskStatus::Cancelled,
        };
        Ok(Self {
            id: row.get(0)?,
            operation: row.get(1)?,
            arguments: row.get(11)?,
            status,
            message: row.get(3)?,
            poll_ms: row.get(4)?,
            created_at: row.get(5)?,
            updated_at: row.get(6)?,
            expires_at: row.get(7)?,
        })
    }
}
