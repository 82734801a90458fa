//! Tools that ask: the user, the client's model, the client itself. The same functions in both eras.

use diptych::{Anyone, Ask, Capability, Content, Elicited, Operations, Result, Sampling, selector};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

#[derive(Debug, Deserialize, Serialize, JsonSchema)]
struct Contact {
    /// The user's name.
    username: String,
    /// The user's address.
    email: String,
}

#[derive(Debug, Deserialize, Serialize, JsonSchema)]
struct Name {
    name: String,
}

#[derive(Debug, Deserialize, Serialize, JsonSchema)]
struct Confirmation {
    ok: bool,
}

#[derive(Debug, Deserialize, Serialize, JsonSchema)]
struct Colour {
    color: String,
}

#[derive(Debug, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Status {
    Active,
    Inactive,
    Pending,
}

/// Every kind of field, each with a default.
#[derive(Debug, Deserialize, Serialize, JsonSchema)]
#[serde(default)]
struct Defaults {
    name: String,
    age: i64,
    score: f64,
    status: Status,
    verified: bool,
}

impl Default for Defaults {
    fn default() -> Self {
        Self { name: "John Doe".to_owned(), age: 30, score: 95.5, status: Status::Active, verified: true }
    }
}

/// Asks the client's model.
#[selector("test_sampling")]
async fn sampling(ask: Ask, #[arg] prompt: String) -> Result<Content> {
    let said = ask.sample("answer", Sampling::new(prompt, 100))?;
    Ok(format!("LLM response: {}", said.text()).into())
}

/// Asks the user for a name and an address.
#[selector("test_elicitation")]
async fn elicitation(ask: Ask, #[arg] message: String) -> Result<Content> {
    Ok(outcome("User response", &ask.form::<Contact>("contact", message)?).into())
}

/// Asks with a default for every kind of field.
#[selector("test_elicitation_sep1034_defaults")]
async fn elicitation_defaults(ask: Ask) -> Result<Content> {
    let answer = ask.form::<Defaults>("defaults", "Please review and update the form fields with defaults")?;
    Ok(outcome("Elicitation completed", &answer).into())
}

/// Asks with every kind of choice.
#[selector("test_elicitation_sep1330_enums")]
async fn elicitation_enums(ask: Ask) -> Result<Content> {
    let titled = json!([
        {"const": "value1", "title": "First Option"},
        {"const": "value2", "title": "Second Option"},
        {"const": "value3", "title": "Third Option"},
    ]);
    let plain = json!(["option1", "option2", "option3"]);
    let schema = json!({
        "type": "object",
        "properties": {
            "untitledSingle": {"type": "string", "enum": plain},
            "titledSingle": {"type": "string", "oneOf": titled},
            "legacyEnum": {
                "type": "string",
                "enum": ["opt1", "opt2", "opt3"],
                "enumNames": ["Option One", "Option Two", "Option Three"],
            },
            "untitledMulti": {"type": "array", "items": {"type": "string", "enum": plain}},
            "titledMulti": {"type": "array", "items": {"anyOf": titled}},
        },
        "required": [],
    });
    let answer: Elicited<Value> = ask.form_of("choices", "Please select options from the enum fields", schema)?;
    Ok(outcome("Elicitation completed", &answer).into())
}

/// Asks something that the client has to be capable of.
#[selector("test_missing_capability")]
async fn missing_capability(ask: Ask) -> Result<Content> {
    Ok(ask.sample("answer", Sampling::new("Anything", 10))?.text().into())
}

/// Asks the user while the answer may be a stream.
#[selector("test_streaming_elicitation")]
async fn streaming_elicitation(ask: Ask) -> Result<Content> {
    Ok(outcome("User response", &ask.form::<Name>("user_name", "What is your name?")?).into())
}

/// Asks for a name.
#[selector("test_input_required_result_elicitation")]
async fn input_required_elicitation(ask: Ask) -> Result<Content> {
    Ok(greeting(ask.form::<Name>("user_name", "What is your name?")?).into())
}

/// Asks the client's model for a capital.
#[selector("test_input_required_result_sampling")]
async fn input_required_sampling(ask: Ask) -> Result<Content> {
    let question = Sampling::new("What is the capital of France?", 100);
    Ok(ask.sample("capital_question", question)?.text().into())
}

/// Asks for the roots.
#[selector("test_input_required_result_list_roots")]
async fn input_required_list_roots(ask: Ask) -> Result<Content> {
    let roots: Vec<_> = ask.roots("client_roots")?.into_iter().map(|root| root.uri).collect();
    Ok(format!("Roots: {}", roots.join(", ")).into())
}

/// Asks for a confirmation, and gets back what it had the client keep.
#[selector("test_input_required_result_request_state")]
async fn input_required_state(ask: Ask) -> Result<Content> {
    Ok(outcome("state-ok", &ask.form::<Confirmation>("confirm", "Please confirm")?).into())
}

/// Asks three things at once.
#[selector("test_input_required_result_multiple_inputs")]
async fn input_required_multiple(ask: Ask) -> Result<Content> {
    let name = ask.form::<Name>("user_name", "What is your name?");
    let said = ask.sample("greeting", Sampling::new("Generate a greeting", 50));
    let roots = ask.roots("client_roots");
    Ok(format!("{} {} {} roots", greeting(name?), said?.text(), roots?.len()).into())
}

/// Asks one thing after the other.
#[selector("test_input_required_result_multi_round")]
async fn input_required_rounds(ask: Ask) -> Result<Content> {
    let name = ask.form::<Name>("step1", "Step 1: What is your name?")?;
    let colour = ask.form::<Colour>("step2", "Step 2: What is your favorite color?")?;
    Ok(format!("{} {}", greeting(name), outcome("Colour", &colour)).into())
}

/// Asks for a confirmation; what the client keeps cannot be changed by it.
#[selector("test_input_required_result_tampered_state")]
async fn input_required_tampered(ask: Ask) -> Result<Content> {
    Ok(outcome("Confirmed", &ask.form::<Confirmation>("confirm", "Please confirm")?).into())
}

/// Asks only what the client can be asked.
#[selector("test_input_required_result_capabilities")]
async fn input_required_capabilities(ask: Ask) -> Result<Content> {
    let name = ask.can(Capability::Form).then(|| ask.form::<Name>("user_name", "What is your name?"));
    let said = ask.can(Capability::Sampling).then(|| ask.sample("greeting", Sampling::new("Generate a greeting", 50)));
    let (name, said) = (name.transpose()?.map(greeting), said.transpose()?.map(|said| said.text()));
    Ok(format!("{} {}", name.unwrap_or_default(), said.unwrap_or_default()).into())
}

fn greeting(name: Elicited<Name>) -> String {
    name.accepted().map_or_else(|| "Hello, whoever you are!".to_owned(), |Name { name }| format!("Hello, {name}!"))
}

fn outcome<T: Serialize>(what: &str, answer: &Elicited<T>) -> String {
    match answer {
        Elicited::Accepted(content) => format!("{what}: action=accept, content={}", json!(content)),
        Elicited::Declined => format!("{what}: action=decline"),
        Elicited::Cancelled => format!("{what}: action=cancel"),
    }
}

pub(crate) fn operations() -> Operations {
    Operations::new()
        .add(sampling::spec().allow(Anyone))
        .add(elicitation::spec().allow(Anyone))
        .add(elicitation_defaults::spec().allow(Anyone))
        .add(elicitation_enums::spec().allow(Anyone))
        .add(missing_capability::spec().allow(Anyone))
        .add(streaming_elicitation::spec().allow(Anyone))
        .add(input_required_elicitation::spec().allow(Anyone))
        .add(input_required_sampling::spec().allow(Anyone))
        .add(input_required_list_roots::spec().allow(Anyone))
        .add(input_required_state::spec().allow(Anyone))
        .add(input_required_multiple::spec().allow(Anyone))
        .add(input_required_rounds::spec().allow(Anyone))
        .add(input_required_tampered::spec().allow(Anyone))
        .add(input_required_capabilities::spec().allow(Anyone))
}
