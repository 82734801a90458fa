//! Resources that are whole selectors: the query of a URI is their filter, order and page.

use crate::suite::application;
use diptych::{Db, ErrorKind, query};
use diptych_testkit::{RunningServer, Surface, SurfaceClient, TestDatabase, request};
use serde_json::{Value, json};

async fn read(server: &RunningServer, uri: &str) -> Value {
    let meta = json!({
        "io.modelcontextprotocol/protocolVersion": "2026-07-28", "io.modelcontextprotocol/clientCapabilities": {},
    });
    let params = json!({"uri": uri, "_meta": meta});
    let body = json!({"jsonrpc": "2.0", "id": 1, "method": "resources/read", "params": params}).to_string();
    let headers = [
        ("Authorization", "Bearer ann"),
        ("Content-Type", "application/json"),
        ("MCP-Protocol-Version", "2026-07-28"),
        ("Mcp-Method", "resources/read"),
        ("Mcp-Name", uri),
    ];
    request(server.socket(), "POST", "/mcp", &headers, Some(&body)).await.json()
}

#[tokio::test]
async fn the_query_of_a_uri_is_filter_order_and_page() {
    let database = TestDatabase::sqlite();
    let server = RunningServer::start(application(&database)).await;
    let ann = SurfaceClient::over(&server, Surface::Rest, Some("ann")).await;
    let customer = crate::suite::customer(&ann, "Ann").await;
    for (number, cents) in [("A-1", 300), ("A-2", 100), ("B-1", 200)] {
        crate::suite::invoice(&ann, &customer, number, cents, "2026-01-01").await;
    }
    let sent = ann.call("invoices.list", json!({"number": "A-2"})).await.unwrap()["items"][0]["id"].clone();
    ann.call("invoices.send", json!({"id": sent})).await.unwrap();
    for (query, numbers) in [
        ("", &["B-1", "A-2", "A-1"] as &[&str]),
        ("?order=amount", &["A-2", "B-1", "A-1"]),
        ("?order=-amount&page_size=1&page=2", &["B-1"]),
        ("?number=A-&order=amount", &["A-2", "A-1"]),
        ("?status=draft&status=sent", &["B-1", "A-2", "A-1"]),
        ("?status=sent", &["A-2"]),
    ] {
        let answer = read(&server, &format!("invoices://list{query}")).await;
        let text = answer["result"]["contents"][0]["text"].as_str().unwrap_or_else(|| panic!("{query}: {answer:#}"));
        assert_eq!(crate::suite::numbers(&serde_json::from_str(text).unwrap()), numbers, "{query}");
    }
    for query in ["?page=x", "?page=1&page=2", "?status=lost", "?colour=red", "?order=colour"] {
        let answer = read(&server, &format!("invoices://list{query}")).await;
        assert_eq!(answer["error"]["code"], -32602, "{query}: {answer:#}");
    }
}

/// An index of PostgreSQL takes a third of a page (54000), and this is of no pattern that could be made shorter.
#[tokio::test]
async fn a_text_that_is_too_long_for_an_index_is_no_fault() {
    let database = TestDatabase::postgres().await;
    let db = Db::connect(database.url()).await.unwrap();
    let mut tx = db.begin().await.unwrap();
    query("CREATE TABLE labels (label VARCHAR(200) PRIMARY KEY)").execute(&mut tx).await.unwrap();
    let mut seed = 1_u64;
    let mut letter = || {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        char::from(b'!' + u8::try_from(seed >> 58).unwrap())
    };
    let label: String = (0..20_000).map(|_| letter()).collect();
    let insert = query("INSERT INTO labels (label) VALUES ($1)").bind(label);
    let error = insert.execute(&mut tx).await.unwrap_err();
    assert_eq!((error.kind(), error.code()), (ErrorKind::Invalid, "constraint"));
    tx.rollback().await;
}

/// What a database cannot store is the caller's mistake: NUL in a text, and days that it does not know.
#[tokio::test]
async fn values_beyond_the_database_are_no_faults() {
    for database in [TestDatabase::sqlite(), TestDatabase::postgres().await] {
        let server = RunningServer::start(application(&database)).await;
        for path in [
            "/api/invoices?number=%00",
            "/api/search?text=%00%00",
            "/api/invoices?due_before=-262143-01-01",
            "/api/reports/overdue?as_of=-262143-01-01",
        ] {
            let answer = request(server.socket(), "GET", path, &[("Authorization", "Bearer ann")], None).await;
            assert!([200, 422].contains(&answer.status), "{path}: {}", answer.status);
        }
    }
}
