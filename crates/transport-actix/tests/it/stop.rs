//! Stopping: what runs is waited for, what is answered is the last on its connection.

use crate::client;
use crate::fixture::Server;
use crate::mcp;
use serde_json::json;
use std::io::Write as _;
use std::time::{Duration, Instant};

#[test]
fn a_running_call_is_finished() {
    let mut server = Server::start();
    let mut socket = client::connect(server.address);
    let request = server.request("POST", "/api/wait", &[], None).replace("Connection: close\r\n", "");
    socket.write_all(request.as_bytes()).unwrap();
    Server::wait_for(&server.started);
    server.ask_to_stop();
    server.open.notify_one();
    let answer = client::read(socket);
    assert_eq!((answer.status, &*answer.body), (200, "1"));
    server.join();
    assert!(std::net::TcpStream::connect(server.address).is_err());
}

#[test]
fn an_idle_connection_does_not_hold_the_server() {
    let mut server = Server::start();
    let idle = client::connect(server.address);
    assert_eq!(server.count(), 0);
    server.ask_to_stop();
    server.join();
    drop(idle);
}

/// Nothing waits for it but the server: no connection, and a runtime that ends with its worker.
#[test]
fn a_call_whose_client_is_gone_is_finished_too() {
    let mut server = Server::start();
    let id = mcp::initialize(&server);
    let body = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "wait"}}).to_string();
    let fields = [("Mcp-Session-Id", &*id), ("MCP-Protocol-Version", "2025-11-25")];
    let mut socket = client::connect(server.address);
    socket.write_all(server.request("POST", "/mcp", &fields, Some(&body)).as_bytes()).unwrap();
    Server::wait_for(&server.started);
    drop(socket);
    server.ask_to_stop();
    let dropped = server.dropped.recv_timeout(Duration::from_millis(500));
    assert!(dropped.is_err(), "it ended with its worker");
    server.open.notify_one();
    server.join();
    assert_eq!(server.left(), 1);
}

#[test]
fn a_busy_connection_is_told_to_come_back_elsewhere() {
    let mut server = Server::start();
    let mut held = client::connect(server.address);
    held.write_all(server.request("POST", "/api/wait", &[], None).as_bytes()).unwrap();
    Server::wait_for(&server.started);
    let mut busy = client::connect(server.address);
    let request = server.request("GET", "/api/notes/count", &[], None).replace("Connection: close\r\n", "");
    assert_eq!(client::exchange(&mut busy, &request).header("connection"), None);
    server.ask_to_stop();
    let began = Instant::now();
    while client::exchange(&mut busy, &request).header("connection") != Some("close") {
        assert!(began.elapsed() < Duration::from_secs(20), "it goes on for ever");
    }
    server.open.notify_one();
    assert_eq!(client::read(held).status, 200);
}
