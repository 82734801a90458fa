//! The notes application as one writes it with diptych.

use crate::load::Target;
use chrono::{DateTime, SubsecRound as _, Utc};
use diptych::{
    Anyone, Conn, Db, GET, Input, MCPServer, Operations, Ordering, POST, PageNumber, Record, Result, Select, Tx, query,
    query_as, selector, service,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use validator::Validate;

#[derive(Debug, Serialize, JsonSchema, Record)]
struct Note {
    id: Uuid,
    owner: String,
    text: String,
    created_at: DateTime<Utc>,
}

#[derive(Debug, Deserialize, JsonSchema, Validate)]
struct NewNote {
    #[validate(length(min = 1, max = 64))]
    owner: String,
    #[validate(length(min = 1, max = 280))]
    text: String,
}

#[derive(Debug, Ordering)]
enum NoteOrder {
    #[order(column = "created_at")]
    Created,
}

#[service("notes.create")]
async fn create(tx: &mut Tx, Input(new): Input<NewNote>) -> Result<Note> {
    let note = Note { id: Uuid::now_v7(), owner: new.owner, text: new.text, created_at: Utc::now().trunc_subsecs(6) };
    query("INSERT INTO notes (id, owner, text, created_at) VALUES ($1, $2, $3, $4)")
        .bind(note.id)
        .bind(&note.owner)
        .bind(&note.text)
        .bind(note.created_at)
        .execute(tx)
        .await?;
    Ok(note)
}

#[selector("notes.get")]
async fn get(db: &mut Conn, #[arg] id: Uuid) -> Result<Option<Note>> {
    query_as("SELECT id, owner, text, created_at FROM notes WHERE id = $1").bind(id).optional(db).await
}

#[selector("notes.list")]
async fn list(#[arg] owner: String) -> Result<Select<Note>> {
    Ok(Select::sql("SELECT id, owner, text, created_at FROM notes WHERE owner = $1").bind(owner))
}

pub(crate) async fn start(url: &str) -> Target {
    let operations = Operations::new()
        .add(create::spec().allow(Anyone).rest(POST, "/notes").creates("/notes/{id}"))
        .add(get::spec().allow(Anyone).rest(GET, "/notes/{id}"))
        .add(
            list::spec()
                .allow(Anyone)
                .order_by::<NoteOrder>("-created")
                .paginate(PageNumber::default())
                .rest(GET, "/owners/{owner}/notes"),
        );
    let builder = MCPServer::builder("notes", "1").database_url(url).mount(operations).on_start(prepare);
    let server = builder.build().await.expect("the server builds");
    let listening = server.listen("127.0.0.1:0".parse().expect("an address")).expect("a free port");
    let socket = listening.addresses().socket;
    actix_web::rt::spawn(async move { listening.run().await });
    Target { socket, prefix: "/api" }
}

/// The table, and a page of rows to read.
async fn prepare(db: Db) -> Result<()> {
    let mut tx = db.begin().await?;
    let sql: &'static str = match db.backend() {
        diptych::Backend::Postgres => {
            "CREATE TABLE notes (id UUID PRIMARY KEY, owner TEXT NOT NULL, text TEXT NOT NULL, created_at TIMESTAMPTZ NOT NULL)"
        }
        _ => {
            "CREATE TABLE notes (id BLOB PRIMARY KEY, owner TEXT NOT NULL, text TEXT NOT NULL, created_at TEXT NOT NULL)"
        }
    };
    query(sql).execute(&mut tx).await?;
    query("CREATE INDEX notes_by_age ON notes (owner, created_at, id)").execute(&mut tx).await?;
    for n in 0..200u128 {
        query("INSERT INTO notes (id, owner, text, created_at) VALUES ($1, 'reader', 'something to remember', $2)")
            .bind(Uuid::from_u128(n))
            .bind(Utc::now())
            .execute(&mut tx)
            .await?;
    }
    tx.commit().await
}
