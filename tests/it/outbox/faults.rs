//! What breaks on the way: workers that die or are late, handlers that fail, and what becomes of their messages.

use super::{Gate, Process, Seen, handlers, within_reason};
use crate::counter::{Backend, EVERY};
use diptych::{Delivery, Outbox, OutboxMessage, Result, Tx};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// What is in the same database as the mark happens once; what is elsewhere may happen again, and has the same id.
#[tokio::test]
async fn a_worker_that_is_killed_between_the_effect_and_the_mark_is_replaced() {
    for backend in EVERY {
        for (name, effects) in [("noted", vec![7]), ("told", vec![7, 7])] {
            let seen = Seen::on(backend).await;
            let gate = Gate::closed();
            let killed = Process::start(&seen.database, handlers(), gate.clone()).await;
            killed.send(name, 7).await;
            within_reason(gate.reached.notified()).await;
            killed.kill();
            // Nobody has heard of it for long enough.
            within_reason(async {
                let mut tx = seen.db.begin().await.unwrap();
                diptych::query("UPDATE diptych_outbox SET due_at = 0").execute(&mut tx).await.unwrap();
                tx.commit().await.unwrap();
            })
            .await;
            let _other = seen.worker().await;
            within_reason(seen.until("delivered", 1)).await;
            assert_eq!(seen.handled().await, effects, "{name} on {backend}");
            assert_eq!(seen.count("SELECT COUNT(DISTINCT message) FROM handled").await, 1, "{name} on {backend}");
            let last = seen.count("SELECT MAX(attempt) FROM handled").await;
            assert_eq!(last, 2, "{name} on {backend}: each time is counted");
        }
    }
}

/// On SQLite a handler that stands still holds the write lock, so nobody can take its message over meanwhile.
#[tokio::test]
async fn a_worker_that_lost_its_message_commits_nothing() {
    let seen = Seen::on(Backend::Postgres).await;
    let gate = Gate::closed();
    let stalled = Process::start(&seen.database, handlers().workers(1), gate.clone()).await;
    stalled.send("noted", 7).await;
    within_reason(gate.reached.notified()).await;
    seen.execute("UPDATE diptych_outbox SET due_at = 0").await;
    let other = seen.worker().await;
    within_reason(seen.until("delivered", 1)).await;
    other.stop().await;
    gate.go.notify_one();
    // It begins with the next when it is done with the first.
    stalled.send("noted", 8).await;
    within_reason(gate.reached.notified()).await;
    assert_eq!(seen.handled().await, [7], "the one that was late is rolled back");
}

#[tokio::test]
async fn what_fails_is_tried_again_and_then_given_up() {
    for backend in EVERY {
        let seen = Seen::on(backend).await;
        let gate = Gate::failing(5);
        let works = Process::start(&seen.database, handlers().attempts(3), gate.clone()).await;
        works.send("noted", 1).await;
        within_reason(seen.until("dead", 1)).await;
        assert_eq!(seen.handled().await, [0i64; 0], "{backend}: what failed is rolled back");
        let letters = works.engine.dead_letters().unwrap();
        let listed = letters.list(&mut seen.db.read().await.unwrap(), 10).await.unwrap();
        let [letter] = &listed[..] else { panic!("{listed:?}") };
        assert_eq!((&*letter.topic, letter.attempts, &*letter.code), ("noted", 3, "not_now"), "{backend}");
        assert_eq!(letter.error_id.len(), 32);
        let id = &*letter.id;
        let payload = letters.payload(&mut seen.db.read().await.unwrap(), id).await.unwrap();
        assert_eq!(payload.as_deref(), Some("{\"n\":1}"));
        let numbers = works.engine.outbox_statistics();
        let [noted, ..] = &numbers[..] else { panic!("{numbers:?}") };
        assert_eq!((&*noted.topic, noted.delivered, noted.failed, noted.dead), ("noted", 0, 3, 1));
        // Whatever the detail of an error says is for callers, of which there are none.
        for column in ["SELECT code FROM diptych_outbox", "SELECT error_id FROM diptych_outbox"] {
            assert!(!seen.texts(column).await[0].contains("Zq7detailQx"));
        }
        // Two more failures are left.
        let mut tx = seen.db.begin().await.unwrap();
        assert!(letters.retry(&mut tx, id).await.unwrap());
        assert!(!letters.retry(&mut tx, id).await.unwrap() && !letters.retry(&mut tx, "nothing").await.unwrap());
        tx.commit().await.unwrap();
        within_reason(seen.until("delivered", 1)).await;
        assert_eq!(seen.count("SELECT attempts FROM diptych_outbox").await, 3, "{backend}");
        assert_eq!(seen.handled().await, [1], "{backend}");
    }
}

#[tokio::test]
async fn dead_letters_are_tried_again_together_and_discarded() {
    for backend in EVERY {
        let seen = Seen::on(backend).await;
        let works = Process::start(&seen.database, handlers().attempts(1), Gate::failing(4)).await;
        for (name, n) in [("noted", 1), ("noted", 2), ("told", 3), ("ordered", 4)] {
            works.send(name, n).await;
        }
        within_reason(seen.until("dead", 4)).await;
        let letters = works.engine.dead_letters().unwrap();
        let mut tx = seen.db.begin().await.unwrap();
        let ids: Vec<_> = letters.list(&mut tx, 10).await.unwrap().into_iter().map(|one| (one.topic, one.id)).collect();
        let (_, told) = ids.iter().find(|(topic, _)| topic == "told").unwrap();
        assert!(letters.discard(&mut tx, told).await.unwrap() && !letters.discard(&mut tx, told).await.unwrap());
        assert_eq!(letters.retry_all(&mut tx, Some("noted")).await.unwrap(), 2);
        tx.commit().await.unwrap();
        within_reason(seen.until("delivered", 2)).await;
        assert_eq!(seen.are("dead").await, 1, "{backend}");
        let mut tx = seen.db.begin().await.unwrap();
        assert_eq!(letters.retry_all(&mut tx, None).await.unwrap(), 1);
        tx.commit().await.unwrap();
        within_reason(seen.until("delivered", 3)).await;
        assert_eq!(seen.are("dead").await + seen.are("pending").await, 0, "{backend}");
    }
}

#[tokio::test]
async fn a_message_that_kills_its_workers_is_given_up() {
    for backend in EVERY {
        let seen = Seen::on(backend).await;
        let sender = seen.sender().await;
        sender.send("noted", 1).await;
        seen.execute("UPDATE diptych_outbox SET attempts = 3").await;
        let _works = Process::start(&seen.database, handlers().attempts(3), Gate::default()).await;
        within_reason(seen.until("dead", 1)).await;
        assert_eq!(seen.texts("SELECT code FROM diptych_outbox").await, ["worker_lost"], "{backend}");
        assert_eq!(seen.handled().await, [0i64; 0]);
    }
}

#[derive(Serialize, Deserialize)]
struct Fate(String);

impl OutboxMessage for Fate {
    const TOPIC: &'static str = "fate";
}

async fn meet(_: &mut Tx, fate: Delivery<Fate>) -> Result<()> {
    match &*fate.0 {
        "panic" => panic!("on purpose"),
        "hang" => std::future::pending().await,
        _ => Ok(()),
    }
}

/// The same, without a transaction.
#[derive(Serialize, Deserialize)]
struct Far(String);

impl OutboxMessage for Far {
    const TOPIC: &'static str = "far";
}

async fn meet_far(fate: Delivery<Far>) -> Result<()> {
    match &*fate.0 {
        "panic" => panic!("on purpose"),
        "hang" => std::future::pending().await,
        _ => Ok(()),
    }
}

#[tokio::test]
async fn a_handler_that_panics_or_hangs_harms_nothing_but_its_message() {
    for backend in EVERY {
        let seen = Seen::on(backend).await;
        let outbox = Outbox::new().handle(meet).handle(meet_far).attempts(1).deadline(Duration::from_millis(200));
        let works = Process::start(&seen.database, outbox, Gate::default()).await;
        works
            .within(async |engine| {
                let outgoing = engine.outgoing().unwrap();
                let mut tx = engine.db().begin().await.unwrap();
                for fate in ["panic", "hang", "good"] {
                    outgoing.send(&mut tx, &Fate(fate.to_owned())).await.unwrap();
                    outgoing.send(&mut tx, &Far(fate.to_owned())).await.unwrap();
                }
                diptych::query("INSERT INTO diptych_outbox (id, topic, \"key\", payload, due_at, sent_at) VALUES ($1, 'fate', '', '7', 0, 0)")
                    .bind(uuid::Uuid::new_v4().to_string())
                    .execute(&mut tx)
                    .await
                    .unwrap();
                tx.commit().await.unwrap();
            })
            .await;
        within_reason(seen.until("delivered", 2)).await;
        within_reason(seen.until("dead", 5)).await;
        let codes = seen.texts("SELECT code FROM diptych_outbox WHERE state = 'dead' ORDER BY code, topic").await;
        assert_eq!(codes, ["deadline", "deadline", "internal", "internal", "message_unreadable"], "{backend}");
    }
}

#[tokio::test]
async fn a_message_that_is_too_long_rolls_its_service_back() {
    for backend in EVERY {
        let seen = Seen::on(backend).await;
        let sender = Process::start(&seen.database, Outbox::new().longest(6), Gate::default()).await;
        let error = sender.call("noted", "{\"n\": 1}".to_owned(), None).await.unwrap_err();
        assert_eq!((error.kind(), error.code()), (diptych::ErrorKind::TooLarge, "message_too_large"), "{backend}");
        assert_eq!(seen.count("SELECT COUNT(*) FROM sent").await, 0, "{backend}");
    }
}

#[tokio::test]
async fn what_was_handled_is_removed_after_a_while_and_dead_letters_are_not() {
    for backend in EVERY {
        let seen = Seen::on(backend).await;
        let works = Process::start(&seen.database, handlers().attempts(1), Gate::failing(1)).await;
        works.send("noted", 1).await;
        within_reason(seen.until("dead", 1)).await;
        works.send("noted", 2).await;
        works.send("noted", 3).await;
        within_reason(seen.until("delivered", 2)).await;
        works.kill();
        seen.execute("UPDATE diptych_outbox SET ended_at = 1 WHERE payload <> '{\"n\":3}'").await;
        // One that only sends removes what is old, too.
        let sender = seen.sender().await;
        within_reason(seen.until("delivered", 1)).await;
        assert_eq!(seen.are("dead").await, 1, "{backend}");
        sender.kill();
        let forgets = Outbox::new().keep_dead(Duration::from_secs(3600));
        let _forgets = Process::start(&seen.database, forgets, Gate::default()).await;
        within_reason(seen.until("dead", 0)).await;
        assert_eq!(seen.are("delivered").await, 1, "{backend}");
    }
}
