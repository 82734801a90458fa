//! Calls side by side over a pair of pipes: cancellation, places, and the end.

use crate::stdio::{PING, Pipe, begun, fixture, notes};
use serde_json::json;
use std::time::Duration;
use tokio::io::AsyncWriteExt as _;

#[tokio::test]
async fn calls_run_side_by_side() {
    let fixture = fixture(|_| {}).await;
    for era in [None, Some("2025-11-25")] {
        let mut pipe = Pipe::initialized(&fixture, "2025-11-25").await;
        pipe.tool(era, "notes.hang").await;
        let quick = pipe.tool(era, "notes.echo").await;
        let quicker = pipe.legacy("ping", json!({})).await;
        let mut ids = [pipe.next().await, pipe.next().await].map(|answer| answer.unwrap()["id"].as_u64().unwrap());
        ids.sort_unstable();
        assert_eq!(ids, [quick, quicker], "what does not end holds nobody up");
    }
}

#[tokio::test]
async fn a_cancelled_call_is_rolled_back_and_not_answered() {
    let fixture = fixture(|_| {}).await;
    for era in [None, Some("2025-11-25")] {
        for name in ["notes.stay", "notes.hang"] {
            let mut pipe = Pipe::initialized(&fixture, "2025-11-25").await;
            let id = pipe.tool(era, name).await;
            begun().await;
            pipe.cancel(id).await;
            // The one connection that writes is free again.
            let params = json!({"name": "notes.slow", "arguments": {"text": "after"}});
            let after = pipe.legacy("tools/call", params).await;
            assert_eq!(pipe.result(after).await["isError"], false, "{name}");
            assert_eq!(pipe.close().await, Vec::<String>::new());
        }
    }
    assert_eq!(notes(&fixture).await, 2 + 4, "nothing half done");
}

#[tokio::test]
async fn an_id_is_found_however_it_is_spelled() {
    let fixture = fixture(|_| {}).await;
    let mut pipe = Pipe::initialized(&fixture, "2025-11-25").await;
    let call = r#"{"jsonrpc":"2.0","id":"\u0061b","method":"tools/call","params":{"name":"notes.stay"}}"#;
    pipe.line(call).await;
    begun().await;
    pipe.cancel("ab").await;
    pipe.silent().await;
    pipe.line(call.replace("notes.stay", "notes.count")).await;
    assert_eq!(pipe.next().await.unwrap()["result"]["isError"], false);
}

#[tokio::test]
async fn a_cancellation_that_fits_nothing_is_passed_over() {
    let fixture = fixture(|_| {}).await;
    let mut pipe = Pipe::initialized(&fixture, "2025-11-25").await;
    let hang = pipe.tool(None, "notes.hang").await;
    let id = pipe.tool(None, "notes.count").await;
    pipe.result(id).await;
    pipe.cancel(id).await;
    for nothing in [json!(77), json!("1"), json!(hang.to_string()), json!(null), json!(1.5), json!({}), json!([hang])] {
        pipe.cancel(nothing).await;
    }
    for params in ["", r#","params":{}"#, r#","params":null"#, r#","params":[1]"#] {
        pipe.line(format!(r#"{{"jsonrpc":"2.0","method":"notifications/cancelled"{params}}}"#)).await;
    }
    pipe.silent().await;
    assert_eq!(pipe.close().await, Vec::<String>::new());
}

#[tokio::test]
async fn only_so_many_run_and_then_reading_pauses() {
    let fixture = fixture(|settings| settings.max_in_flight = 2).await;
    let mut pipe = Pipe::initialized(&fixture, "2025-11-25").await;
    let first = pipe.tool(None, "notes.hang").await;
    let second = pipe.tool(None, "notes.hang").await;
    begun().await;
    // With all places taken a cancellation is read; it makes room.
    pipe.cancel(first).await;
    let third = pipe.tool(None, "notes.count").await;
    assert_eq!(pipe.result(third).await["structuredContent"], 2);
    pipe.tool(None, "notes.hang").await;
    pipe.legacy("ping", json!({})).await;
    // Behind the request that waits, not even this is read.
    pipe.cancel(second).await;
    tokio::time::timeout(Duration::from_millis(100), pipe.from.next_line()).await.expect_err("there is no room");
    // The input is full before the server reads any more of it.
    let most = 2 * 4096 + 8192;
    let flood = tokio::time::timeout(Duration::from_millis(100), pipe.to.write_all(&vec![b' '; 4 * most])).await;
    flood.expect_err("reading pauses");
}

#[tokio::test]
async fn a_request_waits_for_a_place() {
    let fixture = fixture(|settings| settings.max_in_flight = 1).await;
    let mut pipe = Pipe::initialized(&fixture, "2025-11-25").await;
    let params = json!({"name": "notes.slow", "arguments": {"text": "first"}});
    let slow = pipe.legacy("tools/call", params).await;
    let next = pipe.legacy("ping", json!({})).await;
    pipe.result(slow).await;
    pipe.result(next).await;
}

#[tokio::test]
async fn the_end_of_the_input_withdraws_what_runs() {
    let fixture = fixture(|_| {}).await;
    for era in [None, Some("2025-11-25")] {
        let mut pipe = Pipe::initialized(&fixture, "2025-11-25").await;
        pipe.tool(era, "notes.stay").await;
        pipe.tool(era, "notes.hang").await;
        begun().await;
        // What needs no waiting is answered even so, and a last line needs no end.
        pipe.to.write_all(PING.as_bytes()).await.unwrap();
        assert_eq!(pipe.close().await, [r#"{"jsonrpc":"2.0","id":"last","result":{}}"#]);
        assert_eq!(notes(&fixture).await, 2, "rolled back before it returned");
    }
}

#[tokio::test]
async fn a_client_that_reads_no_more_is_gone() {
    let fixture = fixture(|_| {}).await;
    let mut pipe = Pipe::initialized(&fixture, "2025-11-25").await;
    pipe.tool(None, "notes.stay").await;
    begun().await;
    let Pipe { mut to, from, served, .. } = pipe;
    drop(from);
    to.write_all(format!("{PING}\n").as_bytes()).await.unwrap();
    tokio::time::timeout(Duration::from_secs(10), served).await.expect("it ends").unwrap().unwrap();
    assert_eq!(notes(&fixture).await, 2);
}
