//! Inputs that are one of several things: each has rules of its own, which are told where serde has them.

use super::refusal;
use diptych::{Anyone, Input, Operations, Result, Tx, ValidateVariants, service};
use diptych_testkit::TestDatabase;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};
use validator::Validate;

#[derive(Deserialize, JsonSchema, Validate)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Card {
    #[validate(length(equal = 4))]
    last_four: String,
    #[validate(range(min = 1, max = 12))]
    #[serde(rename = "mm")]
    month: u8,
}

#[derive(Deserialize, JsonSchema, Validate)]
#[serde(deny_unknown_fields)]
struct Transfer {
    #[validate(length(min = 1, max = 5))]
    reference: String,
    #[validate(nested)]
    parts: Option<Vec<Card>>,
}

/// Beside the tag.
#[derive(Deserialize, JsonSchema, ValidateVariants)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[expect(dead_code, reason = "only checked")]
enum Beside {
    Card(Card),
    BankTransfer(Transfer),
    Cash,
    Other { what: String },
}

/// Under one name.
#[derive(Deserialize, JsonSchema, ValidateVariants)]
#[serde(tag = "kind", content = "of", rename_all = "snake_case", deny_unknown_fields)]
enum Under {
    Card(Card),
    BankTransfer(Transfer),
    Cash,
}

/// Under the name of each.
#[derive(Deserialize, JsonSchema, ValidateVariants)]
#[serde(rename_all = "camelCase")]
#[expect(dead_code, reason = "only checked")]
enum Named {
    Card(Card),
    BankTransfer(Transfer),
    Note(#[validate(skip)] String),
}

/// Told apart by what they hold.
#[derive(Deserialize, JsonSchema, ValidateVariants)]
#[serde(untagged)]
enum Untagged {
    Card(Card),
    Transfer(Transfer),
}

#[derive(Deserialize, JsonSchema, Validate)]
#[serde(deny_unknown_fields)]
struct Nested {
    #[validate(nested)]
    beside: Option<Beside>,
    #[validate(nested)]
    under: Option<Under>,
    #[validate(nested)]
    named: Option<Named>,
    #[validate(nested)]
    untagged: Option<Untagged>,
    #[validate(nested)]
    several: Option<Vec<Beside>>,
}

#[service("variants.beside")]
async fn beside(_tx: &mut Tx, Input(_): Input<Beside>) -> Result<()> {
    Ok(())
}

#[service("variants.under")]
async fn under(_tx: &mut Tx, Input(_): Input<Under>) -> Result<()> {
    Ok(())
}

#[service("variants.named")]
async fn named(_tx: &mut Tx, Input(_): Input<Named>) -> Result<()> {
    Ok(())
}

#[service("variants.untagged")]
async fn untagged(_tx: &mut Tx, Input(_): Input<Untagged>) -> Result<()> {
    Ok(())
}

#[service("variants.nested")]
async fn nested(_tx: &mut Tx, Input(_): Input<Nested>) -> Result<()> {
    Ok(())
}

pub(super) fn operations() -> Operations {
    Operations::new()
        .add(beside::spec().allow(Anyone))
        .add(under::spec().allow(Anyone))
        .add(named::spec().allow(Anyone))
        .add(untagged::spec().allow(Anyone))
        .add(nested::spec().allow(Anyone))
}

#[tokio::test]
async fn the_rules_of_the_variant_at_hand_are_told_where_it_is() {
    let database = TestDatabase::sqlite();
    let server = super::server(&database).await;
    let card = |last: &str, month: u8| json!({"lastFour": last, "mm": month});
    let with = |mut value: Value, name: &str, more: &str| {
        value[name] = more.into();
        value
    };
    let tagged = |last: &str, month: u8| with(card(last, month), "kind", "card");
    let long = json!({"kind": "bank_transfer", "reference": "123456"});
    let parts = json!({"kind": "bank_transfer", "reference": "1", "parts": [card("1234", 1), card("1", 0)]});
    for (name, arguments, pointers) in [
        ("variants.beside", tagged("1234", 12), &[][..]),
        ("variants.beside", tagged("123", 13), &["/lastFour length", "/mm range"]),
        ("variants.beside", long.clone(), &["/reference length"]),
        ("variants.beside", parts.clone(), &["/parts/1/lastFour length", "/parts/1/mm range"]),
        ("variants.beside", json!({"kind": "cash"}), &[]),
        ("variants.beside", json!({"kind": "other", "what": ""}), &[]),
        ("variants.under", json!({"kind": "card", "of": card("1", 1)}), &["/of/lastFour length"]),
        ("variants.under", json!({"kind": "card", "of": card("1234", 0)}), &["/of/mm range"]),
        ("variants.under", json!({"kind": "bank_transfer", "of": {"reference": ""}}), &["/of/reference length"]),
        ("variants.named", json!({"card": card("1", 13)}), &["/card/lastFour length", "/card/mm range"]),
        ("variants.named", json!({"bankTransfer": {"reference": ""}}), &["/bankTransfer/reference length"]),
        ("variants.named", json!({"note": ""}), &[]),
        ("variants.untagged", card("1", 1), &["/lastFour length"]),
        ("variants.untagged", json!({"reference": ""}), &["/reference length"]),
        ("variants.nested", json!({"beside": tagged("1", 13)}), &["/beside/lastFour length", "/beside/mm range"]),
        ("variants.nested", json!({"under": {"kind": "card", "of": card("1", 1)}}), &["/under/of/lastFour length"]),
        ("variants.nested", json!({"named": {"card": card("1", 1)}}), &["/named/card/lastFour length"]),
        ("variants.nested", json!({"untagged": {"reference": ""}}), &["/untagged/reference length"]),
        ("variants.nested", json!({"several": [{"kind": "cash"}, long]}), &["/several/1/reference length"]),
        // What does not decode: only the variant that was meant is spoken of.
        ("variants.beside", json!({"kind": "card", "mm": "one"}), &["/lastFour required", "/mm type"]),
        ("variants.nested", json!({"under": {"kind": "card", "of": {"mm": 1}}}), &["/under/of/lastFour required"]),
        (
            "variants.nested",
            json!({"several": [{"kind": "coins"}, {}]}),
            &["/several/0/kind type", "/several/1/kind required"],
        ),
        ("variants.beside", json!({"kind": "coins"}), &["/kind type"]),
        ("variants.beside", json!({"lastFour": "1234"}), &["/kind required"]),
        ("variants.named", json!({}), &[" type"]),
    ] {
        let declaration = server.engine().operation(name).unwrap().declaration();
        let told = refusal(declaration, &arguments).unwrap_or_default();
        let told: Vec<_> = told
            .split("FieldError {")
            .skip(1)
            .map(|field| {
                let text = |name: &str| {
                    field.split(&format!("{name}: \"")).nth(1).and_then(|rest| rest.split('"').next()).unwrap()
                };
                format!("{} {}", text("pointer"), text("code"))
            })
            .collect();
        let mut told: Vec<_> = told.iter().map(String::as_str).collect();
        told.sort_unstable();
        assert_eq!(told, pointers, "{name} {arguments}");
    }
}
