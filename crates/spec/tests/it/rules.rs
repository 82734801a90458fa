//! Rules of `validator`: wire names, words, and no values.

use crate::declared::refusals;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use validator::Validate;

#[derive(Debug, Deserialize, JsonSchema, Validate)]
#[serde(rename_all = "camelCase")]
struct Renamed {
    #[validate(length(min = 2, max = 4))]
    short_name: String,
    #[serde(rename = "type")]
    #[validate(range(min = 1, max = 3))]
    kind: i64,
    #[serde(rename = "contact")]
    #[validate(email)]
    mail: String,
    #[serde(rename = "elements")]
    #[validate(length(min = 1), nested)]
    lines: Vec<Line>,
    #[validate(nested)]
    main_line: Line,
}

#[derive(Debug, Deserialize, Serialize, JsonSchema, Validate)]
#[serde(rename_all = "kebab-case")]
struct Line {
    #[validate(range(min = 1))]
    unit_price: i64,
}

#[test]
fn rules_are_reported_in_the_names_of_the_wire() {
    let json = r#"{"shortName": "x", "type": 9, "contact": "secret", "elements": [{"unit-price": 1}, {"unit-price": 0}],
                   "mainLine": {"unit-price": -5}}"#;
    assert_eq!(
        refusals::<Renamed>(json),
        [
            "/contact email: must be an email address",
            "/elements/1/unit-price range: must be at least 1",
            "/mainLine/unit-price range: must be at least 1",
            "/shortName length: must have 2 to 4 characters",
            "/type range: must be at least 1 and at most 3",
        ]
    );
}

#[derive(Debug, Deserialize, JsonSchema, Validate)]
#[validate(schema(function = "ordered", skip_on_field_errors = false))]
struct Worded {
    #[validate(length(equal = 3))]
    exact: String,
    #[validate(range(exclusive_min = 0.0, exclusive_max = 1.0))]
    share: f64,
    #[validate(length(max = 2))]
    list: Vec<i64>,
    #[validate(url)]
    link: String,
    #[validate(contains(pattern = "@"))]
    handle: String,
    #[validate(custom(function = "even", message = "has to be even"))]
    even: i64,
    #[validate(custom(function = "odd"))]
    odd: i64,
}

fn even(value: i64) -> Result<(), validator::ValidationError> {
    if value % 2 == 0 { Ok(()) } else { Err(validator::ValidationError::new("even")) }
}

fn odd(value: i64) -> Result<(), validator::ValidationError> {
    if value % 2 != 0 { Ok(()) } else { Err(validator::ValidationError::new("odd")) }
}

fn ordered(worded: &Worded) -> Result<(), validator::ValidationError> {
    if worded.even > worded.odd {
        return Ok(());
    }
    Err(validator::ValidationError::new("order").with_message("even has to be more than odd".into()))
}

#[test]
fn rules_say_what_they_want_and_never_what_they_got() {
    let json = r#"{"exact": "secret", "share": 1.5, "list": [1, 2, 3], "link": "secret", "handle": "secret", "even": 1, "odd": 2}"#;
    let found = refusals::<Worded>(json);
    assert_eq!(
        found,
        [
            " order: even has to be more than odd",
            "/even even: has to be even",
            "/exact length: must have exactly 3 characters",
            "/handle contains: must contain @",
            "/link url: must be a URL",
            "/list length: must have at most 2 elements",
            "/odd odd: is not valid (odd)",
            "/share range: must be more than 0 and less than 1",
        ]
    );
    assert!(!found.concat().contains("secret"));
}

#[derive(Debug, Deserialize, JsonSchema, Validate)]
struct Signup {
    password: String,
    #[validate(must_match(other = "password"))]
    again: String,
    #[validate(ip)]
    #[serde(rename = "from")]
    address: Option<String>,
    #[serde(rename = "part")]
    #[validate(range(exclusive_min = 0.0))]
    #[schemars(extend("exclusiveMinimum" = 0))]
    share: Option<f64>,
}

/// What `validator` calls the other field is what was sent in it.
#[test]
fn a_rule_across_fields_repeats_neither() {
    let json = r#"{"password": "secret-1", "again": "secret-2", "from": "nowhere", "part": 0}"#;
    assert_eq!(
        refusals::<Signup>(json),
        [
            "/again must_match: must be the same as the other field",
            "/from ip: must be an IP address",
            "/part range: must be more than 0",
        ]
    );
}

#[derive(Debug, Deserialize, JsonSchema, Validate)]
struct Mixed {
    #[validate(length(min = 2))]
    name: String,
    #[expect(dead_code, reason = "only read")]
    size: Size,
    #[validate(nested)]
    line: Line,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Size {
    Small,
}

#[test]
fn rules_are_told_together_with_what_does_not_decode() {
    assert_eq!(
        refusals::<Mixed>(r#"{"name": "", "size": "huge", "line": {"unit-price": 0}}"#),
        [
            "/line/unit-price range: must be at least 1",
            "/name length: must have at least 2 characters",
            "/size type: expected one of small",
        ]
    );
    // serde takes both of these.
    assert_eq!(
        refusals::<Mixed>(r#"{"name": "x", "size": {"small": null}, "line": [1]}"#),
        [
            "/line type: expected an object",
            "/name length: must have at least 2 characters",
            "/size type: expected one of small",
        ]
    );
}
