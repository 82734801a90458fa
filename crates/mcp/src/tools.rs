//! `tools/call` (server/tools, Calling Tools). `tools/list` is in `list.rs`.

use crate::asking::Dispatched;
use crate::encode;
use crate::method::{Call, Freshness};
use crate::object::{self, Writer};
use crate::refuse::{self, Refusal};
use crate::tasks::{self, Way};
use crate::trace;
use diptych_spec::{Arguments, Error, ErrorKind};
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
    let engine = &call.server.engine;
    let tool = engine.operation(&name).filter(|operation| operation.declaration().is_tool());
    let Some(operation) = tool else {
        return Err(Refusal::params(format!("unknown tool: {name}")));
    };
    let declaration = operation.declaration();
    trace::operation(call, declaration.name());
    match declaration.authorize(call.principal) {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            return Err(Refusal::params(format!("unknown tool: {name}")));
        }
        Err(error) => return Err(refuse::denied(&error)),
        Ok(()) => {}
    }
    let task = match tasks::way(call, declaration)? {
        Way::Waiting => None,
        Way::Never(error) => return failed(&error, result).map(|()| Freshness::Unsaid),
        Way::Task if declaration.begins_task() => Some(arguments),
        Way::Task => {
            return match tasks::create(call, operation, arguments, Map::new(), result).await {
                Ok(()) => Ok(Freshness::Task),
                Err(error) => failed(&error, result).map(|()| Freshness::Unsaid),
            };
        }
    };
    let given = Arguments::named(arguments).from_a_model();
    match call.dispatch_until_task(operation, given, task, result).await? {
        Dispatched::Done(outcome) => encode::tool(declaration, arguments, outcome.json(), call.revision, result),
        Dispatched::Failed(error) => failed(&error, result)?,
        Dispatched::Asked => return Ok(Freshness::InputRequired),
        Dispatched::Begun => return Ok(Freshness::Task),
    }
    Ok(Freshness::Unsaid)
}

/// An error as a tool's result, unless it is the protocol's.
fn failed(error: &Error, result: &mut Writer<'_>) -> Result<(), Refusal> {
    refuse::tool(error, result)?;
    trace::tool_failed();
    Ok(())
}
