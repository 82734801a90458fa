//! The schemas that MCP clients are shown are shorter than those of the declarations, and mean the same.

use crate::suite::application;
use diptych_testkit::{RunningServer, Surface, SurfaceClient, TestDatabase};
use jsonschema::Validator;
use serde_json::{Value, json};

/// The tools that a client sees, with all scopes.
pub(crate) async fn listed(server: &RunningServer) -> Vec<Value> {
    let ann = SurfaceClient::over(server, Surface::McpStateless, Some("ann")).await;
    let listed = ann.request("tools/list", json!({})).await.unwrap();
    listed["tools"].as_array().unwrap().clone()
}

#[tokio::test]
async fn every_tool_accepts_and_answers_what_it_declares() {
    let database = TestDatabase::sqlite();
    let built = application(&database).build().await.unwrap();
    let server = RunningServer::start(application(&database)).await;
    let (mut declared_bytes, mut shown_bytes, mut instances, mut accepted) = (0, 0, 0, 0);
    for tool in listed(&server).await {
        let operation = built.engine().operation(tool["name"].as_str().unwrap()).unwrap();
        let declaration = operation.declaration();
        let pairs = [
            (declaration.arguments().schema(), &tool["inputSchema"]),
            (declaration.output().clone(), &tool["outputSchema"]),
        ];
        for (declared, shown) in pairs {
            if shown.is_null() {
                continue;
            }
            declared_bytes += declared.to_string().len();
            shown_bytes += shown.to_string().len();
            leads_somewhere(shown);
            let (old, new) = (validator(&declared), validator(shown));
            for instance in examples(&declared, &declared, 3) {
                let accepts = old.is_valid(&instance);
                assert_eq!(accepts, new.is_valid(&instance), "{}: {instance}\n{declared}\n{shown}", tool["name"]);
                instances += 1;
                accepted += usize::from(accepts);
            }
        }
    }
    assert!(shown_bytes < declared_bytes, "{shown_bytes} of {declared_bytes} bytes");
    assert!(accepted > 100 && instances - accepted > 1000, "{accepted} of {instances} accepted");
}

fn validator(schema: &Value) -> Validator {
    jsonschema::options()
        .should_validate_formats(true)
        .build(schema)
        .unwrap_or_else(|error| panic!("{schema}: {error}"))
}

fn leads_somewhere(schema: &Value) {
    let text = schema.to_string();
    for reference in text.split("\"$ref\":\"#").skip(1) {
        let pointer = reference.split('"').next().unwrap();
        assert!(schema.pointer(pointer).is_some(), "{pointer} in {schema}");
    }
}

/// Values that a schema may accept, the first of which it should, and values that it may not.
fn examples(schema: &Value, root: &Value, depth: usize) -> Vec<Value> {
    let schema = match schema["$ref"].as_str() {
        Some(target) => root.pointer(target.trim_start_matches('#')).unwrap(),
        None => schema,
    };
    let mut found = good(schema, root, depth);
    found.extend([
        Value::Null,
        json!(true),
        json!(0),
        json!(-1),
        json!(1.5),
        json!(5_000_000_000_i64),
        json!(""),
        json!("x"),
        json!("x".repeat(300)),
        json!([]),
        json!({}),
    ]);
    found
}

fn good(schema: &Value, root: &Value, depth: usize) -> Vec<Value> {
    for keyword in ["anyOf", "oneOf"] {
        if let Some(branches) = schema[keyword].as_array() {
            return branches.iter().flat_map(|branch| examples(branch, root, depth)).collect();
        }
    }
    if let Some(values) = schema["enum"].as_array() {
        return values.clone();
    }
    if let Some(value) = schema.get("const") {
        return vec![value.clone()];
    }
    let types = match &schema["type"] {
        Value::Array(types) => types.clone(),
        ty => vec![ty.clone()],
    };
    types.iter().flat_map(|ty| typed(ty.as_str().unwrap_or_default(), schema, root, depth)).collect()
}

fn typed(ty: &str, schema: &Value, root: &Value, depth: usize) -> Vec<Value> {
    match (ty, schema["format"].as_str()) {
        ("string", Some("uuid")) => vec![json!("0198a6ae-8f5c-7c33-b0c7-3b5b2d4d4f00")],
        ("string", Some("date-time")) => vec![json!("2026-01-31T12:00:00Z")],
        ("string", Some("date")) => vec![json!("2026-01-31")],
        ("string", Some("email")) => vec![json!("ann@example.com")],
        ("string", _) => vec![json!("text")],
        ("integer" | "number", _) => vec![json!(1), json!(99)],
        ("array", _) if depth > 0 => {
            examples(&schema["items"], root, depth - 1).into_iter().map(|item| json!([item])).collect()
        }
        ("object", _) if depth > 0 => objects(schema, root, depth),
        _ => Vec::new(),
    }
}

/// A whole object, and as many as there are ways to break one field of it.
fn objects(schema: &Value, root: &Value, depth: usize) -> Vec<Value> {
    let Some(properties) = schema["properties"].as_object() else { return vec![json!({})] };
    let all: Vec<(&String, Vec<Value>)> =
        properties.iter().map(|(name, schema)| (name, examples(schema, root, depth - 1))).collect();
    let whole: serde_json::Map<_, _> = all.iter().map(|(name, values)| ((*name).clone(), values[0].clone())).collect();
    let mut found = vec![Value::Object(whole.clone())];
    for (name, values) in &all {
        let mut without = whole.clone();
        without.remove(*name);
        found.push(without.into());
        found.extend(values.iter().map(|value| {
            let mut with = whole.clone();
            with.insert((*name).clone(), value.clone());
            Value::Object(with)
        }));
    }
    let mut more = whole;
    more.insert("surplus".to_owned(), json!(1));
    found.push(more.into());
    found
}
