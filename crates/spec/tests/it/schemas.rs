//! The schemas that OpenAPI and MCP publish.

use crate::declared::service;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;
use validator::Validate;

#[derive(Deserialize, JsonSchema, Validate)]
#[expect(dead_code, reason = "only described")]
struct Described {
    /// What it is called.
    #[validate(length(min = 1, max = 9))]
    name: String,
    /// May be left out.
    limit: Option<u32>,
    size: Option<Size>,
    #[serde(default)]
    title: String,
    tree: Option<Tree>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Size {
    Small,
    Large,
}

#[derive(Deserialize, JsonSchema)]
struct Tree {
    #[expect(dead_code, reason = "only described")]
    children: Vec<Self>,
}

#[derive(Deserialize, JsonSchema, Validate)]
struct Nothing {}

#[test]
fn optional_is_absent_from_required_and_not_a_union_with_null() {
    let schema = service::<Described>().arguments().schema();
    assert_eq!(
        schema["properties"]["limit"],
        json!({"type": "integer", "description": "May be left out.", "format": "uint32", "minimum": 0})
    );
    assert_eq!(schema["properties"]["size"], json!({"type": "string", "enum": ["small", "large"]}));
    assert_eq!(schema["required"], json!(["name"]));
    assert_eq!(schema["additionalProperties"], false);
    let text = schema.to_string();
    assert!(!text.contains("$schema") && !text.contains("null"), "{text}");
    // A property that is called `title` stays.
    assert!(schema["properties"]["title"].is_object());
}

#[test]
fn a_recursive_type_has_its_definition() {
    let schema = service::<Described>().arguments().schema();
    let reference = schema["$defs"]["Tree"]["properties"]["children"]["items"]["$ref"].as_str().unwrap();
    assert!(schema.pointer(reference.trim_start_matches('#')).is_some(), "{schema}");
}

#[test]
fn no_arguments_are_an_empty_closed_object() {
    let schema = service::<Nothing>().arguments().schema();
    assert_eq!(schema, json!({"type": "object", "additionalProperties": false}));
}
