//! Fields of a partial update: absent, null and set are told apart at any depth, in the schema, and by every rule.

use crate::declared::{accept, refusals, service};
use diptych_spec::{Args, Arguments, Input, Patch, SelectorSpec, ServiceSpec};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::net::IpAddr;
use validator::{Validate, ValidationError};

#[derive(Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema, Validate)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Change {
    /// What it is called.
    #[validate(length(min = 2, max = 4))]
    short_name: Patch<String>,
    #[validate(range(min = 1, max = 3))]
    rank: Patch<i64>,
    #[validate(range(min = 0.5))]
    share: Patch<f64>,
    #[validate(email)]
    mail: Patch<String>,
    #[validate(url)]
    link: Patch<String>,
    #[validate(does_not_contain(pattern = "@"))]
    handle: Patch<String>,
    #[validate(non_control_character)]
    line: Patch<String>,
    #[validate(ip)]
    address: Patch<IpAddr>,
    #[validate(custom(function = "even"))]
    even: Patch<i64>,
    #[validate(length(min = 1), nested)]
    parts: Patch<Vec<Part>>,
    #[validate(nested)]
    part: Patch<Part>,
    size: Patch<Size>,
    flag: Patch<bool>,
    plain: Option<i64>,
}

#[derive(Debug, Clone, Default, PartialEq, Deserialize, Serialize, JsonSchema, Validate)]
struct Part {
    #[validate(range(min = 1))]
    count: Patch<i64>,
    must: Option<i64>,
}

#[derive(Debug, Clone, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Size {
    Small,
    Large,
}

fn even(value: &Patch<i64>) -> Result<(), ValidationError> {
    match value {
        Patch::Set(value) if value % 2 != 0 => Err(ValidationError::new("even")),
        _ => Ok(()),
    }
}

/// Every name with a value that its rules take.
fn good() -> Value {
    json!({
        "shortName": "abc", "rank": 2, "share": 1.5, "mail": "a@b.c", "link": "https://b.c", "handle": "ann",
        "line": "one", "address": "10.0.0.1", "even": 2, "parts": [{"count": 1}], "part": {"count": null}, "size": "large",
        "flag": true,
    })
}

#[test]
fn absent_null_and_set_are_three_things_without_an_attribute() {
    assert_eq!(accept::<Change>("{}").unwrap(), Change::default());
    let nulls: Value = good()
        .as_object()
        .unwrap()
        .keys()
        .map(|name| (name.clone(), Value::Null))
        .collect::<serde_json::Map<_, _>>()
        .into();
    let cleared = Change {
        short_name: Patch::Null,
        rank: Patch::Null,
        share: Patch::Null,
        mail: Patch::Null,
        link: Patch::Null,
        handle: Patch::Null,
        line: Patch::Null,
        address: Patch::Null,
        even: Patch::Null,
        parts: Patch::Null,
        part: Patch::Null,
        size: Patch::Null,
        flag: Patch::Null,
        plain: None,
    };
    assert_eq!(accept::<Change>(&nulls.to_string()).unwrap(), cleared);
    let set = accept::<Change>(&good().to_string()).unwrap();
    assert_eq!((&set.short_name, set.rank, set.flag), (&Patch::Set("abc".to_owned()), Patch::Set(2), Patch::Set(true)));
    assert_eq!((set.size, set.share), (Patch::Set(Size::Large), Patch::Set(1.5)));
    assert_eq!(set.parts, Patch::Set(vec![Part { count: Patch::Set(1), must: None }]));
    assert_eq!(set.part, Patch::Set(Part { count: Patch::Null, must: None }), "at any depth");
}

#[test]
fn serde_alone_tells_them_apart_too() {
    let read = |json| serde_json::from_str::<Part>(json).map(|part| part.count);
    assert_eq!(read("{}").unwrap(), Patch::Absent);
    assert_eq!(read(r#"{"count": null}"#).unwrap(), Patch::Null);
    assert_eq!(read(r#"{"count": 1}"#).unwrap(), Patch::Set(1));
    assert_eq!(serde_json::from_value::<Part>(json!({"count": 1})).unwrap().count, Patch::Set(1));
    for broken in [r#"{"count": tru}"#, r#"{"count": }"#, r#"{"count": "x"}"#, r#"{"count": nul"#] {
        read(broken).unwrap_err();
    }
    #[derive(Debug, Deserialize)]
    struct Inner {
        #[expect(dead_code, reason = "only read")]
        needed: i64,
    }
    #[derive(Debug, Deserialize)]
    struct Outer {
        inner: Patch<Inner>,
    }
    let error = serde_json::from_str::<Outer>(r#"{"inner": {}}"#).unwrap_err();
    assert!(error.to_string().starts_with("missing field `needed`"), "{error}");
    assert!(serde_json::from_str::<Outer>("{}").unwrap().inner.is_absent());
    #[derive(Debug, Deserialize)]
    struct Flat {
        #[serde(flatten)]
        part: Part,
    }
    assert_eq!(serde_json::from_str::<Flat>(r#"{"count": null}"#).unwrap().part.count, Patch::Null);
    assert_eq!(serde_json::from_str::<Flat>("{}").unwrap().part.count, Patch::Absent);
}

#[test]
fn every_rule_holds_for_the_value_alone() {
    let bad = json!({
        "shortName": "secret", "rank": 9, "share": 0.1, "mail": "secret", "link": "secret", "handle": "a@b",
        "line": "\u{7}", "even": 1, "parts": [], "part": {"count": 0},
    });
    let found = refusals::<Change>(&bad.to_string());
    assert_eq!(
        found,
        [
            "/even even: is not valid (even)",
            "/handle does_not_contain: must not contain @",
            "/line non_control_character: must not contain control characters",
            "/link url: must be a URL",
            "/mail email: must be an email address",
            "/part/count range: must be at least 1",
            "/parts length: must have at least 1 elements",
            "/rank range: must be at least 1 and at most 3",
            "/share range: must be at least 0.5",
            "/shortName length: must have 2 to 4 characters",
        ]
    );
    assert_eq!(
        refusals::<Change>(r#"{"parts": [{"count": 1}, {"count": 0}]}"#),
        ["/parts/1/count range: must be at least 1"]
    );
}

#[test]
fn what_is_of_another_type_is_told_with_null_where_that_goes() {
    assert_eq!(
        refusals::<Change>(
            r#"{"shortName": 1, "rank": "x", "parts": {}, "part": 1, "size": "huge", "plain": null, "flag": "no", "none": 1}"#
        ),
        [
            "/flag type: expected true or false or null",
            "/none unknown: there is no such field; known are shortName, rank, share, mail, link, handle, line, address, even, parts, part, size, flag, plain",
            "/part type: expected an object or null",
            "/parts type: expected an array, each element an object or null",
            "/plain type: expected an integer; leave the field out instead of null",
            "/rank type: expected an integer or null",
            "/shortName type: expected a string or null",
            "/size type: expected one of small, large or null",
        ]
    );
}

#[test]
fn the_schema_shows_what_can_be_null() {
    let schema = service::<Change>().arguments().schema();
    let properties = &schema["properties"];
    assert_eq!(
        properties["shortName"],
        json!({"type": ["string", "null"], "description": "What it is called.", "minLength": 2, "maxLength": 4})
    );
    assert_eq!(properties["rank"], json!({"type": ["integer", "null"], "format": "int64", "minimum": 1, "maximum": 3}));
    assert_eq!(properties["size"], json!({"type": ["string", "null"], "enum": ["small", "large", null]}));
    assert_eq!(properties["plain"], json!({"type": "integer", "format": "int64"}));
    assert_eq!(properties["part"]["type"], json!(["object", "null"]));
    assert_eq!(properties["part"]["properties"]["count"]["type"], json!(["integer", "null"]));
    assert!(schema.get("required").is_none(), "{schema}");
    assert!(properties["part"].get("required").is_none(), "{schema}");
    assert!(!schema.to_string().contains("x-diptych"), "{schema}");
}

#[derive(Debug, Default, Deserialize, Serialize, JsonSchema, Validate)]
#[serde(default)]
struct Defaulted {
    note: Patch<String>,
}

#[test]
fn a_default_of_serde_changes_nothing() {
    let schema = service::<Defaulted>().arguments().schema();
    assert_eq!(schema["properties"]["note"], json!({"type": ["string", "null"]}));
    assert_eq!(accept::<Defaulted>("{}").unwrap().note, Patch::Absent);
    assert_eq!(accept::<Defaulted>(r#"{"note": null}"#).unwrap().note, Patch::Null);
}

#[test]
fn what_a_model_writes_as_a_string_is_taken_as_meant() {
    let declaration = service::<Part>();
    for (given, meant) in [(r#"{"count": "5"}"#, Patch::Set(5)), (r#"{"count": "null"}"#, Patch::Null)] {
        let mut call = crate::declared::call();
        declaration.arguments().parse(&Arguments::named(given).from_a_model(), &mut call).unwrap();
        assert_eq!(call.take::<Part>().unwrap().count, meant, "{given}");
    }
    assert_eq!(accept::<Part>(r#"{"count": 2.0}"#).unwrap().count, Patch::Set(2));
}

async fn by_argument(_: &mut (), _: Args<Part>) -> diptych_spec::Result<()> {
    Ok(())
}

async fn by_query(_: &mut (), _: Input<Part>) -> diptych_spec::Result<Option<()>> {
    Ok(None)
}

#[test]
fn only_a_body_can_say_null() {
    let mistakes = |declaration: diptych_spec::Declaration| {
        let found = declaration.mistakes(&diptych_spec::StateMap::default());
        found.iter().map(ToString::to_string).filter(|mistake| mistake.contains("Patch")).collect::<Vec<_>>()
    };
    let expected = [
        "test: `count` is a `Patch`, but only a field of a service's `Input` can be null on every surface; write an `Option`",
    ];
    assert_eq!(mistakes(ServiceSpec::from_fn("test", by_argument).into_parts().0), expected);
    assert_eq!(mistakes(SelectorSpec::from_fn("test", by_query).into_parts().0), expected);
    assert!(mistakes(service::<Part>()).is_empty());
}

#[test]
fn a_patch_says_what_is_there_afterwards() {
    assert_eq!(Patch::Absent.or(Some(1)), Some(1));
    assert_eq!(Patch::Null.or(Some(1)), None);
    assert_eq!(Patch::Set(2).or(Some(1)), Some(2));
    assert_eq!(Patch::Set("2").as_ref().map(|text| text.len()), Patch::Set(1));
}
