//! Operations that may outlive the request that called them: how such a task is kept, and where in it the task begins.
//!
//! A declaration only says that it may be so. Over MCP 2026-07-28 a client that speaks the extension
//! `io.modelcontextprotocol/tasks` (SEP-2663) gets a task; everybody else waits for the answer.

use crate::{Call, Declaration, Error, ErrorKind, FromCall, Peer, Result, Signature};
use std::{fmt, sync::Arc, time::Duration};

/// The code of the error that ends a run because the call goes on as a task.
const BEGINS: &str = "task_begins";

/// How an operation runs as a task, declared with `.task(…)`.
///
/// ```
/// use diptych_spec::Task;
/// use std::time::Duration;
///
/// let export = Task::optional().ttl(Duration::from_secs(3 * 3600)).max_run(Duration::from_secs(1800));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use = "it does nothing until it is given to `.task(…)`"]
pub struct Task {
    required: bool,
    ttl: Duration,
    poll_interval: Duration,
    max_run: Duration,
}

impl Task {
    /// A task for clients that can have one; the others wait for the answer.
    pub fn optional() -> Self {
        Self {
            required: false,
            ttl: Duration::from_secs(60 * 60),
            poll_interval: Duration::from_secs(1),
            max_run: Duration::from_secs(10 * 60),
        }
    }

    /// Never but as a task over MCP: clients that cannot have one are told so. REST and in-process callers wait.
    pub fn required() -> Self {
        Self { required: true, ..Self::optional() }
    }

    /// How long the task is kept, with its result, from when it was created; 1 hour.
    pub fn ttl(mut self, ttl: Duration) -> Self {
        self.ttl = ttl;
        self
    }

    /// How often clients should ask how far it is; once a second.
    pub fn poll_interval(mut self, interval: Duration) -> Self {
        self.poll_interval = interval;
        self
    }

    /// How long a run of the task may take, in place of the operation's deadline; 10 minutes.
    pub fn max_run(mut self, longest: Duration) -> Self {
        self.max_run = longest;
        self
    }

    /// Whether clients that cannot have a task are refused.
    #[must_use]
    pub fn is_required(&self) -> bool {
        self.required
    }

    /// How long the task is kept.
    #[must_use]
    pub fn kept_for(&self) -> Duration {
        self.ttl
    }

    /// How often clients should ask.
    #[must_use]
    pub fn asked_every(&self) -> Duration {
        self.poll_interval
    }

    /// How long a run may take.
    #[must_use]
    pub fn longest_run(&self) -> Duration {
        self.max_run
    }

    fn mistakes(&self, found: &mut Vec<String>) {
        let limits = [("ttl", self.ttl), ("poll_interval", self.poll_interval), ("max_run", self.max_run)];
        for (name, _) in limits.iter().filter(|(_, span)| *span < Duration::from_millis(1)) {
            found.push(format!("`.task(…)` has a `.{name}` of less than a millisecond; give it a longer one"));
        }
        if self.max_run > self.ttl {
            found.push(format!(
                "`.task(…)` may run for {:?} but is kept for {:?} only; make `.ttl` longer than `.max_run`",
                self.max_run, self.ttl
            ));
        }
    }
}

impl Declaration {
    /// How it runs as a task, when it may.
    #[must_use]
    pub fn task(&self) -> Option<&Task> {
        self.task.as_ref()
    }

    /// Whether the function says itself where the task begins, with [`TaskStart`].
    #[must_use]
    pub fn begins_task(&self) -> bool {
        self.signature.begins_task
    }

    pub(crate) fn check_task(&self, found: &mut Vec<String>) {
        match &self.task {
            Some(_) if !self.is_tool() => found.push(
                "is no tool, and only calls of tools become tasks; leave out `.task(…)` or `.tool(false)`".to_owned(),
            ),
            Some(task) => task.mistakes(found),
            None if self.begins_task() => found.push(
                "takes a TaskStart but is no task; add `.task(Task::optional())`, or leave the argument out".to_owned(),
            ),
            None => {}
        }
    }
}

/// Where the task begins, as an argument of a handler of an operation that is declared with `.task(…)`.
///
/// What is asked with [`crate::Ask`] before [`TaskStart::begin`] is asked while the caller waits; only then is there a
/// task (MCP 2026-07-28, extensions/tasks, Task Creation). An operation without this argument is a task at once.
///
/// ```
/// # use diptych_spec::{Ask, Elicited, Result, TaskStart};
/// # use schemars::JsonSchema;
/// # use serde::Deserialize;
/// #[derive(Deserialize, JsonSchema)]
/// struct Format {
///     /// csv or json
///     format: String,
/// }
///
/// async fn export(ask: Ask, start: TaskStart) -> Result<String> {
///     let format = ask.form::<Format>("format", "Which format?")?.accepted();
///     start.begin()?;
///     // The long work …
///     Ok(format.map_or_else(|| "csv".to_owned(), |answer| answer.format))
/// }
/// ```
#[derive(Clone)]
pub struct TaskStart(Option<Arc<dyn Peer>>);

impl TaskStart {
    /// Goes on as a task. Where the call becomes one here, this run ends, keeps nothing, and the operation runs again from
    /// the top as the task, with the answers at hand. In a task, and for a caller who waits, it does nothing.
    ///
    /// # Errors
    /// Passed on with `?`: it ends the run.
    pub fn begin(&self) -> Result<()> {
        match &self.0 {
            Some(peer) if peer.begins_task() => {
                Err(Error::new(ErrorKind::Cancelled, BEGINS, "the call goes on as a task"))
            }
            _ => Ok(()),
        }
    }
}

impl Error {
    /// Whether the run ended because the call goes on as a task.
    #[doc(hidden)]
    #[must_use]
    pub fn begins_task(&self) -> bool {
        self.kind() == ErrorKind::Cancelled && self.code() == BEGINS
    }
}

impl FromCall for TaskStart {
    fn describe(signature: &mut Signature) {
        signature.begins_task();
    }
    async fn from_call(call: &mut Call) -> Result<Self> {
        Ok(Self(call.peer().cloned()))
    }
}

impl fmt::Debug for TaskStart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TaskStart").finish_non_exhaustive()
    }
}
