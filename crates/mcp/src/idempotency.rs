//! The idempotency key of a `tools/call`: in `_meta`, or, where the service offers it, among the arguments of the tool.

use crate::call::Call;
use crate::object::{self, Members, Writer};
use diptych_spec::{Declaration, Error, ErrorKind, IdempotencyKey, OperationKind};
use serde_json::{Value, json};
use std::borrow::Cow;

/// The name in `_meta` of a `tools/call` under which a client sends the key.
const KEY: &str = "dev.diptych/idempotency-key";

/// How it is called in errors.
const PLACE: &str = "`_meta[\"dev.diptych/idempotency-key\"]`";

/// The name in `_meta` of a result that was the answer to an earlier call.
const REPLAYED: &str = "dev.diptych/idempotent-replayed";

/// The key, and the arguments of the operation without it. What only reads takes no notice of keys.
pub(crate) fn taken<'a>(
    call: Call<'_>,
    declaration: &Declaration,
    arguments: &'a str,
) -> Result<(Option<IdempotencyKey>, Cow<'a, str>), Error> {
    if declaration.kind() != OperationKind::Service {
        return Ok((None, arguments.into()));
    }
    let sent = call.meta.get(KEY).map(|key| {
        let key = object::text(key).ok_or_else(|| IdempotencyKey::invalid(PLACE))?;
        IdempotencyKey::given_as(PLACE, &key)
    });
    let sent = sent.transpose()?;
    let Some(name) = declaration.idempotency().argument_name() else { return Ok((sent, arguments.into())) };
    // What cannot be read as an object is for the operation to refuse.
    let Ok(members) = Members::read(arguments) else { return Ok((sent, arguments.into())) };
    let Some(given) = members.get(name) else { return Ok((sent, arguments.into())) };
    let place = format!("`{name}`");
    let given = object::text(given).ok_or_else(|| IdempotencyKey::invalid(&place))?;
    let given = IdempotencyKey::given_as(&place, &given)?;
    if sent.is_some_and(|sent| sent != given) {
        let detail = format!("`{name}` and {PLACE} are two idempotency keys; send one of them");
        return Err(Error::new(ErrorKind::BadRequest, "idempotency_key_invalid", detail));
    }
    Ok((Some(given), without(&members, name).into()))
}

/// The object without one of its members.
fn without(members: &Members<'_>, left_out: &str) -> String {
    let mut out = String::from("{");
    for (name, value) in members.iter().filter(|(name, _)| *name != left_out) {
        if out.len() > 1 {
            out.push(',');
        }
        out.push_str(&Value::from(name).to_string());
        out.push(':');
        out.push_str(value.get());
    }
    out.push('}');
    out
}

/// Adds the argument to the schema of the tool, where the service offers it.
pub(crate) fn offer(declaration: &Declaration, schema: &mut Value) {
    let Some(name) = declaration.idempotency().argument_name() else { return };
    let description = match declaration.idempotency().is_required() {
        true => "Needed: a new UUID for each new call, the same one when a call is repeated, so that it is done once.",
        false => "A new UUID for each new call, the same one when a call is repeated, so that it is done once.",
    };
    schema["properties"][name] =
        json!({"type": "string", "minLength": 1, "maxLength": 255, "description": description});
}

/// Says of a result that it was the answer to an earlier call.
pub(crate) fn replayed(meta: &mut Writer<'_>) {
    meta.raw(REPLAYED, "true");
}
