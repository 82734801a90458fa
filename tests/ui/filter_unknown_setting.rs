//! A setting that does not exist.

use diptych::Filter;
use schemars::JsonSchema;
use serde::Deserialize;

#[derive(Deserialize, JsonSchema, Filter)]
struct NoteFilter {
    #[filter(colum = "length")]
    size: Option<i64>,
}

fn main() {}
