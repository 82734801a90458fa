//! Secrets are told to a server wherever a caller can tell one, and everything that comes out is searched: answers, logs, spans,
//! the audit trail, standard error, and what types show of themselves.

mod calls;
mod debug;
mod marks;
mod program;

use crate::counter::{MySql, Postgres, Sqlite};
use diptych::Backend;
use diptych_testkit::TestDatabase;
use marks::found;
use program::{Program, message, trail};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// Everything that diptych itself says, and of others what the log of a program has unless it is told otherwise.
const LOUD: &str = "info,actix_server=warn,opentelemetry_sdk=error,diptych=trace,diptych_auth=trace,diptych_mcp=trace,\
                    diptych_pipeline=trace,diptych_spec=trace,diptych_transport_actix=trace,leaky=trace";

/// What an application says is the cause of an error is for its log, and for nothing else.
const OF_THE_APPLICATION: [&str; 1] = ["source"];

/// The URL of a database, with a password where it can have one.
fn url(database: &TestDatabase) -> String {
    database.url().replace("postgres://postgres@", "postgres://postgres:Zq7dbpasswordQx@")
}

fn assert_quiet(what: &str, out: &[u8], may: &[&str]) {
    let places: Vec<_> = found(out).into_iter().filter(|place| !may.contains(&&**place)).collect();
    let text = String::from_utf8_lossy(out);
    let lines: Vec<_> = text.lines().filter(|line| places.iter().any(|place| line.contains(place.as_str()))).collect();
    assert!(places.is_empty(), "{what}: {places:?} in {lines:#?}");
}

async fn over_http(backend: Backend, filter: Option<&str>) {
    let database = TestDatabase::new(backend).await;
    let program = Program::start(&url(&database), filter, "serve");
    let mut leaks = calls::rest(&program).await;
    leaks.extend(calls::modern(&program).await);
    leaks.extend(calls::legacy(&program).await);
    let (out, errors, spans) = program.end();
    assert!(leaks.is_empty(), "answers: {leaks:#?}");
    assert_quiet("standard output", out.as_bytes(), &[]);
    assert_quiet("standard error", errors.as_bytes(), &OF_THE_APPLICATION);
    assert!(errors.contains("operation failed") && spans.len() > 1_000, "the log and the spans are there: {errors}");
    assert_quiet("spans", &spans, &[]);
    let recorded = trail(&database).await;
    // What an argument is called and what its schema says decide; this one is called `text`.
    assert_eq!(recorded, BTreeSet::from(["text".to_owned()]));
}

#[tokio::test]
async fn nothing_leaks_over_http_on_sqlite() {
    over_http(Sqlite, None).await;
}

#[tokio::test]
async fn nothing_leaks_over_http_on_postgres() {
    over_http(Postgres, None).await;
}

#[tokio::test]
async fn nothing_leaks_over_http_when_diptych_says_all_it_can() {
    for backend in [Sqlite, Postgres, MySql] {
        over_http(backend, Some(LOUD)).await;
    }
}

#[tokio::test]
async fn nothing_leaks_over_stdio() {
    for (backend, filter) in [(Sqlite, None), (Postgres, Some(LOUD)), (MySql, None)] {
        let database = TestDatabase::new(backend).await;
        let mut program = Program::start(&url(&database), filter, "stdio");
        let call = |name: &str, arguments: Value| {
            message("tools/call", json!({"name": name, "arguments": arguments}), &json!({"other": "Zq7metaQx"}))
                .to_string()
        };
        for line in calls::LINES {
            program.line(line);
        }
        for arguments in calls::wrong_things() {
            let mut arguments = arguments;
            arguments["place"] = json!(1);
            program.ask(&call("things.add", arguments));
        }
        program.ask(&call("things.broken", json!({"text": "Zq7textQx"})));
        let (out, errors, spans) = program.end();
        assert_quiet("answers", out.as_bytes(), &["membername"]);
        assert_quiet("standard error", errors.as_bytes(), &OF_THE_APPLICATION);
        assert_quiet("spans", &spans, &[]);
    }
}

/// What is printed when the server does not start is for the person at the terminal, who may be a service manager.
#[tokio::test]
async fn a_server_that_does_not_start_does_not_say_the_password() {
    let postgres = diptych_testkit::server_address(diptych::Backend::Postgres);
    for url in [
        format!("postgres://postgres:Zq7dbpasswordQx@{postgres}/no_such_database"),
        "postgres://postgres:Zq7dbpasswordQx@[/database".to_owned(),
        "postgres://postgres:Zq7dbpasswordQx@host:port/database?sslmode=Zq7sslmodeQx".to_owned(),
        "mysql://root:Zq7dbpasswordQx@localhost/database".to_owned(),
        "sqlite://app.db?mode=Zq7sqlitemodeQx".to_owned(),
        "Zq7dbpasswordQx".to_owned(),
    ] {
        let (out, errors, _) = Program::start(&url, None, "stdio").end();
        assert!(errors.contains("error: "), "{url}: {errors}");
        assert_quiet(&url, format!("{out}{errors}").as_bytes(), &[]);
    }
}
