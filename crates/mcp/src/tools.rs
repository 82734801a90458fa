//! `tools/call` (server/tools, Calling Tools). `tools/list` is in `list.rs`.

use crate::encode;
use crate::method::{Call, Freshness};
use crate::object::{self, Writer};
use crate::refuse::{self, Refusal};
use diptych_spec::Arguments;

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
    if let Err(error) = declaration.authorize(call.principal) {
        return Err(refuse::denied(&error));
    }
    match engine.dispatch(operation, Arguments::named(arguments).from_a_model(), call.caller()).await {
        Ok(outcome) => encode::tool(declaration, arguments, outcome.json(), call.revision, result),
        Err(error) => refuse::tool(&error, result)?,
    }
    Ok(Freshness::Unsaid)
}
