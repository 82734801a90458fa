//! The official Rust client, in both eras, over HTTP and over stdio, against examples/invoices. A line for each check, as
//! `checks/report.py` prints them.

mod talking;

use rmcp::{
    ClientLifecycleMode, ClientServiceExt, RoleClient, ServiceError,
    model::{
        CallToolRequestParams, CallToolResult, GetPromptRequestParams, ProtocolVersion, ReadResourceRequestParams,
        ResourceContents,
    },
    service::RunningService,
    transport::{
        StreamableHttpClientTransport, TokioChildProcess, streamable_http_client::StreamableHttpClientTransportConfig,
    },
};
use serde_json::{Map, Value, json};
use std::{collections::BTreeSet, env, fmt::Debug, future::Future};
use talking::{Interop, Told, User};

const NOBODY: &str = "00000000-0000-0000-0000-000000000000";

type Client = RunningService<RoleClient, Interop>;
type Checked = Result<(), Box<dyn std::error::Error>>;

/// One era: its name in the report, the version that has to be spoken, and how the client comes to speak it.
fn eras() -> [(&'static str, &'static str, ClientLifecycleMode); 3] {
    let newest = || vec![ProtocolVersion::V_2026_07_28];
    [
        ("initialize", "2025-11-25", ClientLifecycleMode::Initialize),
        ("discover", "2026-07-28", ClientLifecycleMode::Discover { preferred_versions: newest() }),
        ("auto", "2026-07-28", ClientLifecycleMode::Auto { preferred_versions: newest(), legacy_version: None }),
    ]
}

// rmcp gives each notification to a task of its own: on one thread they run in the order in which they came.
#[tokio::main(flavor = "current_thread")]
async fn main() -> Checked {
    let [on, url, program] = ["INTEROP_ON", "INTEROP_URL", "INTEROP_PROGRAM"].map(|name| env::var(name).expect(name));
    for (mode, version, lifecycle) in eras() {
        let name = format!("{on} · Rust client, {version}, {mode}");
        for user in [None, Some(User::default())] {
            let config = StreamableHttpClientTransportConfig::with_uri(format!("{url}/mcp")).auth_header("ann");
            let transport = StreamableHttpClientTransport::from_config(config);
            let (interop, told) = Interop::new(user);
            match interop.serve_with_lifecycle(transport, lifecycle.clone()).await {
                Ok(client) => checks(&name, version, client, told, true).await,
                Err(error) => line("FAIL", &format!("{name}: connects"), &error.to_string()),
            }
        }
        let name = format!("{on} · Rust client, {version} over stdio, {mode}");
        for user in [None, Some(User::default())] {
            let mut command = tokio::process::Command::new(&program);
            command.arg("stdio").env("DIPTYCH_USER", "ann");
            let (interop, told) = Interop::new(user);
            match interop.serve_with_lifecycle(TokioChildProcess::new(command)?, lifecycle.clone()).await {
                Ok(client) => checks(&name, version, client, told, false).await,
                Err(error) => line("FAIL", &format!("{name}: connects"), &error.to_string()),
            }
        }
    }
    Ok(())
}

/// A client that nobody can ask calls, reads and lists; one that has a user talks.
async fn checks(name: &str, version: &str, client: Client, told: Told, over_http: bool) {
    if client.service().user.is_some() {
        talking::run(name, version, &client, told, over_http).await;
    } else {
        run(name, version, &client).await;
        talking::incapable(name, version, &client).await;
    }
    report(&format!("{name}: ends"), async {
        client.cancel().await?;
        Ok(())
    })
    .await;
}

async fn run(name: &str, version: &str, client: &Client) {
    let check = |text: &str| format!("{name}: {text}");
    let newer = version >= "2026";

    report(&check("connects"), async {
        let info = client.peer_info().ok_or("it knows no server")?;
        same(info.protocol_version.as_str(), version)?;
        Ok(())
    })
    .await;

    report(&check("lists the tools, each with its schemas"), async {
        let tools = client.list_all_tools().await?;
        let names: BTreeSet<_> = tools.iter().map(|tool| tool.name.to_string()).collect();
        for wanted in ["customers.create", "invoices.get", "invoices.list"] {
            same(&names.contains(wanted), &true)?;
        }
        same(&tools.iter().all(|tool| tool.input_schema.get("type") == Some(&json!("object"))), &true)
    })
    .await;

    report(&check("calls invoices.list"), async {
        let page = call(client, "invoices.list", json!({"status": ["sent"], "page_size": 2})).await?;
        same(&structured(&page)?["page_size"], &json!(2))
    })
    .await;

    report(&check("is told what is wrong with both fields"), async {
        let refused = call(client, "customers.create", json!({"name": "", "email": "nowhere"})).await?;
        same(&(refused.is_error, refused.structured_content.is_none()), &(Some(true), true))?;
        let problem: Value = serde_json::from_str(text(&refused)?)?;
        let pointers = problem["errors"].as_array().ok_or("no fields")?.iter().map(|field| &field["pointer"]);
        same(&pointers.collect::<Vec<_>>(), &vec![&json!("/email"), &json!("/name")])
    })
    .await;

    report(&check("an unknown tool is -32602"), async {
        match call(client, "nope", json!({})).await {
            Err(ServiceError::McpError(error)) => same(&error.code.0, &-32602),
            other => Err(format!("{other:?}").into()),
        }
    })
    .await;

    report(&check("lists the resource templates"), async {
        let templates = client.list_all_resource_templates().await?;
        let uris: BTreeSet<_> = templates.iter().map(|template| template.uri_template.as_str()).collect();
        same(&(uris.contains("invoices://{id}"), uris.contains("customers://{id}")), &(true, true))
    })
    .await;

    report(&check("reads an invoice, and a list with its filter"), async {
        let page = call(client, "invoices.list", json!({"status": ["sent"], "page_size": 1})).await?;
        let page = structured(&page)?;
        let id = page["items"][0]["id"].as_str().ok_or("no invoice")?.to_owned();
        let invoice = call(client, "invoices.get", json!({"id": id})).await?;
        same(&read(client, &format!("invoices://{id}")).await?, structured(&invoice)?)?;
        same(&read(client, "invoices://list?status=sent&page_size=1").await?, page)
    })
    .await;

    report(&check("a resource that is not there is named in the error"), async {
        let uri = format!("invoices://{NOBODY}");
        match client.read_resource(ReadResourceRequestParams::new(&uri)).await {
            Err(ServiceError::McpError(error)) => {
                same(&error.code.0, &if newer { -32602 } else { -32002 })?;
                same(&error.data, &Some(json!({"uri": uri})))
            }
            other => Err(format!("{other:?}").into()),
        }
    })
    .await;

    report(&check("lists the prompt, gets it with the invoice embedded, and completes its arguments"), async {
        let prompts = client.list_all_prompts().await?;
        same(&prompts.iter().map(|prompt| prompt.name.as_str()).collect::<Vec<_>>(), &vec!["dunning_letter"])?;
        let page = call(client, "invoices.list", json!({"status": ["sent"], "page_size": 1})).await?;
        let invoice = structured(&page)?["items"][0].clone();
        let number = invoice["number"].as_str().ok_or("no invoice")?;
        let arguments = json!({"number": number}).as_object().cloned().unwrap_or_default();
        let wanted = GetPromptRequestParams::new("dunning_letter").with_arguments(arguments);
        let letter = serde_json::to_value(client.get_prompt(wanted).await?)?;
        let uri = format!("invoices://{}", invoice["id"].as_str().unwrap_or_default());
        same(&letter["messages"][1]["content"]["resource"]["uri"], &json!(uri))?;
        same(&client.complete_prompt_simple("dunning_letter", "number", number).await?, &vec![number.to_owned()])
    })
    .await;
}

async fn call(client: &Client, tool: &str, arguments: Value) -> Result<CallToolResult, ServiceError> {
    let arguments: Map<_, _> = arguments.as_object().cloned().unwrap_or_default();
    client.call_tool(CallToolRequestParams::new(tool.to_owned()).with_arguments(arguments)).await
}

async fn read(client: &Client, uri: &str) -> Result<Value, Box<dyn std::error::Error>> {
    let read = client.read_resource(ReadResourceRequestParams::new(uri)).await?;
    match read.contents.as_slice() {
        [ResourceContents::TextResourceContents { uri: same_uri, text, .. }] => {
            same(same_uri.as_str(), uri)?;
            Ok(serde_json::from_str(text)?)
        }
        other => Err(format!("{other:?}").into()),
    }
}

fn text(result: &CallToolResult) -> Result<&str, Box<dyn std::error::Error>> {
    let block = result.content.first().and_then(|block| block.as_text());
    Ok(block.map(|block| block.text.as_str()).ok_or("no text")?)
}

/// The structured content, which says what the text says.
fn structured(result: &CallToolResult) -> Result<&Value, Box<dyn std::error::Error>> {
    let value = result.structured_content.as_ref().ok_or_else(|| format!("nothing structured: {result:?}"))?;
    same(&serde_json::from_str::<Value>(text(result)?)?, value)?;
    Ok(value)
}

fn same<T: PartialEq + Debug + ?Sized>(got: &T, expected: &T) -> Checked {
    if got == expected { Ok(()) } else { Err(format!("got {got:?}, expected {expected:?}").into()) }
}

async fn report(name: &str, body: impl Future<Output = Checked>) {
    match body.await {
        Ok(()) => line("ok", name, ""),
        Err(why) => line("FAIL", name, &why.to_string()),
    }
}

fn line(mark: &str, name: &str, why: &str) {
    let why: String = why.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(600).collect();
    println!("{mark:4} {name}{}{why}", if why.is_empty() { "" } else { ": " });
}
