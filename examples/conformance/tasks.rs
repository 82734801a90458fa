//! Tools that run as tasks.

use diptych::{Anyone, Ask, Content, Elicited, Error, Operations, Result, Task, TaskStart, selector};
use schemars::JsonSchema;
use serde::Deserialize;
use std::time::Duration;

#[derive(Debug, Deserialize, JsonSchema)]
struct Confirmation {
    confirm: bool,
}

#[derive(Debug, Deserialize, JsonSchema)]
struct Name {
    name: String,
}

/// Greets, without a task.
#[selector("greet")]
async fn greet(#[arg] name: String) -> Result<Content> {
    Ok(format!("Hello, {name}!").into())
}

/// Takes so many seconds.
#[selector("slow_compute")]
async fn slow_compute(#[arg] seconds: u64, #[arg] label: Option<String>) -> Result<String> {
    tokio::time::sleep(Duration::from_secs(seconds)).await;
    Ok(format!("{} done after {seconds} s", label.unwrap_or_default()))
}

/// Fails after a second.
#[selector("failing_job")]
async fn failing_job() -> Result<String> {
    tokio::time::sleep(Duration::from_secs(1)).await;
    Err(Error::conflict("failed", "this job always fails"))
}

/// Fails as the server would.
#[selector("protocol_error_job")]
async fn protocol_error_job() -> Result<String> {
    Err(Error::internal("on purpose"))
}

/// Asks before it deletes.
#[selector("confirm_delete")]
async fn confirm_delete(ask: Ask, #[arg] filename: String) -> Result<String> {
    let deleted = match ask.form::<Confirmation>("confirm", format!("Delete {filename}?"))? {
        Elicited::Accepted(Confirmation { confirm: true }) => "deleted",
        _ => "kept",
    };
    Ok(format!("{filename} was {deleted}"))
}

/// Asks two things at once.
#[selector("multi_input")]
async fn multi_input(ask: Ask) -> Result<String> {
    let (name, sure) = (ask.form::<Name>("name", "Who?"), ask.form::<Confirmation>("confirm", "Sure?"));
    Ok(format!("{:?} {:?}", name?.accepted(), sure?.accepted()))
}

/// Asks for a name, and only then is a task.
#[selector("test_tool_with_task")]
async fn tool_with_task(ask: Ask, start: TaskStart) -> Result<Content> {
    let name = ask.form::<Name>("user_name", "What is your name?")?;
    start.begin()?;
    let who = name.accepted().map_or_else(|| "whoever you are".to_owned(), |Name { name }| name);
    Ok(format!("Hello, {who}!").into())
}

pub(crate) fn operations() -> Operations {
    Operations::new()
        .add(greet::spec().allow(Anyone))
        .add(slow_compute::spec().allow(Anyone).task(Task::optional()).deadline(Duration::from_secs(120)))
        .add(failing_job::spec().allow(Anyone).task(Task::required()))
        .add(protocol_error_job::spec().allow(Anyone).task(Task::optional()))
        .add(confirm_delete::spec().allow(Anyone).task(Task::optional()))
        .add(multi_input::spec().allow(Anyone).task(Task::optional()))
        .add(tool_with_task::spec().allow(Anyone).task(Task::required()))
}
