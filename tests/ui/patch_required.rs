//! `required` on a field that can be left out.

use diptych::Patch;
use schemars::JsonSchema;
use serde::Deserialize;
use validator::Validate;

#[derive(Deserialize, JsonSchema, Validate)]
struct Change {
    #[validate(required)]
    phone: Patch<String>,
}

fn main() {
    let _ = std::any::type_name::<Change>();
}
