//! A filter that is an enum.

use diptych::Filter;
use schemars::JsonSchema;
use serde::Deserialize;

#[derive(Deserialize, JsonSchema, Filter)]
enum NoteFilter {
    Text(String),
}

fn main() {}
