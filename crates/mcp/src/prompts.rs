//! `prompts/get` (server/prompts, Getting a Prompt). `prompts/list` is in `list.rs`.

use crate::asking::Dispatched;
use crate::call::{Call, Freshness};
use crate::content;
use crate::era::Revision;
use crate::object::{self, Members, Writer};
use crate::offer::Offer;
use crate::refuse::{self, Refusal};
use crate::trace;
use diptych_pipeline::Operation;
use diptych_spec::Arguments;
use serde_json::Value;

pub(crate) async fn get(call: Call<'_>, result: &mut Writer<'_>) -> Result<Freshness, Refusal> {
    let Some(name) = call.params.text("name") else {
        return Err(Refusal::params("`name` has to be a string"));
    };
    let arguments = match call.params.get("arguments") {
        None => "{}",
        Some(arguments) => texts(arguments.get())?,
    };
    let operation = find(&call.server.offer, &name)?;
    trace::operation(call, operation.declaration().name());
    if let Err(error) = call.authorize(operation.declaration()) {
        return Err(refuse::denied(&error));
    }
    let given = Arguments::named(arguments).from_a_model().limited(call.server.settings.json);
    match call.dispatch(operation, given, result).await? {
        Dispatched::Done(outcome) if content::has_more(outcome.json(), call.revision) => {
            write(&fitting(outcome.json(), call.revision), result);
        }
        Dispatched::Done(outcome) => write(outcome.json(), result),
        Dispatched::Failed(error) => return Err(refuse::prompt(&error, call.revision)),
        Dispatched::Asked => return Ok(Freshness::InputRequired),
        Dispatched::Begun => return Ok(Freshness::Task),
    }
    Ok(Freshness::Unsaid)
}

/// The prompt of this name, unless it is switched off.
pub(crate) fn find<'o>(offer: &'o Offer, name: &str) -> Result<&'o Operation, Refusal> {
    let there = |operation: &&Operation| operation.is_prompt() && operation.declaration().is_enabled();
    let prompt = offer.operation(name).filter(there);
    prompt.ok_or_else(|| Refusal::params(format!("unknown prompt: {name}")))
}

/// An object whose values are strings, as it is.
pub(crate) fn texts(arguments: &str) -> Result<&str, Refusal> {
    let Ok(members) = Members::read(arguments) else {
        return Err(Refusal::params("`arguments` has to be an object"));
    };
    match members.iter().find(|(_, value)| object::text(value).is_none()) {
        Some((name, _)) => Err(Refusal::params(format!("`arguments.{name}` has to be a string"))),
        None => Ok(arguments),
    }
}

/// The members of the answer are those of the result.
fn write(json: &str, result: &mut Writer<'_>) {
    let Ok(answer) = Members::read(json) else { return };
    for name in ["description", "messages"] {
        if let Some(value) = answer.get(name) {
            result.raw(name, value.get());
        }
    }
}

/// The same messages as the revision knows them.
fn fitting(json: &str, revision: &Revision) -> String {
    let mut answer: Value = serde_json::from_str(json).unwrap_or_default();
    let messages = answer.get_mut("messages").and_then(Value::as_array_mut);
    for message in messages.into_iter().flatten() {
        content::fit(&mut message["content"], revision);
    }
    answer.to_string()
}
