//! The official schemas (`tests/schema/mcp` of the workspace): each reply against the definition it claims to be.

use jsonschema::Validator;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

/// The extension of tasks, in its version of 2026-07-28.
pub(crate) const TASKS: &str = "ext-tasks";

const SCHEMAS: [(&str, &str); 5] = [
    ("2025-03-26", include_str!("../../../../tests/schema/mcp/2025-03-26.json")),
    ("2025-06-18", include_str!("../../../../tests/schema/mcp/2025-06-18.json")),
    ("2025-11-25", include_str!("../../../../tests/schema/mcp/2025-11-25.json")),
    ("2026-07-28", include_str!("../../../../tests/schema/mcp/2026-07-28.json")),
    (TASKS, include_str!("../../../../tests/schema/mcp/ext-tasks.json")),
];

/// Checks the answer to `method`, in `revision`.
pub(crate) fn check(revision: &str, method: &str, body: &Value) {
    let new_names = revision >= "2025-11-25";
    if let Some(error) = body.get("error") {
        return match error["code"].as_i64() {
            Some(-32021) => is_a("2026-07-28", "MissingRequiredClientCapabilityError", body),
            Some(-32020) => is_a("2026-07-28", "HeaderMismatchError", body),
            Some(-32022) => is_a("2026-07-28", "UnsupportedProtocolVersionError", body),
            _ if new_names => is_a(revision, "JSONRPCErrorResponse", body),
            _ if body.get("id").is_some() => is_a(revision, "JSONRPCError", body),
            // Before 2025-11-25 an error without an id cannot be written down at all.
            _ => is_a("2025-11-25", "JSONRPCErrorResponse", body),
        };
    }
    is_a(revision, if new_names { "JSONRPCResultResponse" } else { "JSONRPCResponse" }, body);
    if body["result"]["resultType"] == "input_required" {
        return is_a(revision, "InputRequiredResult", &body["result"]);
    }
    if body["result"]["resultType"] == "task" {
        return is_a(TASKS, "CreateTaskResult", &body["result"]);
    }
    let extension = match method {
        "tasks/get" => Some("GetTaskResult"),
        "tasks/update" => Some("UpdateTaskResult"),
        "tasks/cancel" => Some("CancelTaskResult"),
        _ => None,
    };
    if let Some(definition) = extension {
        return is_a(TASKS, definition, &body["result"]);
    }
    let definition = match method {
        "server/discover" => "DiscoverResult",
        "initialize" => "InitializeResult",
        "ping" | "logging/setLevel" | "resources/subscribe" | "resources/unsubscribe" => "EmptyResult",
        "tools/list" => "ListToolsResult",
        "tools/call" => "CallToolResult",
        "resources/list" => "ListResourcesResult",
        "resources/templates/list" => "ListResourceTemplatesResult",
        "resources/read" => "ReadResourceResult",
        "prompts/list" => "ListPromptsResult",
        "prompts/get" => "GetPromptResult",
        "completion/complete" => "CompleteResult",
        other => panic!("a result for {other}: {body}"),
    };
    is_a(revision, definition, &body["result"]);
}

/// Checks a notification or request of the server.
pub(crate) fn check_message(revision: &str, message: &Value) {
    if message["method"] == "notifications/tasks" {
        return is_a(TASKS, "TaskStatusNotification", message);
    }
    let definition = match message["method"].as_str().unwrap_or_default() {
        "notifications/progress" => "ProgressNotification",
        "notifications/message" => "LoggingMessageNotification",
        "notifications/resources/updated" => "ResourceUpdatedNotification",
        "notifications/resources/list_changed" => "ResourceListChangedNotification",
        "notifications/tools/list_changed" => "ToolListChangedNotification",
        "notifications/prompts/list_changed" => "PromptListChangedNotification",
        "notifications/subscriptions/acknowledged" => "SubscriptionsAcknowledgedNotification",
        "elicitation/create" => "ElicitRequest",
        "sampling/createMessage" => "CreateMessageRequest",
        "roots/list" => "ListRootsRequest",
        other => panic!("a message {other}: {message}"),
    };
    is_a(revision, definition, message);
}

pub(crate) fn is_a(revision: &str, definition: &str, value: &Value) {
    let errors: Vec<_> = validator(revision, definition).iter_errors(value).map(|error| error.to_string()).collect();
    assert!(errors.is_empty(), "not a {definition} of {revision}: {errors:#?}\n{value:#}");
}

/// Whether a value fits a schema that the server gave out.
pub(crate) fn fits(schema: &Value, value: &Value) {
    jsonschema::draft202012::meta::validate(schema).unwrap_or_else(|error| panic!("{error}\n{schema:#}"));
    let validator = jsonschema::draft202012::new(schema).unwrap();
    let errors: Vec<_> = validator.iter_errors(value).map(|error| error.to_string()).collect();
    assert!(errors.is_empty(), "{errors:#?}\n{value:#}\n{schema:#}");
}

fn validator(revision: &str, definition: &str) -> Arc<Validator> {
    static KNOWN: LazyLock<Mutex<HashMap<String, Arc<Validator>>>> = LazyLock::new(Mutex::default);
    let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    let key = format!("{revision} {definition}");
    let compile = || {
        let (_, text) = SCHEMAS.iter().find(|(name, _)| *name == revision).unwrap();
        let mut schema: Value = serde_json::from_str(text).unwrap();
        let place = if schema.get("$defs").is_some() { "$defs" } else { "definitions" };
        assert!(schema[place].get(definition).is_some(), "{revision} has no {definition}");
        // What an `allOf` or `anyOf` at the root said is replaced by the one definition.
        let definitions = schema[place].take();
        let dialect = schema["$schema"].take();
        let root = json!({"$schema": dialect, "$ref": format!("#/{place}/{definition}"), place: definitions});
        Arc::new(jsonschema::validator_for(&root).unwrap())
    };
    Arc::clone(known.entry(key).or_insert_with(compile))
}

#[test]
#[should_panic(expected = "not a JSONRPCResultResponse of 2026-07-28")]
fn a_wrong_envelope_is_noticed() {
    check("2026-07-28", "tools/list", &json!({"jsonrpc": "2.0", "id": 1, "result": {"tools": []}}));
}

#[test]
#[should_panic(expected = "not a ListToolsResult of 2025-03-26")]
fn a_wrong_result_is_noticed() {
    let tool = json!({"name": "x", "inputSchema": {"type": "object", "properties": {"a": true}}});
    check("2025-03-26", "tools/list", &json!({"jsonrpc": "2.0", "id": 1, "result": {"tools": [tool]}}));
}
