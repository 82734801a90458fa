//! The resources of the example: what a caller is listed is what they may read, and a table is one on every surface.

use crate::{counter::EVERY, suite::application};
use diptych_testkit::{RunningServer, Surface, SurfaceClient, TestDatabase, request};
use serde_json::{Value, json};

/// A method of MCP, called by this user.
async fn mcp(server: &RunningServer, user: &str, method: &str, params: Value) -> Value {
    let client = SurfaceClient::over(server, Surface::McpStateless, Some(user)).await;
    client.request(method, params).await.unwrap_or_else(|error| panic!("{error}"))
}

/// A customer with two invoices, one of them overdue.
async fn fill(server: &RunningServer, user: &str) {
    let call = async |name: &str, arguments: Value| {
        let params = json!({"name": name, "arguments": arguments});
        mcp(server, user, "tools/call", params).await["structuredContent"].clone()
    };
    let customer = json!({"name": "Ada \"A\" Ltd", "email": format!("{user}@example.com")});
    let customer = call("customers.create", customer).await;
    for (number, due_on) in [("A/1", "2020-01-31"), ("A/2", "2099-01-31")] {
        let lines = json!([{"description": "Work", "quantity": 1, "unit_cents": 100}]);
        let new = json!({"customer_id": customer["id"], "number": number, "due_on": due_on, "lines": lines});
        let invoice = call("invoices.create", new).await;
        call("invoices.send", json!({"id": invoice["id"]})).await;
    }
}

#[tokio::test]
async fn the_rows_of_a_caller_are_listed_and_can_be_read() {
    for backend in EVERY {
        let database = TestDatabase::new(backend).await;
        let server = RunningServer::start(application(&database)).await;
        fill(&server, "ann").await;
        let listed = mcp(&server, "ann", "resources/list", json!({})).await;
        let entries = listed["resources"].as_array().unwrap();
        let names: Vec<_> = entries.iter().map(|entry| entry["name"].as_str().unwrap()).collect();
        assert_eq!(names, ["reports.overdue_csv", "A/2", "A/1"], "{backend}");
        let read = mcp(&server, "ann", "resources/read", json!({"uri": entries[1]["uri"]})).await;
        let invoice: Value = serde_json::from_str(read["contents"][0]["text"].as_str().unwrap()).unwrap();
        assert_eq!(invoice["number"], "A/2", "{backend}");
        // Nobody is listed what is another's, or what they have no scope for.
        for (user, count) in [("bob", 1), ("ann+invoices:write", 0)] {
            let listed = mcp(&server, user, "resources/list", json!({})).await;
            assert_eq!(listed["resources"].as_array().unwrap().len(), count, "{user} on {backend}");
        }
    }
}

#[tokio::test]
async fn a_table_is_text_on_every_surface() {
    for backend in EVERY {
        let database = TestDatabase::new(backend).await;
        let server = RunningServer::start(application(&database)).await;
        fill(&server, "ann").await;
        let table = "customer,invoices,due_cents,oldest\r\n\"Ada \"\"A\"\" Ltd\",1,100,2020-01-31\r\n";
        let read = mcp(&server, "ann", "resources/read", json!({"uri": "reports://overdue.csv"})).await;
        assert_eq!(
            read["contents"],
            json!([{"uri": "reports://overdue.csv", "mimeType": "text/csv", "text": table}]),
            "{backend}"
        );
        let headers = [("Authorization", "Bearer ann")];
        let rest = request(server.socket(), "GET", "/api/reports/overdue.csv", &headers, None).await;
        assert_eq!((rest.status, rest.header("content-type")), (200, Some("text/csv; charset=utf-8")), "{backend}");
        assert_eq!(rest.body, table, "{backend}");
    }
}

#[tokio::test]
async fn the_card_is_there_for_those_who_may_see_invoices() {
    let database = TestDatabase::sqlite();
    let server = RunningServer::start(application(&database)).await;
    let read = mcp(&server, "ann", "resources/read", json!({"uri": "ui://invoices/card"})).await;
    assert_eq!(read["contents"][0]["mimeType"], "text/html;profile=mcp-app");
    assert_eq!(read["contents"][0]["text"], include_str!("../../examples/invoices/card.html"));
}
