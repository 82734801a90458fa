//! Inputs with every rule that `validator` knows, and what a schema has to be told of by hand.

use chrono::{DateTime, NaiveDate, Utc};
use diptych::{Anyone, Conn, Input, Operations, Patch, Result, Tx, selector, service};
use regex::Regex;
use schemars::JsonSchema;
use serde::Deserialize;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::LazyLock,
};
use uuid::Uuid;
use validator::{Validate, ValidationError, ValidationErrors};

static CODE: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"\A[A-Z]{2}\-[0-9]+\z").unwrap());

#[derive(Deserialize, JsonSchema, Validate)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[expect(dead_code, reason = "only checked")]
struct EveryRule {
    #[validate(length(min = 2, max = 5))]
    some_text: String,
    #[validate(length(equal = 3))]
    exact_text: Option<String>,
    #[validate(length(min = 1, max = 3), custom(function = "short"))]
    #[schemars(inner(length(max = 4)))]
    words: Vec<String>,
    #[validate(length(max = 2))]
    #[schemars(extend("maxProperties" = 2))]
    counts: Option<BTreeMap<String, u32>>,
    #[validate(range(min = 1, max = 10))]
    rating: i64,
    #[validate(range(exclusive_min = 0.0, exclusive_max = 1.0))]
    #[schemars(extend("exclusiveMinimum" = 0, "exclusiveMaximum" = 1))]
    share: Option<f64>,
    #[validate(email)]
    email: Option<String>,
    #[validate(url)]
    link: Option<String>,
    #[validate(ip)]
    address: Option<String>,
    #[validate(ip(v4 = true))]
    #[schemars(extend("format" = "ipv4"))]
    old_address: Option<String>,
    #[validate(contains(pattern = "#-"))]
    tagged: Option<String>,
    #[validate(does_not_contain(pattern = "x"))]
    #[schemars(extend("not" = {"pattern": "x"}))]
    unknowns: Option<String>,
    #[validate(non_control_character)]
    #[schemars(extend("pattern" = r"^\P{Cc}*$"))]
    line: Option<String>,
    #[validate(regex(path = *CODE))]
    code: Option<String>,
    #[validate(required)]
    needed: Option<bool>,
    #[validate(custom(function = "is_even"))]
    #[schemars(extend("multipleOf" = 2))]
    even: Option<i32>,
    #[validate(nested)]
    main: Option<Part>,
    #[validate(nested)]
    parts: Vec<Part>,
    #[validate(length(min = 1, max = 4))]
    note: Patch<String>,
    until: Patch<NaiveDate>,
    size: Option<Size>,
    colour: Option<Colour>,
    tree: Option<Tree>,
    id: Option<Uuid>,
    at: Option<DateTime<Utc>>,
    small: Option<u8>,
    whole: Option<u32>,
    large: Option<u64>,
    letter: Option<char>,
    pair: Option<(String, i64)>,
    #[validate(length(max = 3))]
    set: Option<BTreeSet<i64>>,
}

#[derive(Deserialize, JsonSchema, Validate)]
#[serde(rename_all = "kebab-case")]
#[expect(dead_code, reason = "only checked")]
struct Part {
    #[validate(range(min = 1))]
    unit_price: i32,
    #[validate(length(max = 3))]
    label: Option<String>,
    day: Option<NaiveDate>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Size {
    Small,
    Large,
}

/// With a description each, so that its schema is a union.
#[derive(Deserialize, JsonSchema)]
#[expect(dead_code, reason = "only checked")]
enum Colour {
    /// No colour.
    None,
    /// Red, green and blue.
    Rgb(u8, u8, u8),
    /// One that has a name.
    Named { name: String },
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "only checked")]
struct Tree {
    children: Vec<Self>,
}

/// A variant of an input is checked by hand: the derive of `validator` does structs only.
#[derive(Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "lowercase", deny_unknown_fields)]
#[expect(dead_code, reason = "only checked")]
enum Shape {
    Circle {
        #[schemars(range(min = 1))]
        radius: u32,
    },
    Box {
        width: i64,
        height: Option<i64>,
        since: Option<NaiveDate>,
    },
    Point,
}

impl Validate for Shape {
    fn validate(&self) -> Result<(), ValidationErrors> {
        let mut errors = ValidationErrors::new();
        if matches!(self, Self::Circle { radius: 0 }) {
            errors.add("radius", ValidationError::new("range"));
        }
        if errors.is_empty() { Ok(()) } else { Err(errors) }
    }
}

/// Rules across fields, which no schema says.
#[derive(Deserialize, JsonSchema, Validate)]
#[validate(schema(function = "in_order"))]
struct Span {
    from: i64,
    to: i64,
    password: String,
    #[validate(must_match(other = "password"))]
    again: String,
}

/// A union among other fields.
#[derive(Deserialize, JsonSchema, Validate)]
#[expect(dead_code, reason = "only checked")]
struct Flat {
    #[validate(length(max = 3))]
    label: Option<String>,
    #[serde(flatten)]
    colour: Paint,
    #[serde(flatten)]
    more: BTreeMap<String, i64>,
}

#[derive(Deserialize, JsonSchema)]
#[expect(dead_code, reason = "only checked")]
enum Paint {
    Rgb(u8, u8, u8),
    Named { name: String, since: Option<NaiveDate> },
}

fn short(words: &[String]) -> Result<(), ValidationError> {
    if words.iter().all(|word| word.chars().count() <= 4) { Ok(()) } else { Err(ValidationError::new("short")) }
}

fn is_even(number: i32) -> Result<(), ValidationError> {
    if number % 2 == 0 { Ok(()) } else { Err(ValidationError::new("even")) }
}

fn in_order(span: &Span) -> Result<(), ValidationError> {
    if span.from <= span.to { Ok(()) } else { Err(ValidationError::new("order")) }
}

#[service("every.rule")]
async fn every_rule(_tx: &mut Tx, Input(_): Input<EveryRule>) -> Result<()> {
    Ok(())
}

#[service("every.variant")]
async fn every_variant(_tx: &mut Tx, #[arg] id: Uuid, Input(_): Input<Shape>) -> Result<Uuid> {
    Ok(id)
}

#[service("every.union")]
async fn every_union(_tx: &mut Tx, Input(_): Input<Flat>) -> Result<()> {
    Ok(())
}

#[selector("every.argument")]
async fn every_argument(
    _db: &mut Conn,
    #[arg]
    #[schemars(range(min = 1, max = 5))]
    count: i64,
    #[arg]
    #[schemars(length(max = 3))]
    tag: Option<String>,
    #[arg]
    #[schemars(email)]
    mail: Option<String>,
    #[arg] sizes: Option<Vec<Size>>,
) -> Result<String> {
    Ok(format!("{count} {tag:?} {mail:?} {}", sizes.map_or(0, |sizes| sizes.len())))
}

#[service("across.fields")]
async fn across_fields(_tx: &mut Tx, Input(_): Input<Span>) -> Result<()> {
    Ok(())
}

pub(super) fn operations() -> Operations {
    Operations::new()
        .add(every_rule::spec().allow(Anyone))
        .add(every_variant::spec().allow(Anyone))
        .add(every_argument::spec().allow(Anyone))
        .add(every_union::spec().allow(Anyone))
        .add(across_fields::spec().allow(Anyone))
}
