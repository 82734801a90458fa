//! The schemas that OpenAPI and MCP publish.

use crate::declared::service;
use diptych_spec::{Args, Input, ServiceSpec};
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

#[derive(Deserialize, JsonSchema, Validate)]
#[expect(dead_code, reason = "only described")]
struct Awkward {
    #[validate(ip)]
    address: String,
    #[validate(contains(pattern = "a-b"))]
    joined: String,
    #[schemars(regex(pattern = "(?i)abc"))]
    folded: String,
    #[validate(range(exclusive_min = 0.0))]
    #[schemars(extend("exclusiveMinimum" = 0))]
    share: f64,
}

#[test]
fn what_readers_would_not_understand_is_not_published() {
    let schema = service::<Awkward>().arguments().schema();
    let property = |name: &str| schema["properties"][name].clone();
    assert_eq!(property("address"), json!({"type": "string", "anyOf": [{"format": "ipv4"}, {"format": "ipv6"}]}));
    assert_eq!(property("joined"), json!({"type": "string", "pattern": "a-b"}));
    assert_eq!(property("folded"), json!({"type": "string"}));
    assert_eq!(property("share"), json!({"type": "number", "format": "double", "exclusiveMinimum": 0}));
}

/// Its arguments share one object with others, which `#` would be.
#[test]
fn a_type_that_holds_itself_is_a_definition() {
    let schema = service::<Node>().arguments().schema();
    assert_eq!(schema["properties"]["nodes"]["items"], json!({"$ref": "#/$defs/Node"}));
    assert_eq!(schema["$defs"]["Node"]["properties"]["nodes"]["items"], json!({"$ref": "#/$defs/Node"}));
}

#[derive(Deserialize, JsonSchema, Validate)]
struct Node {
    #[expect(dead_code, reason = "only described")]
    nodes: Vec<Self>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(tag = "kind", deny_unknown_fields)]
#[expect(dead_code, reason = "only described")]
enum Shape {
    Circle { radius: u32 },
    Point,
}

impl Validate for Shape {
    fn validate(&self) -> Result<(), validator::ValidationErrors> {
        Ok(())
    }
}

#[derive(Deserialize, JsonSchema)]
#[expect(dead_code, reason = "only described")]
struct Id {
    id: i64,
}

/// A variant that takes no further fields takes the arguments beside the input, which share one object with it.
#[test]
fn a_closed_variant_is_open_to_the_other_arguments() {
    async fn draw(_: &mut (), _: Args<Id>, _: Input<Shape>) -> diptych_spec::Result<()> {
        Ok(())
    }
    let (declaration, _, _, _) = ServiceSpec::from_fn("draw", draw).into_parts();
    let schema = declaration.arguments().schema();
    let circle = &schema["oneOf"][0];
    assert_eq!((&circle["additionalProperties"], &circle["properties"]["id"]), (&json!(false), &json!(true)));
    assert_eq!(schema["properties"]["id"]["type"], "integer");
}
