use super::*;
use crate::{ErrorKind, LogLevel};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;
use std::time::Duration;

struct Answers(Value);

impl Peer for Answers {
    fn progress(&self, _: f64, _: Option<f64>, _: Option<&str>) {}
    fn wants(&self, _: LogLevel) -> bool {
        false
    }
    fn log(&self, _: LogLevel, _: Option<&str>, _: &Value) {}
    fn can(&self, capability: Capability) -> bool {
        capability == Capability::Form
    }
    fn answer(&self, key: &str) -> Option<Value> {
        self.0.get(key).cloned()
    }
    fn release(&self, _: Duration) {}
}

fn ask(answers: Value) -> Ask {
    Ask { peer: Some(Arc::new(Answers(answers))), questions: Questions::default() }
}

#[derive(Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Colour {
    /// Like the sky.
    Blue,
    /// Like grass.
    Green,
}

#[derive(Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Size {
    Small,
    Large,
}

#[derive(Debug, PartialEq, Deserialize, JsonSchema)]
struct Everything {
    /// Your name.
    #[schemars(length(min = 1, max = 5))]
    name: String,
    #[schemars(range(min = 0, max = 150))]
    age: Option<i32>,
    colour: Colour,
    #[serde(default)]
    sizes: Vec<Size>,
    sure: bool,
}

#[test]
fn a_struct_is_a_form() {
    assert_eq!(
        form::schema::<Everything>().unwrap(),
        json!({
            "type": "object",
            "properties": {
                "name": {"type": "string", "description": "Your name.", "minLength": 1, "maxLength": 5},
                "age": {"type": "integer", "minimum": 0, "maximum": 150},
                "colour": {"type": "string", "oneOf": [
                    {"const": "blue", "title": "Like the sky."},
                    {"const": "green", "title": "Like grass."},
                ]},
                "sizes": {"type": "array", "items": {"type": "string", "enum": ["small", "large"]}},
                "sure": {"type": "boolean"},
            },
            "required": ["name", "colour", "sure"],
        })
    );
}

#[test]
fn what_clients_cannot_show_is_no_form() {
    #[derive(Deserialize, JsonSchema)]
    struct Nested {
        #[expect(dead_code, reason = "only its schema is asked for")]
        inner: Everything,
    }
    assert!(form::schema::<Nested>().unwrap_err().contains("`inner`"));
    assert!(form::schema::<Vec<String>>().is_err());
    assert!(form::check(&json!({"type": "object", "properties": {"a": {"type": "object"}}})).is_err());
    assert!(form::check(&json!({"properties": {}})).is_err());
}

#[test]
fn a_question_without_an_answer_ends_the_run() {
    let ask = ask(json!({}));
    assert!(ask.can(Capability::Form) && !ask.can(Capability::Roots));
    let open = [
        ask.form::<Everything>("form", "Who?").map(drop),
        ask.url("url", "Pay", "https://example.com").map(drop),
        ask.sample("sample", Sampling::new("Hello", 9)).map(drop),
        ask.roots("roots").map(drop),
        ask.roots("roots").map(drop),
    ];
    for answer in open {
        assert_eq!(answer.unwrap_err().kind(), ErrorKind::InputRequired);
    }
    let questions = ask.questions.take();
    let keys: Vec<_> = questions.iter().map(|question| &*question.key).collect();
    assert_eq!(keys, ["form", "url", "sample", "roots"]);
}

#[test]
fn answers_are_read_and_wrong_ones_asked_for_again() {
    let whole = json!({"name": "Ann", "colour": "blue", "sizes": ["small"], "sure": true});
    let with = |name: &str, value: Value| {
        let mut content = whole.clone();
        content[name] = value;
        content
    };
    for (content, good) in [
        (whole.clone(), true),
        (with("age", json!(30)), true),
        (with("age", json!(151)), false),
        (with("age", json!(1.5)), false),
        (with("name", json!("")), false),
        (with("name", json!("Anneliese")), false),
        (with("colour", json!("red")), false),
        (with("sizes", json!(["huge"])), false),
        (with("sure", json!("true")), false),
        (json!({"name": "Ann"}), false),
        (json!(null), false),
    ] {
        let ask = ask(json!({"form": {"action": "accept", "content": content}}));
        let answer = ask.form::<Everything>("form", "Who?");
        assert_eq!(answer.is_ok(), good, "{content}");
        assert_eq!(ask.questions.take().len(), usize::from(!good), "{content}");
    }
    for (answer, expected) in [
        (json!({"action": "decline"}), Some(Elicited::Declined)),
        (json!({"action": "cancel", "content": {}}), Some(Elicited::Cancelled)),
        (json!({"action": "perhaps"}), None),
        (json!(7), None),
    ] {
        let ask = ask(json!({"form": answer}));
        assert_eq!(ask.form::<Everything>("form", "Who?").ok(), expected, "{answer}");
    }
}

#[test]
fn models_and_roots_answer_in_their_own_form() {
    let ask = ask(json!({
        "one": {"role": "assistant", "content": {"type": "text", "text": "Paris"}, "model": "m"},
        "many": {"role": "assistant", "content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}], "model": "m"},
        "roots": {"roots": [{"uri": "file:///a", "name": "A"}]},
        "url": {"action": "accept"},
    }));
    let sampling = || Sampling::new("Hello", 9);
    assert_eq!(ask.sample("one", sampling()).unwrap().text(), "Paris");
    assert_eq!(ask.sample("many", sampling()).unwrap().text(), "ab");
    assert_eq!(ask.roots("roots").unwrap(), [Root { uri: "file:///a".to_owned(), name: Some("A".to_owned()) }]);
    assert_eq!(ask.url("url", "Pay", "https://example.com").unwrap(), Elicited::Accepted(()));
}
