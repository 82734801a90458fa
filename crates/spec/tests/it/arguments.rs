//! Reading arguments: JSON, texts, and everything that is refused.

use crate::declared::{accept, call, refusals, service};
use diptych_spec::{Arguments, ErrorKind, json_to_text, scalar_to_text};
use schemars::JsonSchema;
use serde::Deserialize;
use std::collections::BTreeMap;
use validator::Validate;

#[derive(Debug, PartialEq, Deserialize, JsonSchema, Validate)]
#[serde(deny_unknown_fields)]
struct Plain {
    name: String,
    count: Option<i64>,
    #[serde(default)]
    tags: Vec<String>,
    nested: Option<Nested>,
}

#[derive(Debug, PartialEq, Deserialize, JsonSchema, Validate)]
#[serde(deny_unknown_fields)]
struct Nested {
    id: uuid::Uuid,
    flag: bool,
}

#[test]
fn what_fits_is_read() {
    let plain: Plain = accept(r#" {"name": "a\"b", "count": 9007199254740993, "tags": ["x"]} "#).unwrap();
    assert_eq!(
        plain,
        Plain { name: "a\"b".into(), count: Some(9_007_199_254_740_993), tags: vec!["x".into()], nested: None }
    );
    let plain: Plain = accept(r#"{"name": "a", "count": 2.0}"#).unwrap();
    assert_eq!(plain.count, Some(2), "the same integer to JSON Schema");
    let plain: Plain = accept(r#"{"name":"é😀"}"#).unwrap();
    assert_eq!(plain.name, "é😀");
}

#[test]
fn what_does_not_is_named() {
    let cases: [(&str, &[&str]); 10] = [
        ("{}", &["/name required: this field is required"]),
        (r#"{"name": 1, "count": "5"}"#, &["/count type: expected an integer", "/name type: expected a string"]),
        (r#"{"name": "a", "count": 1.5}"#, &["/count type: expected an integer"]),
        (r#"{"name": "a", "count": null}"#, &["/count type: expected an integer; leave the field out instead of null"]),
        (r#"{"name": null}"#, &["/name type: expected a string, not null"]),
        (
            r#"{"name": "a", "nested": {"id": "x", "more": 1}}"#,
            &[
                "/nested/flag required: this field is required",
                "/nested/id type: expected a UUID",
                "/nested/more unknown: there is no such field",
            ],
        ),
        (
            r#"{"name": "a\u0000", "tags": ["\\u0000", "\\\u0000"]}"#,
            &[
                "/name character: the character U+0000 is not allowed",
                "/tags/1 character: the character U+0000 is not allowed",
            ],
        ),
        (r#"{"name": "a", "name": "b"}"#, &["/name duplicate: this field is given twice"]),
        (
            r#"{"name": "a", "a/b~c": 1}"#,
            &["/a~1b~0c unknown: there is no such field; known are name, count, tags, nested"],
        ),
        ("[]", &[" type: expected a JSON object"]),
    ];
    for (json, expected) in cases {
        assert_eq!(refusals::<Plain>(json), expected, "{json}");
    }
}

#[test]
fn what_is_not_json_is_a_bad_request() {
    for json in ["{", "{\"name\": }", "nonsense", "{\"name\": \"a\"} x"] {
        let error = accept::<Plain>(json).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::BadRequest, "{json}");
        assert!(!error.detail().contains("nonsense"), "{}", error.detail());
    }
    let deep = format!("{{\"name\": {}1{}}}", "[".repeat(200), "]".repeat(200));
    assert!(accept::<Plain>(&deep).is_err());
}

#[test]
fn a_duplicate_in_a_nested_object_is_refused() {
    let id = "00000000-0000-0000-0000-000000000000";
    let json = format!(r#"{{"name": "a", "nested": {{"id": "{id}", "flag": true, "flag": false}}}}"#);
    assert_eq!(refusals::<Plain>(&json), ["/nested/flag duplicate: this field is given twice"]);
}

#[derive(Debug, Deserialize, JsonSchema, Validate)]
struct Open {
    name: String,
    #[serde(flatten)]
    more: BTreeMap<String, i64>,
}

#[test]
fn a_flattened_map_takes_the_rest() {
    let open: Open = accept(r#"{"name": "a", "x": 1, "y": 2}"#).unwrap();
    assert_eq!((open.name.as_str(), open.more["x"], open.more["y"]), ("a", 1, 2));
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum Shape {
    Circle { radius: i64 },
    Square { side: i64 },
}

impl Validate for Shape {
    fn validate(&self) -> Result<(), validator::ValidationErrors> {
        Ok(())
    }
}

#[test]
fn a_tagged_enum_is_an_input() {
    assert!(matches!(accept(r#"{"kind": "circle", "radius": 2}"#).unwrap(), Shape::Circle { radius: 2 }));
    assert!(matches!(accept(r#"{"side": 3, "kind": "square"}"#).unwrap(), Shape::Square { side: 3 }));
    assert!(accept::<Shape>(r#"{"kind": "line"}"#).is_err());
    let schema = service::<Shape>().arguments().schema();
    assert_eq!(schema["type"], "object");
    assert_eq!(schema["oneOf"].as_array().unwrap().len(), 2);
}

#[test]
fn a_body_belongs_to_the_input_and_a_query_does_not() {
    let declaration = service::<Plain>();
    let mut call = call();
    let body = Arguments::http(Some(r#"{"name": "a"}"#));
    declaration.arguments().parse(&body, &mut call).unwrap();
    let mut query = Arguments::http(None);
    query.query("name", "a");
    let error = declaration.arguments().parse(&query, &mut call).unwrap_err();
    let details: Vec<_> = error.fields().iter().map(|field| field.code.as_ref()).collect();
    assert_eq!(details, ["unknown"], "the body's field is not a query parameter: {:?}", error.fields());
}

/// A formula: each level of it can be one of three that look alike.
#[derive(Debug, Deserialize, JsonSchema, Validate)]
struct Formula {
    #[expect(dead_code, reason = "only read")]
    root: Node,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "lowercase")]
#[expect(dead_code, reason = "only read")]
enum Node {
    Add { left: Box<Self>, right: Box<Self> },
    Sub { left: Box<Self>, right: Box<Self> },
    Leaf { value: i64 },
}

#[test]
fn a_wrong_value_in_a_union_of_unions_is_refused_in_bounded_time() {
    let leaf = r#"{"kind": "leaf", "value": 1}"#;
    let mut json = r#"{"kind": "leaf", "value": "x"}"#.to_owned();
    for _ in 0..40 {
        json = format!(r#"{{"kind": "add", "left": {leaf}, "right": {json}}}"#);
    }
    let found = refusals::<Formula>(&format!(r#"{{"root": {json}}}"#));
    assert_eq!(found, [format!("/root{}/value type: expected an integer", "/right".repeat(40))]);
}

/// What decoded is held to its schema; that may not take longer either, nor refuse what is only large.
#[test]
fn a_right_value_in_a_union_of_unions_is_taken_in_bounded_time() {
    let mut json = r#"{"value": 1, "kind": "leaf"}"#.to_owned();
    for _ in 0..40 {
        json = format!(r#"{{"left": {{"kind": "leaf", "value": 1.0}}, "right": {json}, "kind": "add"}}"#);
    }
    accept::<Formula>(&format!(r#"{{"root": {json}}}"#)).unwrap();
    let mut json = r#"{"value": 1}"#.to_owned();
    for _ in 0..40 {
        json = format!(r#"{{"right": {json}, "left": {{"value": 1}}}}"#);
    }
    accept::<Puzzle>(&format!(r#"{{"root": {json}}}"#)).unwrap();
}

/// One in which nothing tells the variants apart.
#[derive(Debug, Deserialize, JsonSchema, Validate)]
struct Puzzle {
    #[expect(dead_code, reason = "only read")]
    root: Piece,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "only read")]
enum Piece {
    Both { left: Box<Self>, right: Box<Self> },
    Either { left: Option<Box<Self>>, right: Option<Box<Self>>, more: Option<Box<Self>> },
    Leaf { value: i64 },
}

#[test]
fn a_value_is_written_as_text_and_read_again() {
    for (json, text, scalar) in [
        (r#""a \u00e9/b""#, Some("a é/b"), true),
        (r#""""#, Some(""), true),
        ("90071992547409931", Some("90071992547409931"), true),
        ("1.50", Some("1.50"), true),
        ("false", Some("false"), true),
        ("null", None, false),
        (r#"{"a":[1]}"#, Some(r#"{"a":[1]}"#), false),
        ("[1]", Some("[1]"), false),
    ] {
        assert_eq!(json_to_text(json).as_deref(), text, "{json}");
        assert_eq!(scalar_to_text(json).as_deref(), text.filter(|_| scalar), "{json}");
    }
}

#[test]
fn no_body_is_no_arguments_and_a_blank_one_is_no_json() {
    let declaration = service::<Open>();
    let kind = |body| declaration.arguments().parse(&Arguments::http(Some(body)), &mut call()).unwrap_err().kind();
    assert_eq!(kind(""), ErrorKind::Invalid, "a field is missing");
    for blank in [" ", "\r\n\t "] {
        assert_eq!(kind(blank), ErrorKind::BadRequest, "{blank:?}");
    }
}
