//! Prompts and the completion of their arguments.

use super::{
    World, everywhere,
    world::{customer, invoice},
};
use diptych_testkit::SurfaceClient;
use serde_json::{Value, json};

everywhere!(a_prompt_reads_what_is_the_callers, an_argument_is_completed_from_the_callers_list);

async fn letter(world: &World, caller: &SurfaceClient, arguments: Value) -> Result<Value, String> {
    let answered = if world.is_mcp() {
        caller.request("prompts/get", json!({"name": "dunning_letter", "arguments": arguments})).await
    } else {
        caller.call("dunning_letter", arguments).await
    };
    // The words are the same: of the problem in process, of the error of JSON-RPC over MCP.
    let words = |error: Value| error.get("detail").or(error.get("message")).unwrap().as_str().unwrap().to_owned();
    answered.map_err(words)
}

async fn a_prompt_reads_what_is_the_callers(world: &World) {
    if world.is_rest() {
        // It has no route; the test of the contract says that nothing else is missing there.
        return;
    }
    let ann = world.ann().await;
    let customer = customer(&ann, "Ada").await;
    let id = invoice(&ann, &customer, "N-1", 12_300, "2026-01-31").await;
    let numbered = || json!({"number": "N-1", "tone": "final"});
    assert_eq!(
        letter(world, &ann, numbered()).await.unwrap_err(),
        "only an invoice that was sent and is not paid yet is reminded of"
    );
    ann.call("invoices.send", json!({"id": id})).await.unwrap();
    let answer = letter(world, &ann, numbered()).await.unwrap();
    assert_eq!(answer["description"], "A letter about invoice N-1");
    assert!(answer["messages"][0]["content"]["text"].as_str().unwrap().contains("last letter"), "{answer}");
    let resource = &answer["messages"][1]["content"]["resource"];
    assert_eq!(resource["uri"], format!("invoices://{id}"));
    let embedded: Value = serde_json::from_str(resource["text"].as_str().unwrap()).unwrap();
    let mut read = ann.call("invoices.get", json!({"id": id})).await.unwrap();
    // What can be done now is said to who reads, and not kept in letters.
    assert!(read.as_object_mut().unwrap().remove("actions").is_some());
    assert_eq!(embedded, read);
    let wrong = letter(world, &ann, json!({"number": "N-1", "tone": "rude"})).await.unwrap_err();
    assert!(wrong.contains("friendly"), "{wrong}");
    let bob = world.caller(Some("bob")).await;
    assert_eq!(letter(world, &bob, numbered()).await.unwrap_err(), "there is no invoice of this number");
}

async fn an_argument_is_completed_from_the_callers_list(world: &World) {
    if !world.is_mcp() {
        return;
    }
    let ann = world.ann().await;
    let customer = customer(&ann, "Ada").await;
    for number in ["N-1", "N-2", "M-1"] {
        invoice(&ann, &customer, number, 100, "2026-01-31").await;
    }
    let offered = async |caller: &SurfaceClient, argument: &str, typed: &str| {
        let reference = json!({"type": "ref/prompt", "name": "dunning_letter"});
        let params = json!({"ref": reference, "argument": {"name": argument, "value": typed}});
        caller.request("completion/complete", params).await.unwrap()["completion"].clone()
    };
    // Newest first, as the list has them.
    let numbers = json!({"values": ["N-2", "N-1"], "total": 2, "hasMore": false});
    assert_eq!(offered(&ann, "number", "n-").await, numbers);
    assert_eq!(offered(&ann, "tone", "f").await["values"], json!(["friendly", "firm", "final"]));
    let bob = world.caller(Some("bob")).await;
    assert_eq!(offered(&bob, "number", "").await["values"], json!([]));
}
