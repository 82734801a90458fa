//! What is sent is what was committed, and each message is handled once when nothing fails.

use super::{Gate, Process, Seen, handlers, within_reason};
use crate::counter::EVERY;
use diptych::Outbox;
use std::time::Duration;

#[tokio::test]
async fn a_message_is_there_exactly_when_what_it_tells_of_is() {
    for backend in EVERY {
        let seen = Seen::on(backend).await;
        let sender = seen.sender().await;
        sender.call("failing", "{\"n\": 1}".to_owned(), None).await.unwrap_err();
        assert_eq!(seen.are("pending").await, 0, "a failure on {backend}");
        sender.send("undone", 1).await;
        assert_eq!(seen.are("pending").await, 0, "a savepoint on {backend}");
        sender.call("noted", "{\"n\": 1, \"dry_run\": true}".to_owned(), None).await.unwrap();
        assert_eq!(seen.are("pending").await, 0, "a dry run on {backend}");
        for _ in 0..2 {
            sender.call("noted", "{\"n\": 1}".to_owned(), Some("k")).await.unwrap();
        }
        assert_eq!(seen.are("pending").await, 1, "a call that is sent again on {backend}");
        assert_eq!(seen.count("SELECT COUNT(*) FROM sent").await, 1);
        assert_eq!(seen.texts("SELECT payload FROM diptych_outbox").await, ["{\"n\":1}"]);
    }
}

#[tokio::test]
async fn each_of_many_messages_is_handled_once_by_two_processes() {
    for backend in EVERY {
        let seen = Seen::on(backend).await;
        let sender = seen.sender().await;
        for n in 0..20 {
            sender.send(if n % 2 == 0 { "noted" } else { "told" }, n).await;
        }
        let both = [seen.worker().await, seen.worker().await];
        // And while they work.
        for n in 20..40 {
            both[usize::try_from(n % 2).unwrap()].send(if n % 3 == 0 { "noted" } else { "told" }, n).await;
        }
        within_reason(seen.until("delivered", 40)).await;
        let mut handled = seen.handled().await;
        handled.sort_unstable();
        assert_eq!(handled, (0..40).collect::<Vec<i64>>(), "{backend}");
        assert_eq!(seen.count("SELECT COUNT(*) FROM diptych_outbox WHERE attempts = 1").await, 40, "{backend}");
        let delivered = both.iter().flat_map(|process| process.engine.outbox_statistics());
        assert_eq!(delivered.map(|topic| topic.delivered).sum::<u64>(), 40, "{backend}");
    }
}

/// It looks for messages of others only after minutes.
#[tokio::test]
async fn what_is_sent_here_is_handled_at_once() {
    for backend in EVERY {
        let seen = Seen::on(backend).await;
        let patient = handlers().poll(Duration::from_secs(600));
        let works = Process::start(&seen.database, patient, Gate::failing(2)).await;
        for n in 0..5 {
            works.send("noted", n).await;
        }
        // So is what failed, when its time has come.
        within_reason(seen.until("delivered", 5)).await;
    }
}

#[tokio::test]
async fn messages_of_a_key_are_handled_in_order_whatever_fails() {
    for backend in EVERY {
        let seen = Seen::on(backend).await;
        let sender = seen.sender().await;
        for n in 0..12 {
            sender.send("ordered", n).await;
        }
        let failing = Process::start(&seen.database, handlers(), Gate::failing(7)).await;
        let other = seen.worker().await;
        within_reason(seen.until("delivered", 12)).await;
        let handled = seen.handled().await;
        let of = |parity: i64| handled.iter().copied().filter(|n| n % 2 == parity).collect::<Vec<_>>();
        assert_eq!((of(0), of(1)), (vec![0, 2, 4, 6, 8, 10], vec![1, 3, 5, 7, 9, 11]), "{backend}");
        drop((failing, other));
    }
}

/// What nobody here handles waits for who does.
#[tokio::test]
async fn topics_of_others_are_left_to_them() {
    for backend in EVERY {
        let seen = Seen::on(backend).await;
        let quick = || Outbox::new().poll(Duration::from_millis(20));
        let notes = Process::start(&seen.database, quick().handle(super::note), Gate::default()).await;
        notes.send("told", 1).await;
        notes.send("noted", 2).await;
        within_reason(seen.until("delivered", 1)).await;
        tokio::time::sleep(Duration::from_millis(100)).await;
        assert_eq!((seen.handled().await, seen.are("pending").await), (vec![2], 1), "{backend}");
        let idle = Process::start(&seen.database, handlers().workers(0), Gate::default()).await;
        tokio::time::sleep(Duration::from_millis(100)).await;
        assert_eq!(seen.are("pending").await, 1, "{backend}");
        drop(idle);
        let _tells = Process::start(&seen.database, quick().handle(super::tell), Gate::default()).await;
        within_reason(seen.until("delivered", 2)).await;
    }
}

#[tokio::test]
async fn a_server_that_stops_ends_what_it_handles_and_leaves_the_rest() {
    for backend in EVERY {
        for name in ["noted", "told"] {
            let seen = Seen::on(backend).await;
            let gate = Gate::closed();
            let stops = Process::start(&seen.database, handlers().workers(1), gate.clone()).await;
            stops.send(name, 1).await;
            within_reason(gate.reached.notified()).await;
            let stopping = stops.within(async |engine| {
                tokio::spawn(async move { engine.stop_outbox().await });
            });
            stopping.await;
            tokio::time::sleep(Duration::from_millis(50)).await;
            assert_eq!(seen.are("pending").await, 1, "{name} on {backend}");
            gate.go.notify_one();
            within_reason(stops.stop()).await;
            assert_eq!((seen.are("delivered").await, seen.handled().await), (1, vec![1]), "{name} on {backend}");
            stops.send(name, 2).await;
            tokio::time::sleep(Duration::from_millis(100)).await;
            assert_eq!(seen.are("pending").await, 1, "{name} on {backend}");
            let _other = seen.worker().await;
            within_reason(seen.until("delivered", 2)).await;
        }
    }
}
