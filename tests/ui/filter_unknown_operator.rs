//! An operator that does not exist.

use diptych::Filter;
use schemars::JsonSchema;
use serde::Deserialize;

#[derive(Deserialize, JsonSchema, Filter)]
struct NoteFilter {
    #[filter(op = "=>")]
    size: Option<i64>,
}

fn main() {}
