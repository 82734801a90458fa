//! Arguments: by value and by `&`, in any order, with and without a connection.

#![deny(warnings)]

use diptych::{
    AnswerValue, Anyone, Conn, Db, Deadline, Input, Instance, Operations, Principal, Record, Result, Select,
    SelectorSpec, State, Tx, query_as, selector, service,
};
use schemars::JsonSchema;
use serde::Deserialize;
use uuid::Uuid;
use validator::Validate;

pub struct Limits {
    pub max: i64,
}

#[derive(Deserialize, JsonSchema, Validate)]
pub struct NewNote {
    #[validate(length(min = 1))]
    pub text: String,
}

#[derive(Clone, Record, serde::Serialize, JsonSchema)]
pub struct Note {
    pub id: Uuid,
    pub text: String,
}

/// Everything, the connection last.
#[service("notes.add")]
pub async fn add(
    limits: &State<Limits>,
    Input(new): Input<NewNote>,
    /// How often to remind.
    #[arg]
    reminders: Option<i32>,
    who: &Principal,
    #[arg(rename = "in")] place: &str,
    tags: Deadline,
    tx: &mut Tx,
) -> Result<i64> {
    let _ = (limits.max, new.text, reminders, who.subject(), place, tags, tx);
    Ok(1)
}

/// No connection.
#[service("notes.ping")]
pub async fn ping() -> Result<()> {
    Ok(())
}

/// Only what is found by its type.
#[selector("notes.mine")]
async fn mine(who: Option<Principal>, db: Db, limits: State<Limits>) -> Result<Select<Note>> {
    let _ = (db, limits.max);
    Ok(Select::sql("SELECT id, text FROM notes WHERE owner = $1").bind(who.map(|who| who.subject().to_owned())))
}

/** One note. */
#[selector("notes.get")]
async fn get(
    db: &mut Conn,
    /** Its id. */
    #[arg]
    id: Uuid,
) -> Result<Option<Note>> {
    query_as("SELECT id, text FROM notes WHERE id = $1").bind(id).optional(db).await
}

/// Lists of arguments, and the attributes of serde and schemars.
#[selector("notes.count")]
pub(crate) async fn count(
    db: &mut Conn,
    #[arg] ids: &[Uuid],
    #[arg] words: Option<Vec<String>>,
    #[arg]
    #[serde(default = "ten")]
    #[schemars(range(min = 1))]
    limit: i32,
    #[arg] r#type: Option<String>,
) -> Result<i64> {
    let _ = (db, ids.len(), words, limit, r#type);
    Ok(0)
}

/// Only arguments that serde is told about.
#[selector("notes.page")]
async fn page(
    #[arg]
    #[serde(default)]
    number: u8,
) -> Result<u8> {
    Ok(number)
}

fn ten() -> i32 {
    10
}

/// The row that the target found.
#[service("notes.touch")]
async fn touch(tx: &mut Tx, Instance(note): Instance<Note>) -> Result<Note> {
    let _ = tx;
    Ok(note)
}

/// By reference.
#[service("notes.look")]
async fn look(note: &Instance<Note>) -> Result<String> {
    Ok(note.text.clone())
}

fn main() {
    let mine_again = SelectorSpec::from_fn("notes.none", async |_: &mut Conn| Ok::<_, diptych::Error>(AnswerValue(0)));
    let operations = Operations::new()
        .add(add::spec().allow(Anyone))
        .add(ping::spec().allow(Anyone))
        .add(mine::spec().allow(Anyone))
        .add(get::spec().allow(Anyone).allow_none())
        .add(count::spec().allow(Anyone))
        .add(page::spec().allow(Anyone))
        .add(touch::spec().target(get::spec()).allow(Anyone))
        .add(look::spec().allow(Anyone).target(get::spec()).permit(|who, note| who.is_some() && note.text != ""))
        .add(mine_again.allow(Anyone));
    let of = |name: &str| {
        let found = operations.as_slice().iter().find(|operation| operation.declaration().name() == name);
        found.unwrap().declaration()
    };
    assert_eq!(of("notes.add").description(), "Everything, the connection last.");
    assert_eq!(of("notes.get").description(), "One note.");
    assert_eq!(
        of("notes.add").arguments().schema(),
        serde_json::json!({
            "type": "object",
            "properties": {
                "reminders": {"description": "How often to remind.", "type": "integer", "format": "int32"},
                "in": {"type": "string"},
                "text": {"type": "string", "minLength": 1},
            },
            "required": ["in", "text"],
            "additionalProperties": false,
        })
    );
    let schema = of("notes.count").arguments().schema();
    assert_eq!(schema["required"], serde_json::json!(["ids"]));
    assert_eq!(schema["properties"]["limit"]["default"], 10);
    assert_eq!(schema["properties"]["words"]["type"], "array");
    assert_eq!(schema["properties"]["type"]["type"], "string");
}
