//! `resources/read` (server/resources, Reading Resources). The lists are in `list.rs`.
//!
//! A resource is a selector with a URI. Of several that match, the more literal comes first. Those that the caller may not
//! use are passed over; when there is no other, the caller is told what is missing.

use crate::asking::Dispatched;
use crate::call::{Call, Freshness};
use crate::inner::Inner;
use crate::object::Writer;
use crate::refuse::{self, Refusal};
use crate::trace;
use diptych_pipeline::{Operation, Outcome};
use diptych_spec::{Arguments, Error, ErrorKind, Form, Principal, Template};

pub(crate) async fn read(call: Call<'_>, result: &mut Writer<'_>) -> Result<Freshness, Refusal> {
    let Some(uri) = call.params.text("uri") else {
        return Err(Refusal::params("`uri` has to be a string"));
    };
    if let Some(view) = call.server.lists.views.find(&uri) {
        return view.read(call, result);
    }
    let (operation, variables) = match find(call.server, call.principal, &uri) {
        Ok(found) => found,
        Err(Some(error)) => return Err(refuse::denied(&error)),
        Err(None) => return Err(refuse::no_resource(&uri, call.revision)),
    };
    trace::operation(call, operation.declaration().name());
    match call.dispatch(operation, arguments(operation, variables), result).await? {
        Dispatched::Done(outcome) => {
            let out = result.member("contents");
            out.push(b'[');
            let mut contents = Writer::open(&mut *out);
            contents.value("uri", &*uri);
            let form = operation.declaration().form();
            contents.value("mimeType", form.mime_type());
            match form {
                Form::Json | Form::Contents => contents.value("text", outcome.json()),
                Form::Text(_) => contents.raw("text", outcome.json()),
                Form::Blob(_) => contents.raw("blob", outcome.json()),
            }
            contents.close();
            out.push(b']');
        }
        Dispatched::Failed(error) => return Err(refuse::resource(&error, &uri, call.revision)),
        Dispatched::Asked => return Ok(Freshness::InputRequired),
        Dispatched::Begun => return Ok(Freshness::Task),
    }
    // The row may change at any time, and what it shows may depend on who reads it.
    Ok(Freshness::For { ttl_ms: 0, public: false })
}

/// What the caller reads at this URI, if they can. It is read to find out: nobody may learn of a row that is not theirs. So it
/// counts as a read, too.
///
/// # Errors
/// It was read too often to say.
pub(crate) async fn readable(call: Call<'_>, uri: &str) -> Result<Option<Outcome>, Refusal> {
    let Ok((operation, variables)) = find(call.server, call.principal, uri) else { return Ok(None) };
    match call.server.engine.dispatch(operation, arguments(operation, variables), call.caller()).await {
        Ok(outcome) => Ok(Some(outcome)),
        Err(error) if error.kind() == ErrorKind::RateLimited => Err(refuse::resource(&error, uri, call.revision)),
        Err(_) => Ok(None),
    }
}

/// Whether the caller may use an operation that this URI names; no row is looked for.
pub(crate) fn may_be_read(server: &Inner, principal: Option<&Principal>, uri: &str) -> bool {
    find(server, principal, uri).is_ok()
}

/// The variables of a URI as the arguments of its operation.
fn arguments<'a>(operation: &Operation, variables: Vec<(&'a str, String)>) -> Arguments<'a> {
    let mut arguments = Arguments::http(None);
    let template = operation.declaration().resource();
    for (name, value) in variables {
        match template.is_some_and(|template| template.in_query(name)) {
            true => arguments.query(name, value),
            false => arguments.path(name, value),
        }
    }
    arguments
}

type Found<'o> = (&'o Operation, Vec<(&'o str, String)>);

/// The operation that a URI names, or why the caller may not use it.
fn find<'o>(server: &'o Inner, principal: Option<&Principal>, uri: &str) -> Result<Found<'o>, Option<Error>> {
    let matching = server.offer.operations().filter_map(|(_, operation)| {
        let template = operation.declaration().resource()?;
        Some((template, (operation, template.matches(uri)?)))
    });
    let mut candidates: Vec<(&Template, Found<'o>)> = matching.collect();
    candidates.sort_by(|(one, _), (other, _)| one.precedence(other));
    let mut refused = None;
    for (_, (operation, variables)) in candidates {
        match server.engine.authorize(operation.declaration(), principal) {
            Ok(()) => return Ok((operation, variables)),
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => refused = refused.or(Some(error)),
        }
    }
    Err(refused)
}
