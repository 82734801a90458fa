//! Any of something that is not a column.

use diptych::{Filter, OneOf};
use schemars::JsonSchema;
use serde::Deserialize;

#[derive(Deserialize, JsonSchema, Filter)]
struct NoteFilter {
    kind: Option<OneOf<Kind>>,
}

#[derive(Deserialize, JsonSchema)]
enum Kind {
    Short,
    Long,
}

fn main() {}
