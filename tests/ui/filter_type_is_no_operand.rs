//! A type that cannot be compared with.

use diptych::Filter;
use schemars::JsonSchema;
use serde::Deserialize;

#[derive(Deserialize, JsonSchema, Filter)]
struct NoteFilter {
    size: Option<u64>,
}

fn main() {}
