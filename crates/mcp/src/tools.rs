//! `tools/call` (server/tools, Calling Tools). `tools/list` is in `list.rs`.

use crate::asking::Dispatched;
use crate::call::{Call, Freshness};
use crate::encode::{self, Shown};
use crate::format;
use crate::idempotency;
use crate::meta;
use crate::object::{self, Writer};
use crate::refuse::{self, Refusal};
use crate::tasks::{self, Way};
use crate::trace;
use diptych_pipeline::{Caller, Operation};
use diptych_spec::{Arguments, Error, ErrorKind, Format};
use serde_json::Map;

pub(crate) async fn call(call: Call<'_>, result: &mut Writer<'_>) -> Result<Freshness, Refusal> {
    let Some(name) = call.params.text("name") else {
        return Err(Refusal::params("`name` has to be a string"));
    };
    let arguments = match call.params.get("arguments") {
        None => "{}",
        Some(arguments) if object::is_object(arguments) => arguments.get(),
        Some(_) => return Err(Refusal::params("`arguments` has to be an object")),
    };
    if let Some(meta) = call.server.lists.meta.as_ref().filter(|_| meta::is_name(&name)) {
        return meta.call(call, &name, arguments, result).await;
    }
    let Some(operation) = find(call, &name)? else {
        return Err(Refusal::params(format!("unknown tool: {name}")));
    };
    let format = format::wanted(call, operation.declaration())?;
    run(call, operation, arguments, format, result).await
}

/// The tool of this name, which the caller may use; none when there is no such tool for this caller.
pub(crate) fn find<'c>(call: Call<'c>, name: &str) -> Result<Option<&'c Operation>, Refusal> {
    let tool = call.server.offer.operation(name).filter(|operation| operation.declaration().is_tool());
    let Some(operation) = tool else { return Ok(None) };
    trace::operation(call, operation.declaration().name());
    let Err(error) = call.authorize(operation.declaration()) else { return Ok(Some(operation)) };
    call.server.engine.note_refusal(operation, &call.caller(), &error);
    if error.kind() == ErrorKind::NotFound { Ok(None) } else { Err(refuse::denied(&error)) }
}

/// Runs a tool and writes what it answers, or the task that it is from now on.
pub(crate) async fn run(
    call: Call<'_>,
    operation: &Operation,
    arguments: &str,
    format: Format,
    result: &mut Writer<'_>,
) -> Result<Freshness, Refusal> {
    let declaration = operation.declaration();
    let (key, arguments) = match idempotency::taken(call, declaration, arguments) {
        Ok((key, arguments)) => (key, arguments),
        Err(error) => {
            call.server.engine.note_refusal(operation, &call.caller(), &error);
            return failed(&error, result).map(|()| Freshness::Unsaid);
        }
    };
    let (caller, arguments) = (Caller { idempotency_key: key, ..call.caller() }, &*arguments);
    let given = Arguments::named(arguments).from_a_model().limited(call.server.settings.json);
    let way = if declaration.is_dry_run(&given) { Way::Waiting } else { tasks::way(call, declaration)? };
    let task = match way {
        Way::Waiting => None,
        Way::Never(error) => return failed(&error, result).map(|()| Freshness::Unsaid),
        Way::Task if declaration.begins_task() => Some(arguments),
        Way::Task => {
            return match tasks::create(call, &caller, operation, arguments, Map::new(), result).await {
                Ok(()) => Ok(Freshness::Task),
                Err(error) => failed(&error, result).map(|()| Freshness::Unsaid),
            };
        }
    };
    match call.dispatch_until_task(operation, given, caller, task, result).await? {
        Dispatched::Done(outcome) => {
            let shown = Shown { format, hidden: call.hidden(declaration) };
            encode::tool(declaration, arguments, outcome.json(), shown, call.revision, result);
            if outcome.is_replay() {
                return Ok(Freshness::Replayed);
            }
            if outcome.is_dry_run() {
                return Ok(Freshness::DryRun);
            }
        }
        Dispatched::Failed(error) => failed(&error, result)?,
        Dispatched::Asked => return Ok(Freshness::InputRequired),
        Dispatched::Begun => return Ok(Freshness::Task),
    }
    Ok(Freshness::Unsaid)
}

/// An error as a tool's result, unless it is the protocol's.
pub(crate) fn failed(error: &Error, result: &mut Writer<'_>) -> Result<(), Refusal> {
    refuse::tool(error, result)?;
    trace::tool_failed();
    Ok(())
}
