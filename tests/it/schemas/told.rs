//! What a debug build tells the developer: rules that only the schema or only the code has, and answers that are not what was published.
//! Never what was sent or answered.

use diptych::{Anyone, Conn, Input, Operations, Result, Server, Tx, selector, service};
use diptych_testkit::TestDatabase;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::{
    collections::BTreeMap,
    io,
    sync::{Arc, Mutex},
};
use validator::{Validate, ValidationError};

#[derive(Deserialize, JsonSchema, Validate)]
struct Unsaid {
    /// The schema does not say this.
    #[validate(range(exclusive_min = 100))]
    amount: i64,
    /// The schema says this, and nothing checks it.
    #[schemars(extend("maximum" = 100))]
    unchecked: i64,
    /// No schema can say this.
    #[validate(custom(function = "late"))]
    day: i64,
}

fn late(day: i64) -> Result<(), ValidationError> {
    if day < 100 { Ok(()) } else { Err(ValidationError::new("late")) }
}

#[derive(Serialize, JsonSchema)]
struct Shares {
    #[serde(flatten)]
    shares: BTreeMap<String, f64>,
}

#[service("told.input")]
async fn input(_tx: &mut Tx, Input(given): Input<Unsaid>) -> Result<i64> {
    Ok(given.amount + given.unchecked + given.day)
}

#[selector("told.answer")]
async fn answer(_db: &mut Conn, #[arg] name: String, #[arg] part: f64) -> Result<Shares> {
    // Of nothing, this is no number.
    let all = part;
    Ok(Shares { shares: BTreeMap::from([(name, part / all)]) })
}

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(line);
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What is logged during a call. The subscriber is this thread's alone, and so is the runtime.
async fn logged(server: &Server, name: &str, arguments: serde_json::Value) -> (Result<String>, String) {
    let log = Log::default();
    let writer = log.clone();
    let subscriber =
        tracing_subscriber::fmt().without_time().with_ansi(false).with_writer(move || writer.clone()).finish();
    let subscribed = tracing::subscriber::set_default(subscriber);
    let answer = server.client().call_json(name, &arguments.to_string()).await;
    drop(subscribed);
    let log = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    (answer, log)
}

#[tokio::test]
async fn the_log_says_where_schema_and_code_disagree() {
    if !cfg!(debug_assertions) {
        return;
    }
    let database = TestDatabase::sqlite();
    let operations = Operations::new().add(input::spec().allow(Anyone)).add(answer::spec().allow(Anyone));
    let server = crate::suite::application(&database).mount(operations).build().await.unwrap();

    let (fine, log) = logged(&server, "told.input", json!({"amount": 777, "unchecked": 7, "day": 7})).await;
    assert!(fine.is_ok() && !log.contains("schema"), "{log}");

    let (refused, log) = logged(&server, "told.input", json!({"amount": -777, "unchecked": 7, "day": 7})).await;
    assert!(refused.is_err());
    assert!(log.contains("Unsaid") && log.contains("/amount") && log.contains("exclusiveMinimum"), "{log}");
    assert!(!log.contains("777"), "{log}");

    let (taken, log) = logged(&server, "told.input", json!({"amount": 101, "unchecked": 777, "day": 7})).await;
    assert!(taken.is_ok());
    assert!(log.contains("/unchecked") && log.contains("refuses what is accepted") && !log.contains("777"), "{log}");

    let (refused, log) = logged(&server, "told.input", json!({"amount": 101, "unchecked": 7, "day": 777})).await;
    assert!(refused.is_err() && !log.contains("schema"), "a rule without a keyword is no mistake: {log}");

    let (failed, log) = logged(&server, "told.answer", json!({"name": "secret", "part": 0})).await;
    assert_eq!(failed.unwrap_err().to_string(), "internal: an unexpected error occurred");
    assert!(log.contains("the answer of `told.answer` is not what its own schema says"), "{log}");
    assert!(log.contains("/* (type): expected a number") && !log.contains("secret"), "{log}");
}
