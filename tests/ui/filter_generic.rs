//! A generic filter.

use diptych::Filter;
use schemars::JsonSchema;
use serde::Deserialize;

#[derive(Deserialize, JsonSchema, Filter)]
struct NoteFilter<T> {
    text: Option<T>,
}

fn main() {}
