//! What is published and what is taken is the same. Values near the schema of each input are shown to a reader of JSON Schema that is none
//! of ours and to the application: both take one, or both refuse it. `SCHEMA_CASES=100000` looks at more of them.

mod every_rule;
mod near;
mod random;
mod reader;
mod told;
mod variants;

use crate::suite::application;
use diptych::{ErrorKind, Principal, Server};
use diptych_spec::{Arguments, Bulk, Call, Deadline, Declaration, ItemCalls, StateMap};
use diptych_testkit::TestDatabase;
use near::Near;
use reader::Reader;
use serde_json::{Value, json};
use std::{sync::Arc, time::Duration};

async fn server(database: &TestDatabase) -> Server {
    application(database).mount(every_rule::operations()).mount(variants::operations()).build().await.unwrap()
}

fn cases() -> usize {
    std::env::var("SCHEMA_CASES").map_or(250, |cases| cases.parse().unwrap())
}

/// What stages 2 and 6 say of these arguments.
fn refusal(declaration: &Declaration, arguments: &Value) -> Option<String> {
    let json = arguments.to_string();
    let mut call = Call::new(None, Arc::new(StateMap::default()), Deadline::after(Duration::from_secs(9)));
    let table = declaration.arguments();
    let checked = table.parse(&Arguments::named(&json), &mut call).and_then(|()| table.validate(&call));
    let checked = checked.and_then(|()| each_item(declaration, call));
    checked.err().map(|error| format!("{:?}", error.fields()))
}

/// What each item of a list is told for itself.
fn each_item(declaration: &Declaration, mut call: Call) -> diptych::Result<()> {
    let Some(item) = declaration.bulk().and_then(Bulk::item) else { return Ok(()) };
    let ItemCalls(items) = call.take().unwrap();
    items.into_iter().try_for_each(|call| item.arguments().validate(&call?))
}

/// Where schema and application disagree, the first few of each operation.
#[derive(Default)]
struct Disagreements(Vec<String>);

impl Disagreements {
    fn note(&mut self, name: &str, given: &Value, schema: Option<&String>, application: Option<&String>) {
        let told = self.0.iter().filter(|told| told.starts_with(name)).count();
        if schema.is_some() != application.is_some() && told < 3 {
            let verdict = |why: Option<&String>| why.map_or("takes it", |why| why).to_owned();
            self.0.push(format!(
                "{name}\n  given:       {given}\n  schema:      {}\n  application: {}\n",
                verdict(schema),
                verdict(application),
            ));
        }
    }

    fn none(self) {
        assert!(self.0.is_empty(), "{}", self.0.concat());
    }
}

#[tokio::test]
async fn a_schema_accepts_what_is_accepted() {
    let database = TestDatabase::sqlite();
    let server = server(&database).await;
    let (mut inputs, mut disagreements) = (0, Disagreements::default());
    for operation in server.engine().operations() {
        let declaration = operation.declaration();
        // Rules across fields: see below.
        if declaration.name() == "across.fields" {
            continue;
        }
        let schema = declaration.arguments().schema();
        let (reader, mut near) = (Reader::of(&schema), Near::new(declaration.name(), &schema));
        let (mut taken, mut refused) = (0, 0);
        for _ in 0..cases() {
            let arguments = near.value();
            let (read, checked) = (reader.refusal(&arguments), refusal(declaration, &arguments));
            disagreements.note(declaration.name(), &arguments, read.as_ref(), checked.as_ref());
            *if read.is_none() { &mut taken } else { &mut refused } += 1;
        }
        if taken < 5 || refused < 5 {
            disagreements.0.push(format!("{}: {taken} taken, {refused} refused\n", declaration.name()));
        }
        inputs += 1;
    }
    assert!(inputs > 20, "the example is there");
    disagreements.none();
}

/// The same through every stage of a call, where that has no lasting effect or none that matters.
#[tokio::test]
async fn a_call_is_refused_for_what_its_schema_refuses() {
    let database = TestDatabase::sqlite();
    let server = server(&database).await;
    let ann = Principal::new("tests", "ann", ["invoices:read", "invoices:write"]).unwrap();
    let client = server.client().as_principal(ann);
    let mut disagreements = Disagreements::default();
    for name in [
        "customers.create",
        "customers.list",
        "customers.get",
        "invoices.create",
        "invoices.list",
        "every.rule",
        "every.variant",
        "every.union",
        "every.argument",
        "variants.beside",
        "variants.nested",
    ] {
        let declaration = server.engine().operation(name).unwrap().declaration();
        let schema = declaration.arguments().schema();
        let (reader, mut near) = (Reader::of(&schema), Near::new(name, &schema));
        for _ in 0..cases().min(60) {
            let arguments = near.value();
            let refused = client.call_json(name, &arguments.to_string()).await.err();
            let refused = refused.filter(|error| matches!(error.kind(), ErrorKind::Invalid | ErrorKind::BadRequest));
            let refused = refused.map(|error| error.to_string());
            disagreements.note(name, &arguments, reader.refusal(&arguments).as_ref(), refused.as_ref());
        }
    }
    disagreements.none();
}

/// Our own reader, which holds answers to their schemas in debug builds, and the other one.
#[tokio::test]
async fn answers_are_read_as_others_read_them() {
    let database = TestDatabase::sqlite();
    let server = server(&database).await;
    let mut disagreements = Disagreements::default();
    for operation in server.engine().operations() {
        let declaration = operation.declaration();
        let schema = declaration.output();
        let (reader, mut near) = (Reader::of(schema), Near::new(declaration.name(), schema));
        for _ in 0..cases() {
            let answer = near.value();
            let refused = declaration.check_answer(answer.to_string().as_bytes(), diptych_spec::Hidden::NOTHING).err();
            let refused = refused.map(|error| std::error::Error::source(&error).unwrap().to_string());
            disagreements.note(declaration.name(), &answer, reader.refusal(&answer).as_ref(), refused.as_ref());
        }
    }
    disagreements.none();
}

/// The schema takes what only a rule across fields refuses. The refusal repeats nothing of what was sent, also not what was sent in
/// the other field.
#[tokio::test]
async fn a_rule_across_fields_is_not_in_the_schema() {
    let database = TestDatabase::sqlite();
    let server = server(&database).await;
    let declaration = server.engine().operation("across.fields").unwrap().declaration();
    let reader = Reader::of(&declaration.arguments().schema());
    for (arguments, pointer) in [
        (json!({"from": 2, "to": 1, "password": "secret", "again": "secret"}), ""),
        (json!({"from": 1, "to": 2, "password": "secret-1", "again": "secret-2"}), "/again"),
    ] {
        assert_eq!(reader.refusal(&arguments), None);
        let refused = refusal(declaration, &arguments).unwrap();
        assert!(refused.contains(&format!("pointer: \"{pointer}\"")) && !refused.contains("secret"), "{refused}");
    }
}
