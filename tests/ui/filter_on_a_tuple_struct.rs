//! A filter without names.

use diptych::Filter;
use schemars::JsonSchema;
use serde::Deserialize;

#[derive(Deserialize, JsonSchema, Filter)]
struct NoteFilter(Option<String>);

fn main() {}
