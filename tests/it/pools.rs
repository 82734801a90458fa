//! Traps 5 and 7: what a call costs on the wire, dead connections, and which runtime a socket belongs to.

use crate::counter::{App, EVERY, call};
use diptych_pipeline::OnDisconnect;
use diptych_testkit::{DelayProxy, TestDatabase, server_address};

async fn through_proxy() -> (App, DelayProxy) {
    let database = TestDatabase::postgres().await;
    let proxy = DelayProxy::before(server_address(diptych::Backend::Postgres)).await;
    let url = database.url_through(proxy.address());
    (App::at(database, &url).await, proxy)
}

/// Trap 5: no question "are you there" in front of every call or behind it, and no transaction around a single read (trap 6).
#[tokio::test]
async fn a_read_is_one_round_trip() {
    let (app, proxy) = through_proxy().await;
    for _ in 0..5 {
        app.call("count", "{}").await.unwrap();
    }
    let before = proxy.messages();
    for _ in 0..20 {
        app.call("count", "{}").await.unwrap();
    }
    let sent = proxy.messages() - before;
    assert_eq!(sent, 20, "messages for 20 reads");
}

#[tokio::test]
async fn dead_connections_are_replaced_without_the_caller_noticing() {
    let (app, proxy) = through_proxy().await;
    for round in 0..3 {
        app.add(round).await.unwrap();
        app.call("count", "{}").await.unwrap();
        proxy.break_all();
        app.add(100 + round).await.unwrap();
        proxy.break_all();
        app.call("count", "{}").await.unwrap();
    }
    app.assert_healthy().await;
}

/// Trap 7: a socket is bound to the runtime that opened it. One engine, several runtimes, one of which ends.
#[tokio::test]
async fn an_engine_serves_several_runtimes_and_outlives_each() {
    for backend in EVERY {
        let app = App::on(backend).await;
        for n in 0..3 {
            let engine = app.engine.clone();
            let elsewhere = std::thread::spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
                runtime.block_on(async {
                    for i in 0..4 {
                        let arguments = format!("{{\"n\": {}}}", n * 10 + i);
                        call(&engine, "add", &arguments, OnDisconnect::Cancel).await.unwrap();
                        call(&engine, "count", "{}", OnDisconnect::Cancel).await.unwrap();
                    }
                });
            });
            elsewhere.join().unwrap();
            app.add(500 + n).await.unwrap();
        }
        app.assert_healthy().await;
    }
}

#[tokio::test]
async fn a_server_that_is_out_of_reach_is_unavailable() {
    let (app, proxy) = through_proxy().await;
    drop(proxy);
    for name in ["add", "count"] {
        let error = app.call(name, if name == "add" { "{\"n\": 1}" } else { "{}" }).await.unwrap_err();
        assert_eq!(error.kind(), diptych::ErrorKind::Unavailable, "{name}: {error}");
    }
}
