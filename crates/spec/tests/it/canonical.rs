//! Arguments as one text, however they were given: what tells whether two calls with one idempotency key are the same.

use crate::declared::service;
use diptych_spec::Arguments;
use schemars::JsonSchema;
use serde::Deserialize;
use std::collections::BTreeMap;
use validator::Validate;

#[derive(Debug, Deserialize, JsonSchema, Validate)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "only declared")]
struct Order {
    number: String,
    count: Option<i64>,
    price: Option<f64>,
    lines: Option<Vec<Line>>,
}

#[derive(Debug, Deserialize, JsonSchema, Validate)]
#[expect(dead_code, reason = "only declared")]
struct Line {
    text: String,
    quantity: i64,
}

#[derive(Debug, Deserialize, JsonSchema, Validate)]
#[expect(dead_code, reason = "only declared")]
struct Open {
    name: String,
    #[serde(flatten)]
    others: BTreeMap<String, i64>,
}

fn of(arguments: &Arguments<'_>) -> String {
    service::<Order>().arguments().canonical(arguments).unwrap()
}

#[test]
fn spelling_makes_no_difference() {
    let text =
        r#"{"count":2,"lines":[{"quantity":1,"text":"a",},{"quantity":2,"text":"b",},],"number":"7","price":3,}"#;
    for same in [
        r#"{"number":"7","count":2,"price":3,"lines":[{"text":"a","quantity":1},{"text":"b","quantity":2}]}"#,
        r#" { "lines": [{"quantity": 1.0, "text": "\u0061"}, {"quantity": 2, "text": "b"}], "price": 3.0, "count": 2e0, "number": "7" } "#,
    ] {
        assert_eq!(of(&Arguments::named(same)), text);
        assert_eq!(of(&Arguments::http(Some(same))), text);
        assert_eq!(of(&Arguments::named(same).from_a_model()), text);
    }
    let written = r#"{"number":"7","count":"2","price":"3","lines":"[{\"text\":\"a\",\"quantity\":\"1\"},{\"text\":\"b\",\"quantity\":2}]"}"#;
    assert_eq!(of(&Arguments::named(written).from_a_model()), text, "what a model means");
}

#[test]
fn meaning_does() {
    let different = [
        "{\"number\":\"7\"}",
        "{\"number\":\"07\"}",
        "{\"number\":\"7 \"}",
        "{\"number\":\"7\",\"count\":7}",
        "{\"number\":\"7\",\"price\":7}",
        "{\"number\":\"7\",\"price\":7.5}",
        "{\"number\":\"7\",\"lines\":[]}",
        "{\"number\":\"7\",\"lines\":[{\"text\":\"a\",\"quantity\":1},{\"text\":\"b\",\"quantity\":2}]}",
        "{\"number\":\"7\",\"lines\":[{\"text\":\"b\",\"quantity\":2},{\"text\":\"a\",\"quantity\":1}]}",
        "{\"number\":\"7\",\"count\":9007199254740993}",
        "{\"number\":\"7\",\"count\":9007199254740992}",
    ];
    let texts: Vec<_> = different.iter().map(|json| of(&Arguments::named(json))).collect();
    for (at, text) in texts.iter().enumerate() {
        assert!(!texts[at + 1..].contains(text), "{text}");
    }
}

#[test]
fn names_that_are_not_declared_count_as_well() {
    let open = service::<Open>();
    let of = |json| open.arguments().canonical(&Arguments::named(json)).unwrap();
    assert_eq!(of(r#"{"z":1,"name":"a","b\"":2}"#), r#"{"b\"":2,"name":"a","z":1,}"#);
    assert_eq!(of(r#"{"name":"a","b\"":2,"z":1.0}"#), of(r#"{"z":1,"name":"a","b\"":2}"#));
}
