//! The words of a spec in any order, and everything that can stand in an answer.

#![deny(warnings)]

use diptych::{
    Anyone, Authenticated, Conn, DELETE, Filter, GET, Instance, Lock, Operations, Ordering, POST, PageNumber,
    Principal, Record, Result, Scope, Select, Tx, query_as, selector, service,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::time::Duration;
use uuid::Uuid;

#[derive(Record)]
struct Note {
    id: Uuid,
    owner: String,
}

#[derive(Serialize, JsonSchema)]
struct NoteView {
    id: Uuid,
}

impl From<Note> for NoteView {
    fn from(note: Note) -> Self {
        Self { id: note.id }
    }
}

#[derive(Deserialize, JsonSchema, Filter)]
struct NoteFilter {
    owner: Option<String>,
}

#[derive(Ordering)]
enum NoteOrder {
    Id,
}

#[service("notes.add")]
async fn add(_tx: &mut Tx, who: &Principal) -> Result<Uuid> {
    let _ = who;
    Ok(Uuid::nil())
}

#[service("notes.remove")]
async fn remove(_tx: &mut Tx, Instance(note): Instance<Note>) -> Result<()> {
    drop(note);
    Ok(())
}

#[selector("notes.list")]
async fn list() -> Result<Select<Note>> {
    Ok(Select::sql("SELECT id, owner FROM notes"))
}

#[selector("notes.get")]
async fn get(db: &mut Conn, #[arg] id: Uuid) -> Result<Option<Note>> {
    query_as("SELECT id, owner FROM notes WHERE id = $1").bind(id).optional(db).await
}

#[selector("notes.tags")]
async fn tags() -> Result<Vec<String>> {
    Ok(vec![])
}

fn by_id(id: &Uuid) -> Select<Note> {
    Select::sql("SELECT id, owner FROM notes WHERE id = $1").bind(*id)
}

fn main() {
    let staff = |who: Option<&Principal>| who.is_some_and(|who| who.subject() == "ann");
    let more = Operations::new()
        .add(
            list::spec()
                .present::<NoteView>()
                .paginate(PageNumber::default())
                .snapshot(true)
                .order_by::<NoteOrder>("-id")
                .filter::<NoteFilter>()
                .unique("id")
                .max_rows(10)
                .max_bytes(10_000)
                .allow(staff)
                .rest(GET, "/notes"),
        )
        .add(tags::spec().allow(Anyone).title("Tags").description("All tags."));
    let operations = Operations::new()
        .add(
            add::spec()
                .rest(POST, "/notes")
                .creates("/notes/{id}")
                .present::<NoteView>()
                .output(by_id)
                .changes("notes://{id}")
                .allow(Scope("notes:write")),
        )
        .add(
            remove::spec()
                .allow(Authenticated)
                .lock(Lock::Update)
                .target(get::spec())
                .permit(|who, note| who.is_some_and(|who| who.subject() == note.owner))
                .require("kept", "a note of the house is kept", |note| note.owner != "house")
                .deadline(Duration::from_secs(1))
                .destructive(true)
                .idempotent(true)
                .rest(DELETE, "/notes/{id}"),
        )
        .add(get::spec().present::<NoteView>().allow_none().allow(Anyone).resource("notes://{id}"))
        .merge(more);
    assert_eq!(operations.as_slice().len(), 5);
}
