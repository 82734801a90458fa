//! What the example publishes, as files: `contract/openapi.json` and `contract/tools.json`. A change of either is seen in
//! review; `UPDATE=1 cargo test -p diptych-tests contract` rewrites them.

use crate::{compact::listed, suite::application};
use diptych_testkit::{RunningServer, TestDatabase};
use serde_json::Value;
use std::{fs, path::Path};

fn assert_contract(name: &str, document: &Value) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("contract").join(name);
    let text = serde_json::to_string_pretty(document).unwrap() + "\n";
    if std::env::var_os("UPDATE").is_some() {
        fs::write(path, text).unwrap();
        return;
    }
    let kept = fs::read_to_string(path).unwrap_or_default();
    assert!(kept == text, "{name} is not what is published; if that is meant, run with UPDATE=1");
}

#[tokio::test]
async fn the_openapi_document() {
    let database = TestDatabase::sqlite();
    let server = application(&database).build().await.unwrap();
    let document = server.openapi_document("/api");
    assert_contract("openapi.json", &document);
    let text = document.to_string();
    let read = oas3::from_json(&text).unwrap();
    assert_eq!(
        read.operations().count(),
        server.engine().operations().iter().filter(|operation| !operation.is_prompt()).count(),
        "every operation but a prompt has a route"
    );
    // Every reference leads somewhere.
    for reference in text.split("\"$ref\":\"#").skip(1) {
        let pointer = reference.split('"').next().unwrap();
        assert!(document.pointer(pointer).is_some(), "{pointer}");
    }
}

#[tokio::test]
async fn the_tools_of_each_revision() {
    let database = TestDatabase::sqlite();
    let server = RunningServer::start(application(&database)).await;
    let listed = listed(&server).await;
    assert_contract("tools.json", &Value::Array(listed.clone()));
    // What is published as a schema is one.
    for tool in &listed {
        // Text of a media type of its own has none for its answer.
        for schema in ["inputSchema", "outputSchema"].into_iter().filter_map(|name| tool.get(name)) {
            jsonschema::validator_for(schema).unwrap_or_else(|error| panic!("{}: {error}", tool["name"]));
        }
    }
}
