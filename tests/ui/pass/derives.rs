//! Every form that the derives take.

#![deny(warnings)]

use chrono::{DateTime, NaiveDate, Utc};
use diptych::{Between, Column, Error, Filter, IntoValue, OneOf, Ordering, Record, ServiceError, Value, ValueKind};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema, Column)]
#[serde(rename_all = "snake_case")]
enum Status {
    NotSent,
    #[serde(rename = "done")]
    Sent,
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize, JsonSchema, Column)]
#[serde(transparent)]
struct NoteId(Uuid);

/// Can be stored, but not filtered by.
#[derive(Column)]
struct Picture(Vec<u8>);

#[derive(Record)]
struct Note {
    id: NoteId,
    status: Status,
    text: Option<String>,
    #[record(column = "picture_bytes")]
    picture: Picture,
    r#type: String,
}

#[derive(Deserialize, JsonSchema, Filter)]
struct NoteFilter {
    id: Option<NoteId>,
    status: Option<OneOf<Status>>,
    #[filter(op = "!=")]
    not: Option<Status>,
    #[filter(op = "contains")]
    text: Option<String>,
    #[filter(column = "text", op = "starts with")]
    begins: Option<String>,
    #[filter(column = "text", op = "is null")]
    empty: Option<bool>,
    size: Option<Between<i64>>,
    #[filter(column = "created_at", op = ">=")]
    since: Option<DateTime<Utc>>,
    due: std::option::Option<NaiveDate>,
}

#[derive(Ordering)]
enum NoteOrder {
    CreatedAt,
    #[order(column = "size", rename = "length")]
    Size,
}

#[derive(Debug, ServiceError)]
enum NoteError {
    /// the text is taken
    #[problem(conflict)]
    Taken,
    #[problem(invalid, code = "too_long", detail = "a note has at most {max} letters, not {got:>3}")]
    TooLong { max: usize, got: usize },
    #[problem(internal, detail = "the printer said {0}")]
    Printer(String),
    #[problem(transparent)]
    Other(Error),
}

fn main() {
    assert_eq!(Status::NotSent.into_value(), Value::Text("not_sent".into()));
    assert_eq!(Status::Sent.into_value(), Value::Text("done".into()));
    assert_eq!(<NoteId as IntoValue>::KIND, ValueKind::Uuid);
    assert_eq!(Note::COLUMNS, ["id", "status", "text", "picture_bytes", "type"]);
    assert_eq!(NoteFilter::COLUMNS, ["id", "status", "not", "text", "size", "created_at", "due"]);
    assert_eq!(NoteOrder::KEYS, [("created_at", "created_at"), ("length", "size")]);
    let note = |note: Note| (note.id, note.status, note.text, note.picture.0, note.r#type);
    let _ = (note, NoteError::TooLong { max: 1, got: 2 }, NoteError::Printer(String::new()), NoteError::Taken);
    assert_eq!(
        Error::from(NoteError::from(Error::not_found("gone"))).to_string(),
        Error::not_found("gone").to_string()
    );
}
