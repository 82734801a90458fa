//! A `Vec` where `OneOf` is meant.

use diptych::Filter;
use schemars::JsonSchema;
use serde::Deserialize;

#[derive(Deserialize, JsonSchema, Filter)]
struct NoteFilter {
    size: Option<Vec<i64>>,
}

fn main() {}
