//! The extension `io.modelcontextprotocol/tasks` (SEP-2663): a call that is answered with a task, and the three methods on it.
//!
//! What a task is and who works on it, the pipeline knows; here it gets its form. Only clients that declare the extension
//! in the request itself see any of it.

use crate::asking;
use crate::call::{Call, Freshness};
use crate::encode::{self, Shown};
use crate::format;
use crate::notify;
use crate::object::Writer;
use crate::refuse::{self, Refusal};
use crate::rpc;
use diptych_pipeline::{Caller, NewTask, Operation, TaskState, TaskStatus, Tasks};
use diptych_spec::{Declaration, Error, ErrorKind};
use serde_json::{Map, Value, json, value::RawValue};

/// The name of the extension, in the capabilities of both sides.
pub(crate) const EXTENSION: &str = "io.modelcontextprotocol/tasks";

/// How a tool is called.
pub(crate) enum Way {
    /// The client waits for the answer.
    Waiting,
    /// The client gets a task.
    Task,
    /// Not at all, by this client.
    Never(Error),
}

/// How this client calls this operation.
pub(crate) fn way(call: Call<'_>, declaration: &Declaration) -> Result<Way, Refusal> {
    match declaration.task() {
        None => Ok(Way::Waiting),
        Some(_) if speaks_tasks(call) => Ok(Way::Task),
        Some(task) if !task.is_required() => Ok(Way::Waiting),
        Some(_) if call.revision.tasks => Err(undeclared()),
        Some(_) => {
            let detail = format!(
                "this tool runs as a task; call it from a client of MCP 2026-07-28 with the extension {EXTENSION}"
            );
            Ok(Way::Never(Error::new(ErrorKind::BadRequest, "task_required", detail)))
        }
    }
}

/// Makes a task of a call by this caller, and writes the `CreateTaskResult`. `answers` are what was answered before.
///
/// # Errors
/// Why there is no task: what is wrong with the call.
pub(crate) async fn create(
    call: Call<'_>,
    caller: &Caller,
    operation: &Operation,
    arguments: &str,
    answers: Map<String, Value>,
    result: &mut Writer<'_>,
) -> Result<(), Error> {
    let capabilities = call.capabilities().list();
    let new = NewTask { caller, arguments, capabilities: &capabilities, answers };
    let state = call.server.engine.create_task(operation, new).await?;
    described(&state, status(&state), result);
    Ok(())
}

/// `tasks/get`.
pub(crate) async fn get(call: Call<'_>, result: &mut Writer<'_>) -> Result<Freshness, Refusal> {
    let (_, state) = addressed(call).await?;
    detailed(call, &state, result);
    Ok(Freshness::Unsaid)
}

/// `tasks/update`: answers to what the task asks. What it does not ask is passed over.
pub(crate) async fn update(call: Call<'_>) -> Result<Freshness, Refusal> {
    let (tasks, state) = addressed(call).await?;
    let given = asking::responses(call.params.get("inputResponses").map_or("null", RawValue::get))?;
    let known = tasks.answer(state.id(), call.principal, given).await.map_err(|error| unreachable(&error))?;
    if known { Ok(Freshness::Unsaid) } else { Err(unknown()) }
}

/// `tasks/cancel`: acknowledged whether or not there is still something to stop.
pub(crate) async fn cancel(call: Call<'_>) -> Result<Freshness, Refusal> {
    let (tasks, state) = addressed(call).await?;
    let known = tasks.cancel(state.id(), call.principal).await.map_err(|error| unreachable(&error))?;
    if known { Ok(Freshness::Unsaid) } else { Err(unknown()) }
}

/// `notifications/tasks` with all that `tasks/get` would answer, on the stream of this subscription (JSON); `None` when the
/// task is not the caller's, or not there any more.
pub(crate) async fn notification(call: Call<'_>, id: &str, subscription: &str) -> Option<Vec<u8>> {
    let state = own(call, call.server.engine.tasks()?, id).await.ok()?;
    Some(rpc::notification("notifications/tasks", |params| {
        detailed(call, &state, params);
        notify::subscribed(params, subscription);
    }))
}

/// Whether the caller has this task.
pub(crate) async fn is_there(call: Call<'_>, id: &str) -> bool {
    match call.server.engine.tasks() {
        Some(tasks) => own(call, tasks, id).await.is_ok(),
        None => false,
    }
}

/// Refuses a client that did not declare the extension in this request.
pub(crate) fn declared(call: Call<'_>) -> Result<(), Refusal> {
    if speaks_tasks(call) { Ok(()) } else { Err(undeclared()) }
}

fn speaks_tasks(call: Call<'_>) -> bool {
    call.revision.tasks && call.capabilities().tasks
}

/// The tasks, and the one that the request is about.
async fn addressed(call: Call<'_>) -> Result<(&Tasks, TaskState), Refusal> {
    let id = call.params.text("taskId").ok_or_else(|| Refusal::params("`taskId` has to be a string"))?;
    declared(call)?;
    let tasks = call.server.engine.tasks().ok_or_else(unknown)?;
    Ok((tasks, own(call, tasks, &id).await?))
}

/// The caller's task, as long as they may use its operation at this mount: with fewer scopes than it was created with, it is out of reach.
async fn own(call: Call<'_>, tasks: &Tasks, id: &str) -> Result<TaskState, Refusal> {
    let state = tasks.get(id, call.principal).await.map_err(|error| unreachable(&error))?.ok_or_else(unknown)?;
    let operation = call.server.offer.operation(state.operation()).ok_or_else(unknown)?;
    match call.authorize(operation.declaration()) {
        Ok(()) => Ok(state),
        Err(error) if error.kind() == ErrorKind::NotFound => Err(unknown()),
        Err(error) => Err(refuse::denied(&error)),
    }
}

fn status(state: &TaskState) -> &'static str {
    match state.status() {
        TaskStatus::Working => "working",
        TaskStatus::InputRequired(_) => "input_required",
        TaskStatus::Finished(_) => "completed",
        TaskStatus::Cancelled => "cancelled",
    }
}

/// The members of every task (`Task`).
fn described(state: &TaskState, status: &str, result: &mut Writer<'_>) {
    result.value("taskId", state.id());
    result.value("status", status);
    if let Some(message) = state.message() {
        result.value("statusMessage", message);
    }
    result.value("createdAt", &state.created_at());
    result.value("lastUpdatedAt", &state.updated_at());
    result.value("ttlMs", &state.ttl_ms());
    result.value("pollIntervalMs", &state.poll_interval_ms());
}

/// The members of a task with what belongs to its status (`DetailedTask`).
fn detailed(call: Call<'_>, state: &TaskState, result: &mut Writer<'_>) {
    match state.status() {
        TaskStatus::Working | TaskStatus::Cancelled => described(state, status(state), result),
        TaskStatus::InputRequired(questions) => {
            described(state, status(state), result);
            let requests = questions.iter().map(|(key, asked)| (key.clone(), asking::request(asked, call.revision)));
            result.value("inputRequests", &Map::from_iter(requests));
        }
        TaskStatus::Finished(outcome) => match answer(call, state, outcome) {
            Ok(answer) => {
                described(state, "completed", result);
                result.member("result").extend_from_slice(&answer);
            }
            // Only what would have been a JSON-RPC error of the call is a failure of the task.
            Err(refusal) => {
                described(state, "failed", result);
                refusal.error(result.member("error"));
            }
        },
    }
}

/// The `CallToolResult` that the call would have been answered with.
fn answer(call: Call<'_>, state: &TaskState, outcome: &Result<String, Error>) -> Result<Vec<u8>, Refusal> {
    let mut out = Vec::new();
    let mut result = Writer::open(&mut out);
    match outcome {
        Ok(json) => {
            let operation = call.server.offer.operation(state.operation()).ok_or_else(Refusal::fault)?;
            let declaration = operation.declaration();
            // A task has no format of its own: whoever asks for it says.
            let format = format::wanted(call, declaration).unwrap_or_default();
            // What the caller was shown when the task was done, as far as they still are.
            let hidden = call.hidden(declaration);
            let shown = (!hidden.is_nothing()).then(|| declaration.shown(json, hidden)).transpose();
            let shown = shown.map_err(|_| Refusal::fault())?.map(String::from_utf8);
            let shown = shown.transpose().map_err(|_| Refusal::fault())?;
            let (json, shown) = (shown.as_deref().unwrap_or(json), Shown { format, hidden });
            encode::tool(declaration, state.arguments(), json, shown, call.revision, &mut result);
        }
        Err(error) => refuse::tool(error, &mut result)?,
    }
    result.value("resultType", "complete");
    result.close();
    Ok(out)
}

/// Somebody else's task, one that has expired and one that never was look the same.
fn unknown() -> Refusal {
    Refusal::params("there is no such task, or it has expired")
}

fn undeclared() -> Refusal {
    refuse::undeclared(json!({"extensions": {EXTENSION: {}}}))
}

/// The table of tasks could not be used, or not in this way.
fn unreachable(error: &Error) -> Refusal {
    if error.kind() == ErrorKind::TooLarge {
        return Refusal::params(error.detail().to_owned());
    }
    tracing::error!(%error, cause = std::error::Error::source(error).map(tracing::field::display), "a task could not be reached");
    Refusal::fault()
}
