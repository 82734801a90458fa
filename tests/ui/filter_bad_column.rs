//! A column that is an expression.

use diptych::Filter;
use schemars::JsonSchema;
use serde::Deserialize;

#[derive(Deserialize, JsonSchema, Filter)]
struct NoteFilter {
    #[filter(column = "lower(text)")]
    text: Option<String>,
}

fn main() {}
