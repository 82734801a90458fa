//! An operator that does not fit the type.

use diptych::Filter;
use schemars::JsonSchema;
use serde::Deserialize;

#[derive(Deserialize, JsonSchema, Filter)]
struct NoteFilter {
    #[filter(op = "contains")]
    size: Option<i64>,
}

fn main() {}
