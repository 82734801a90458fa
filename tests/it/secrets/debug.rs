//! What types show of themselves: whoever logs one with `{:?}` tells nothing by it.

use super::marks::{found, mark};
use crate::counter::Number;
use diptych::{AnswerValue, Anyone, Conn, Operations, SelectorSpec, ServiceSpec, Tx};
use diptych::{
    Credentials, Db, DbOptions, Error, HttpSettings, MCPServer, Operator, Predicate, Principal, Secret, Settings,
    Value, query, query_as, query_scalar,
};
use diptych_pipeline::{Caller, ExposedCall, NewTask, Surface, Via};
use diptych_spec::{Args, Arguments, Call, Deadline, Input};
use diptych_testkit::TestDatabase;
use serde_json::{Map, json};
use std::{fmt::Debug, sync::Arc, time::Duration};

#[tokio::test]
async fn nothing_is_shown_that_a_caller_or_an_operator_keeps_secret() {
    let secret = mark("debug");
    let database = TestDatabase::postgres().await;
    let url = database.url().replace("postgres@", &format!("postgres:{secret}@"));
    let db = Db::connect(&url).await.unwrap();
    let claims = Map::from_iter([("tenant".to_owned(), json!(secret))]);
    let ann = Principal::new("idp", "ann", ["a"]).unwrap().with_token(Secret::new(&secret)).with_claims(claims.clone());
    let fields = [("authorization", secret.as_bytes()), ("cookie", secret.as_bytes())];
    let object = json!({"password": secret}).to_string();
    let mut arguments = Arguments::named(&object);
    arguments.path("id", &*secret);
    arguments.query("q", &*secret);
    let caller = Caller::new(Some(ann.clone()), Via::new(Surface::Rest));
    let call = Call::new(Some(ann.clone()), Arc::default(), Deadline::after(Duration::from_secs(1)));
    let exposed = ExposedCall { arguments: claims.clone(), principal: Some(ann.clone()), max_bytes: 1 };
    let task = NewTask { caller: &caller, arguments: &object, capabilities: &[], answers: claims };
    let builder = MCPServer::builder("app", "1").database_url(&url).seal_key(*b"Zq7debugQxZq7debugQxZq7debugQx00");
    let other = MCPServer::builder("app", "1").database(db.clone()).state(secret.clone());
    let other = other.build().await.unwrap();
    let text = Value::Text(secret.clone().into());
    let predicate = Predicate { column: "name", operator: Operator::Equal, values: vec![text.clone()] };
    // Of an error its detail is for the caller, and its source for the log.
    let error = Error::conflict("taken", "it is taken").with_retry_after(Duration::from_secs(1));
    let shown: [&dyn Debug; 25] = [
        &Secret::new(&secret),
        &ann,
        &Credentials::new(fields),
        &arguments,
        &caller,
        &call,
        &exposed,
        &task,
        &db,
        &DbOptions::default(),
        &HttpSettings::default(),
        &Settings::default(),
        &builder,
        &other,
        &other.engine(),
        &other.client().as_principal(ann.clone()),
        &query("UPDATE a SET b = $1").bind(&secret),
        &query_scalar::<i64>("SELECT $1").bind(&secret),
        &query_as::<diptych::AuditEntry>("SELECT $1").bind(&secret),
        &diptych::Select::<diptych::AuditEntry>::sql("SELECT $1").bind(&secret),
        &text,
        &predicate,
        &Input(Secret::new(&secret)),
        &Args(Secret::new(&secret)),
        &error,
    ];
    let leaking: Vec<_> = shown.iter().map(|value| format!("{value:?}")).filter(|text| is_leaking(text)).collect();
    assert!(leaking.is_empty(), "{leaking:#?}");
    // Only whoever asks for it gets it.
    assert_eq!(ann.token().unwrap().expose(), secret);
    let refused = db.begin().await.unwrap().savepoint(async |tx| query("SELEC 'Zq7debugQx'").execute(tx).await).await;
    assert!(!is_leaking(&format!("{:?}", refused.unwrap_err())), "an error of the database has none of its text");
}

/// As it is, or as numbers.
fn is_leaking(text: &str) -> bool {
    !found(text.as_bytes()).is_empty() || text.contains("90, 113, 55")
}

/// In process an error comes back as a value: neither it nor the numbers about operations have what was given in them.
#[tokio::test]
async fn errors_and_statistics_in_process_show_no_values() {
    let secret = mark("debug");
    let database = TestDatabase::sqlite();
    let add = ServiceSpec::from_fn("add", async |_: &mut Tx, Args(number): Args<Number>| Ok::<_, Error>(number.n));
    let says = SelectorSpec::from_fn("says", async |_: &mut Conn| Ok::<_, Error>(AnswerValue("Zq7debugQx".to_owned())));
    let operations = Operations::new().add(add.allow(Anyone)).add(says.allow(Anyone));
    let server = MCPServer::builder("app", "1").database_url(database.url()).mount(operations).build().await.unwrap();
    let client = server.client();
    let mut errors = Vec::new();
    for arguments in [json!({"n": secret}), json!({"n": {"a": secret}}), json!([secret]), json!(secret)] {
        errors.push(client.call::<i64>("add", &arguments).await.unwrap_err());
    }
    errors.push(client.call_json("add", &format!("{{\"n\": {secret}")).await.unwrap_err());
    // An answer of another type than the one that is asked for.
    errors.push(client.call::<i64>("says", &json!({})).await.unwrap_err());
    for error in &errors {
        assert!(!is_leaking(&format!("{error} {error:?}")), "{error:?}");
    }
    assert!(!is_leaking(&format!("{:?}", server.engine().statistics())));
}
