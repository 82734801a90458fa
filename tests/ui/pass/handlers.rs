//! The ways to a handler without an attribute: `from_fn`, an `impl` by hand, and an argument type of one's own.

#![deny(warnings)]

use diptych::{
    AnswerValue, Anyone, Call, Conn, Error, FromCall, Handler, Input, Operations, Principal, Record, Result, Select,
    SelectorSpec, ServiceError, ServiceSpec, Signature, Tx, query_as, selector, service,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use validator::Validate;

#[derive(Deserialize, JsonSchema, Validate)]
struct NewNote {
    text: String,
}

#[derive(Record, Serialize, JsonSchema)]
struct Note {
    text: String,
}

#[derive(Debug, ServiceError)]
enum NoteError {
    /// there is no room for another note
    #[problem(conflict)]
    Full,
}

/// An argument type of one's own.
struct Tenant(String);

impl FromCall for Tenant {
    async fn from_call(call: &mut Call) -> Result<Self> {
        let who = call.principal().ok_or_else(Error::unauthenticated)?;
        Ok(Self(who.issuer().to_owned()))
    }
}

#[service("tenant.by_value")]
async fn by_value(_tx: &mut Tx, tenant: Tenant) -> Result<String> {
    Ok(tenant.0)
}

#[selector("tenant.by_reference")]
async fn by_reference(tenant: &Tenant) -> Result<String> {
    Ok(tenant.0.clone())
}

async fn add(_tx: &mut Tx, new: Input<NewNote>, _who: Principal, _tenant: Tenant) -> Result<i64, NoteError> {
    if new.text.is_empty() { Err(NoteError::Full) } else { Ok(1) }
}

async fn list(_db: &mut Conn, _who: Option<Principal>) -> Result<Select<Note>> {
    Ok(Select::sql("SELECT text FROM notes"))
}

async fn last(db: &mut Conn) -> Result<Option<Note>> {
    query_as("SELECT text FROM notes").optional(db).await
}

async fn count(_db: &mut Conn) -> Result<AnswerValue<i64>> {
    Ok(AnswerValue(0))
}

/// What `#[selector("whoami")]` expands to, in essence.
struct WhoAmI;

impl Handler for WhoAmI {
    type Connection = Conn;
    type Args = Principal;
    type Out = AnswerValue<String>;
    fn describe(&self, signature: &mut Signature) {
        Principal::describe(signature);
    }
    async fn extract(&self, call: &mut Call) -> Result<Principal> {
        Principal::from_call(call).await
    }
    async fn invoke<'t>(&'t self, _: &'t mut Conn, who: Principal) -> Result<AnswerValue<String>> {
        Ok(AnswerValue(who.subject().to_owned()))
    }
}

fn main() {
    let spec = ServiceSpec::from_fn("notes.add", add).description("Add a note.").allow(Anyone);
    let operations = Operations::new()
        .add(by_value::spec().allow(Anyone))
        .add(by_reference::spec().allow(Anyone))
        .add(spec)
        .add(ServiceSpec::from_fn("notes.clear", async |_: &mut Tx| Ok::<(), Error>(())).allow(Anyone))
        .add(SelectorSpec::from_fn("notes.list", list).allow(Anyone))
        .add(SelectorSpec::from_fn("notes.last", last).allow(Anyone))
        .add(SelectorSpec::from_fn("notes.count", count).allow(Anyone))
        .add(SelectorSpec::new("whoami", "Who is calling.", WhoAmI).allow(Anyone));
    assert_eq!(operations.as_slice().len(), 8);
    assert_eq!(operations.as_slice()[2].declaration().errors().len(), 1);
}
