//! The caller goes away: at any moment, and with the statement in flight.

use crate::counter::{App, EVERY, call};
use diptych::{Db, query_scalar};
use diptych_pipeline::OnDisconnect;
use diptych_testkit::{DelayProxy, TestDatabase};
use std::{sync::atomic::Ordering, time::Duration};

#[tokio::test]
async fn a_disconnect_rolls_back() {
    for backend in EVERY {
        let app = App::on(backend).await;
        for _ in 0..10 {
            let calling = app.call("wait", "{\"n\": 1}");
            tokio::select! {
                done = calling => panic!("{done:?}"),
                () = app.gate.reached.notified() => {}
            }
            // The call was dropped; once its transaction has ended, nothing of it is there.
            app.engine.drain().await;
            assert_eq!(app.numbers().await, [0i64; 0], "{backend}");
        }
        assert_eq!(app.gate.passed.load(Ordering::SeqCst), 0);
        app.assert_healthy().await;
    }
}

#[tokio::test]
async fn a_call_that_is_to_finish_does() {
    for backend in EVERY {
        let app = App::on(backend).await;
        tokio::select! {
            done = call(&app.engine, "wait", "{\"n\": 1}", OnDisconnect::Finish) => panic!("{done:?}"),
            () = app.gate.reached.notified() => {}
        }
        app.gate.go.notify_one();
        app.engine.drain().await;
        assert_eq!(app.numbers().await, [1, 2], "{backend}");
    }
}

/// Trap 1: a BEGIN that is cancelled in flight leaves the server in a transaction that the driver does not know of. The next
/// borrower's INSERT is acknowledged and vanishes with the connection.
#[tokio::test]
async fn a_begin_cancelled_in_flight_loses_nothing_that_is_acknowledged_later() {
    let database = TestDatabase::postgres().await;
    let upstream = diptych_testkit::server_address(diptych::Backend::Postgres);
    let proxy = DelayProxy::before(upstream).await;
    let url = database.url_through(proxy.address());
    let app = App::at(database, &url).await;
    app.add(0).await.unwrap();

    for (round, cancel_after) in [40u64, 150, 280, 310, 450].into_iter().enumerate() {
        proxy.delay(Duration::from_millis(300));
        let cancelled = app.add(-1 - i64::try_from(round).unwrap());
        let _ = tokio::time::timeout(Duration::from_millis(cancel_after), cancelled).await;
        proxy.delay(Duration::ZERO);
        app.engine.drain().await;
    }
    assert_nobody_is_left_in_a_transaction(&app).await;
    app.assert_healthy().await;
}

/// As the server sees it: whoever got such a connection next would write into a transaction that nobody commits.
async fn assert_nobody_is_left_in_a_transaction(app: &App) {
    let fresh = Db::connect(app.database.url()).await.unwrap();
    let mut conn = fresh.read().await.unwrap();
    for _ in 0..100 {
        let open: i64 = query_scalar(
            "SELECT COUNT(*) FROM pg_stat_activity WHERE datname = current_database() AND state LIKE 'idle in transaction%'",
        )
        .one(&mut conn)
        .await
        .unwrap();
        if open == 0 {
            return;
        }
        // A connection that is closed is gone a moment later.
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("a connection went back to the pool inside a transaction");
}
