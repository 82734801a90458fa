//! Every operation of the example, by every way there is to it, as nobody, as somebody without the scope, as the owner, and as
//! somebody else with the owner's ids. The cells are made from the declarations, so that a new operation is in here by itself.

use crate::suite::{World, customer, invoice};
use diptych::{Backend, GET, Operation};
use diptych_examples::invoices;
use diptych_spec::{Completion, Declaration, OperationKind};
use diptych_testkit::{EventStream, Surface, SurfaceClient};
use serde_json::{Map, Value, json};

/// A way to an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Call,
    Read,
    Prompt,
    Complete,
    /// Whether it is in the lists.
    List,
    Subscribe,
    /// The call becomes a task.
    Task,
}

const WAYS: [Way; 7] = [Way::Call, Way::Read, Way::Prompt, Way::Complete, Way::List, Way::Subscribe, Way::Task];

/// What came of it.
#[derive(Debug, Clone, PartialEq)]
enum Verdict {
    /// It was let in, whatever became of it then.
    In(Value),
    Unauthenticated,
    Forbidden,
    /// It was answered, and is not there for this caller.
    Hidden,
}

/// The rows that a cell is about.
#[derive(Debug, Clone)]
struct Rows {
    invoice: String,
    customer: String,
    number: String,
}

impl Way {
    fn is_there(self, declaration: &Declaration, surface: Surface) -> bool {
        let is_mcp = !matches!(surface, Surface::InProcess | Surface::Rest);
        let is_modern = matches!(surface, Surface::McpStateless | Surface::Stdio);
        let is_prompt = declaration.kind() == OperationKind::Prompt;
        match self {
            Self::Call => match surface {
                Surface::InProcess => true,
                Surface::Rest => !declaration.routes().is_empty(),
                _ => declaration.is_tool() && !is_prompt,
            },
            Self::Read => is_mcp && declaration.resource().is_some(),
            Self::Prompt => is_mcp && is_prompt,
            Self::Complete => is_mcp && completable(declaration).is_some(),
            Self::List => is_mcp,
            Self::Subscribe => {
                matches!(surface, Surface::McpSession | Surface::McpStateless) && declaration.resource().is_some()
            }
            Self::Task => is_modern && declaration.task().is_some(),
        }
    }
}

/// An argument whose values come from a list.
fn completable(declaration: &Declaration) -> Option<&str> {
    declaration
        .completable()
        .find(|name| matches!(declaration.completion(name).as_deref(), Some(Completion::Field { .. })))
}

fn operations() -> Vec<Operation> {
    invoices::operations().as_slice().to_vec()
}

async fn go(
    world: &World,
    caller: &SurfaceClient,
    user: Option<&str>,
    way: Way,
    declaration: &Declaration,
    rows: &Rows,
) -> Verdict {
    let name = declaration.name();
    let arguments = sample(declaration, rows);
    match way {
        Way::Call => verdict(caller.call(name, arguments).await),
        Way::Read => verdict(caller.request("resources/read", json!({"uri": uri(declaration, rows)})).await),
        Way::Prompt => verdict(caller.request("prompts/get", json!({"name": name, "arguments": arguments})).await),
        Way::Complete => {
            let reference = match declaration.resource() {
                Some(template) => json!({"type": "ref/resource", "uri": template.as_str()}),
                None => json!({"type": "ref/prompt", "name": name}),
            };
            let argument = json!({"name": completable(declaration).unwrap(), "value": ""});
            verdict(caller.request("completion/complete", json!({"ref": reference, "argument": argument})).await)
        }
        Way::List => listed(caller, declaration).await,
        Way::Subscribe if world.is_session() => {
            verdict(caller.request("resources/subscribe", json!({"uri": uri(declaration, rows)})).await)
        }
        Way::Subscribe => listen(world, user, &uri(declaration, rows)).await,
        Way::Task => {
            let meta = json!({
                "io.modelcontextprotocol/protocolVersion": "2026-07-28",
                "io.modelcontextprotocol/clientCapabilities": {"extensions": {"io.modelcontextprotocol/tasks": {}}},
            });
            verdict(caller.request("tools/call", json!({"name": name, "arguments": arguments, "_meta": meta})).await)
        }
    }
}

fn verdict(answered: Result<Value, Value>) -> Verdict {
    match answered {
        Ok(answer) => Verdict::In(answer),
        Err(problem) => match problem.pointer("/data/status").or(problem.get("status")).and_then(Value::as_u64) {
            Some(401) => Verdict::Unauthenticated,
            Some(403) => Verdict::Forbidden,
            _ => Verdict::In(problem),
        },
    }
}

/// Whether an operation is in the list that it belongs to.
async fn listed(caller: &SurfaceClient, declaration: &Declaration) -> Verdict {
    let (name, uri) = (declaration.name(), declaration.resource().map(|template| template.as_str()));
    let mut places: Vec<(&str, &str, &str, &str)> = Vec::new();
    match declaration.kind() {
        OperationKind::Prompt => places.push(("prompts/list", "prompts", "name", name)),
        _ if declaration.is_tool() => places.push(("tools/list", "tools", "name", name)),
        _ => {}
    }
    match uri {
        Some(uri) if uri.contains('{') => {
            places.push(("resources/templates/list", "resourceTemplates", "uriTemplate", uri));
        }
        Some(uri) => places.push(("resources/list", "resources", "uri", uri)),
        None => {}
    }
    let mut found = Vec::new();
    for (method, list, key, wanted) in places {
        let answer = caller.request(method, json!({})).await.unwrap();
        found.push(answer[list].as_array().unwrap().iter().any(|entry| entry[key] == wanted));
    }
    assert!(!found.is_empty() && found.iter().all(|one| *one == found[0]), "{name}: in some lists only");
    if found[0] { Verdict::In(Value::Null) } else { Verdict::Hidden }
}

/// Whether a stream of the new era is told of a resource.
async fn listen(world: &World, user: Option<&str>, uri: &str) -> Verdict {
    let authorization = format!("Bearer {}", user.unwrap_or_default());
    let mut headers = vec![
        ("Content-Type", "application/json"),
        ("Accept", "application/json, text/event-stream"),
        ("MCP-Protocol-Version", "2026-07-28"),
        ("Mcp-Method", "subscriptions/listen"),
    ];
    headers.extend(user.is_some().then_some(("Authorization", authorization.as_str())));
    let meta = json!({
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientCapabilities": {},
    });
    let params = json!({"notifications": {"resourceSubscriptions": [uri]}, "_meta": meta});
    let body = json!({"jsonrpc": "2.0", "id": 7, "method": "subscriptions/listen", "params": params}).to_string();
    let mut stream = EventStream::open(world.socket(), "POST", "/mcp", &headers, &body).await;
    let first = stream.next().await.unwrap().json();
    let honoured = &first["params"]["notifications"]["resourceSubscriptions"];
    if honoured == &json!([uri]) { Verdict::In(Value::Null) } else { Verdict::Hidden }
}

/// Arguments that are good, about these rows.
fn sample(declaration: &Declaration, rows: &Rows) -> Value {
    let schema = declaration.arguments().schema();
    let required = schema["required"].as_array().cloned().unwrap_or_default();
    let given = required.iter().map(|name| {
        let name = name.as_str().unwrap();
        (name.to_owned(), value(declaration, name, &schema["properties"][name], &schema, rows))
    });
    Value::Object(Map::from_iter(given))
}

fn value(declaration: &Declaration, name: &str, schema: &Value, root: &Value, rows: &Rows) -> Value {
    if let Some(reference) = schema["$ref"].as_str() {
        return value(declaration, name, root.pointer(reference.trim_start_matches('#')).unwrap(), root, rows);
    }
    if let Some(first) = schema["enum"].as_array().and_then(|values| values.first()) {
        return first.clone();
    }
    let is_customers = name == "customer_id" || (name == "id" && declaration.name().starts_with("customers."));
    match (schema["type"].as_str().unwrap_or("string"), schema["format"].as_str()) {
        ("string", Some("uuid")) if is_customers => json!(rows.customer),
        ("string", Some("uuid")) => json!(rows.invoice),
        ("string", Some("date")) => json!("2026-12-31"),
        ("string", Some("email")) => json!("ada@example.com"),
        ("string", _) if name == "number" => json!(rows.number),
        ("string", _) => json!("text"),
        ("integer", _) => schema.get("minimum").cloned().unwrap_or(json!(1)),
        ("boolean", _) => json!(true),
        ("array", _) => json!([value(declaration, name, &schema["items"], root, rows)]),
        ("object", _) => {
            let properties = schema["properties"].as_object().unwrap();
            properties
                .iter()
                .map(|(name, schema)| (name.clone(), value(declaration, name, schema, root, rows)))
                .collect()
        }
        (other, _) => panic!("no sample of {other} for {name}"),
    }
}

fn uri(declaration: &Declaration, rows: &Rows) -> String {
    let template = declaration.resource().unwrap().as_str();
    let fixed = template.split("{?").next().unwrap();
    let id = if template.starts_with("customers:") { &rows.customer } else { &rows.invoice };
    fixed.replace("{id}", id)
}

/// What an answer says once the ids that were asked for are taken out, so that two can be compared.
fn without(answer: Value, rows: &Rows) -> String {
    let mut text = answer.to_string();
    for own in [&rows.invoice, &rows.customer] {
        text = text.replace(own.as_str(), "…");
    }
    // What differs from one answer to the next: ids, also those of tasks, and times.
    let is_time = |part: &str| part.len() >= 20 && part.contains('T') && part.ends_with('Z');
    text.split('"').filter(|part| ![36, 64].contains(&part.len()) && !is_time(part)).collect()
}

async fn rows(ann: &SurfaceClient, number: &str) -> Rows {
    let customer = customer(ann, &format!("Customer {number}")).await;
    let invoice = invoice(ann, &customer, number, 100, "2026-12-31").await;
    Rows { invoice, customer, number: number.to_owned() }
}

/// All that ann has, as she sees it.
async fn estate(ann: &SurfaceClient) -> Value {
    let all = json!({"page_size": 100});
    json!([ann.call("invoices.list", all.clone()).await.unwrap(), ann.call("customers.list", all).await.unwrap()])
}

/// A stranger is told the same of a task as of none, and cannot end it.
async fn a_task_is_its_owners(owner: &SurfaceClient, stranger: &SurfaceClient, id: &str) {
    let meta = json!({
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientCapabilities": {"extensions": {"io.modelcontextprotocol/tasks": {}}},
    });
    let params = |id: &str| json!({"taskId": id, "inputResponses": {}, "_meta": meta});
    for method in ["tasks/get", "tasks/update", "tasks/cancel"] {
        let theirs = stranger.request(method, params(id)).await.unwrap_err();
        let nothing = stranger.request(method, params("00000000-0000-4000-8000-000000000000")).await.unwrap_err();
        assert_eq!(theirs["code"], nothing["code"], "{method}");
        assert_eq!(theirs["message"], nothing["message"], "{method}");
    }
    let state = owner.request("tasks/get", params(id)).await.unwrap();
    assert_ne!(state["status"], "cancelled", "{state}");
}

async fn matrix(backend: Backend, surface: Surface) {
    let world = World::new(backend, surface).await;
    let (owner, nobody) = (world.ann().await, world.caller(None).await);
    let powerless = world.caller(Some("ann+other:scope")).await;
    // Two of them: what one does must not show in what the other is told.
    let (stranger, another) = (world.caller(Some("bob")).await, world.caller(Some("carol")).await);
    let nowhere = Rows {
        invoice: "00000000-0000-4000-8000-000000000000".to_owned(),
        customer: "00000000-0000-4000-8000-000000000001".to_owned(),
        number: "none".to_owned(),
    };
    let mut cells = 0;
    for (at, operation) in operations().iter().enumerate() {
        let declaration = operation.declaration();
        for way in WAYS.into_iter().filter(|way| way.is_there(declaration, surface)) {
            let cell = format!("{} by {way:?} over {surface:?}", declaration.name());
            let own = rows(&owner, &format!("{at}-{way:?}")).await;
            let before = estate(&owner).await;
            let hides = matches!(way, Way::List) || (way == Way::Subscribe && !world.is_session());
            let (no_login, no_scope) = match hides {
                true => (Verdict::Hidden, Verdict::Hidden),
                false => (Verdict::Unauthenticated, Verdict::Forbidden),
            };
            // In the old era a resource that cannot be read is not there, whoever asks.
            let veiled = way == Way::Subscribe && world.is_session();
            let go = |caller, user, rows| go(&world, caller, user, way, declaration, rows);
            let as_nobody = go(&nobody, None, &own).await;
            let as_powerless = go(&powerless, Some("ann+other:scope"), &own).await;
            if veiled {
                let is_refused = |verdict: &Verdict| matches!(verdict, Verdict::In(error) if error["code"] == -32002);
                assert!(is_refused(&as_nobody) && is_refused(&as_powerless), "{cell}: {as_nobody:?} {as_powerless:?}");
            } else {
                assert_eq!(as_nobody, no_login, "{cell}: nobody");
                assert_eq!(as_powerless, no_scope, "{cell}: without the scope");
            }
            let theirs = go(&stranger, Some("bob"), &own).await;
            let nothing = go(&another, Some("carol"), &nowhere).await;
            match (theirs, nothing) {
                (Verdict::In(theirs), Verdict::In(nothing)) => {
                    let told = theirs.to_string();
                    let asked = sample(declaration, &own).to_string() + &own.invoice + &own.customer;
                    let leaks = [&own.invoice, &own.customer, &own.number];
                    for leak in leaks.into_iter().filter(|leak| !asked.contains(leak.as_str())) {
                        assert!(!told.contains(leak.as_str()), "{cell}: a stranger reads {leak} in {told}");
                    }
                    assert_eq!(without(theirs, &own), without(nothing, &nowhere), "{cell}: not theirs, or not there");
                }
                (theirs, nothing) => assert_eq!(theirs, nothing, "{cell}: a stranger"),
            }
            assert_eq!(estate(&owner).await, before, "{cell}: somebody changed what is ann's");
            let verdict = go(&owner, Some("ann"), &own).await;
            assert!(matches!(verdict, Verdict::In(_)), "{cell}: the owner gets {verdict:?}");
            if way == Way::Task {
                let Verdict::In(task) = &verdict else { unreachable!() };
                a_task_is_its_owners(&owner, &stranger, task["taskId"].as_str().unwrap()).await;
            }
            let is_read = declaration.kind() == OperationKind::Selector && !hides && way != Way::Complete;
            if let Verdict::In(answer) = verdict
                && is_read
            {
                let failed = answer.get("status").is_some_and(Value::is_u64) || answer.get("code").is_some();
                assert!(!failed, "{cell}: the owner reads {answer}");
            }
            cells += 5;
        }
    }
    let routes =
        operations().iter().filter(|own| own.declaration().routes().iter().any(|route| route.method == GET)).count();
    assert!(cells >= 5 * routes, "{surface:?}: {cells} cells");
}

macro_rules! cells {
    ($($name:ident: $backend:ident, $surface:ident;)+) => {$(
        #[tokio::test]
        async fn $name() {
            matrix(Backend::$backend, Surface::$surface).await;
        }
    )+};
}
cells! {
    sqlite_in_process: Sqlite, InProcess;
    sqlite_rest: Sqlite, Rest;
    sqlite_mcp_session: Sqlite, McpSession;
    sqlite_mcp_stateless: Sqlite, McpStateless;
    sqlite_stdio: Sqlite, Stdio;
    mysql_in_process: MySql, InProcess;
    mysql_rest: MySql, Rest;
    mysql_mcp_session: MySql, McpSession;
    mysql_mcp_stateless: MySql, McpStateless;
    mysql_stdio: MySql, Stdio;
    postgres_in_process: Postgres, InProcess;
    postgres_rest: Postgres, Rest;
    postgres_mcp_session: Postgres, McpSession;
    postgres_mcp_stateless: Postgres, McpStateless;
    postgres_stdio: Postgres, Stdio;
}
