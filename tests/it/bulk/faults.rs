//! An error at each item and each statement: all or nothing is nothing, each for itself is exactly the others.

use super::{Steps, bad, good};
use crate::counter::{Backend, EVERY};
use diptych::{Db, DbOptions, ErrorKind};
use diptych_testkit::{DelayProxy, TestDatabase};
use serde_json::json;

const NONE: [i64; 0] = [];

#[tokio::test]
async fn an_error_at_any_item_and_statement_leaves_nothing_or_exactly_the_others() {
    for backend in EVERY {
        for (how, code) in [("refuse", "refused"), ("again", "unique")] {
            for fails_at in 1..=3 {
                let steps = Steps::on(backend).await;
                let mut kept = Vec::new();
                for (round, failing) in (0..4_usize).enumerate() {
                    let base = 10 * i64::try_from(round).unwrap() + 1;
                    let numbers: Vec<i64> = (base..base + 4).collect();
                    let items: Vec<_> = numbers
                        .iter()
                        .enumerate()
                        .map(|(at, n)| match at == failing {
                            true => bad(*n, fails_at, how),
                            false => good(*n),
                        })
                        .collect();
                    let refused = steps.call("all", &items).await.unwrap_err();
                    assert_eq!((refused.code(), refused.kind()), (code, ErrorKind::Conflict));
                    assert_eq!(refused.fields()[0].pointer, format!("/items/{failing}"));
                    assert_eq!(
                        steps.kept().await,
                        [kept.clone(), kept.clone(), kept.clone()],
                        "{backend} {how} {failing}"
                    );

                    let answer = steps.call("each", &items).await.unwrap();
                    assert_eq!((&answer["succeeded"], &answer["failed"]), (&json!(3), &json!(1)));
                    assert_eq!(answer["items"][failing]["problem"]["code"], code);
                    kept.extend(numbers.iter().enumerate().filter(|(at, _)| *at != failing).map(|(_, n)| *n));
                    assert_eq!(
                        steps.kept().await,
                        [kept.clone(), kept.clone(), kept.clone()],
                        "{backend} {how} {failing}"
                    );
                }
            }
        }
    }
}

/// Many that fail one after the other, and some between them that do not.
#[tokio::test]
async fn any_number_of_items_can_fail() {
    for backend in EVERY {
        let steps = Steps::on(backend).await;
        let items: Vec<_> = (1..=300).map(|n| if n % 100 == 0 { good(n) } else { bad(n, 2, "again") }).collect();
        let answer = steps.call("each", &items).await.unwrap();
        assert_eq!((&answer["succeeded"], &answer["failed"]), (&json!(3), &json!(297)), "{backend}");
        let kept = vec![100, 200, 300];
        assert_eq!(steps.kept().await, [kept.clone(), kept.clone(), kept], "{backend}");
        let answer = steps.call("each", &[bad(1, 1, "refuse"), bad(2, 3, "again")]).await.unwrap();
        assert_eq!((&answer["succeeded"], &answer["failed"]), (&json!(0), &json!(2)), "{backend}");
    }
}

/// What is no item's fault is the call's.
#[tokio::test]
async fn a_fault_fails_the_whole_call() {
    for backend in EVERY {
        for (how, kind) in [("fault", ErrorKind::Internal), ("race", ErrorKind::Unavailable)] {
            let steps = Steps::on(backend).await;
            let error = steps.call("each", &[good(1), bad(2, 2, how), good(3)]).await.unwrap_err();
            assert_eq!(error.kind(), kind, "{backend} {how}");
            assert!(error.fields().is_empty(), "{how}");
            assert_eq!(steps.kept().await, [NONE; 3], "{backend} {how}");
        }
        let steps = Steps::on(backend).await;
        // A statement that failed and was ignored: on PostgreSQL nothing after it would be kept.
        let ignored = steps.call("each", &[good(1), bad(2, 2, "ignored"), good(3)]).await;
        if backend == Backend::Postgres {
            assert_eq!(ignored.unwrap_err().kind(), ErrorKind::Internal);
            assert_eq!(steps.kept().await, [NONE; 3]);
        }
        let steps = Steps::on(backend).await;
        assert_eq!(steps.call("each", &[good(1), bad(2, 1, "panic")]).await.unwrap_err().kind(), ErrorKind::Internal);
        assert_eq!(steps.kept().await, [NONE; 3], "{backend}");
        let answer = steps.call("each", &[bad(1, 2, "nested"), bad(2, 1, "refuse")]).await.unwrap();
        assert_eq!(answer["succeeded"], 1, "a savepoint in a savepoint");
        assert_eq!(steps.kept().await, [[1]; 3], "{backend}");
    }
}

/// The whole call runs again, and once it wins everything of it is there, once.
#[tokio::test]
async fn a_call_that_lost_a_race_is_run_again_as_a_whole() {
    for backend in EVERY {
        let steps = Steps::on(backend).await;
        let items = [good(1), bad(2, 2, "race"), bad(3, 1, "refuse"), good(4)];
        let answer = steps.call("each.again", &items).await.unwrap();
        assert_eq!((&answer["succeeded"], &answer["failed"]), (&json!(3), &json!(1)), "{backend}");
        let kept = vec![1, 2, 4];
        assert_eq!(steps.kept().await, [kept.clone(), kept.clone(), kept], "{backend}");
    }
}

/// Each has what the other wants next: the database ends one of them, which runs again once the other is done.
#[tokio::test]
async fn two_calls_that_end_each_other_are_both_done() {
    for backend in [Backend::Postgres, Backend::MySql] {
        let steps = Steps::on(backend).await;
        steps.call("each", &[good(1), good(2)]).await.unwrap();
        steps.forget_runs();
        let (one, other) = ([good(10), good(20)], [good(20), good(10)]);
        let (one, other) = tokio::join!(steps.call("meet", &one), steps.call("meet", &other));
        for answer in [one.unwrap(), other.unwrap()] {
            assert_eq!((&answer["succeeded"], &answer["failed"]), (&json!(2), &json!(0)), "{backend}");
        }
        let retried = steps.engine.operation("meet").unwrap().declaration().retried();
        assert_eq!(retried, 1, "{backend}: a deadlock is no item's fault");
    }
}

/// The connection breaks at each message of a call: all that is answered is there, or nothing is.
#[tokio::test]
async fn a_connection_that_breaks_leaves_nothing_in_part() {
    for name in ["all", "each"] {
        let database = TestDatabase::postgres().await;
        let proxy = DelayProxy::before(diptych_testkit::server_address(diptych::Backend::Postgres)).await;
        let options = DbOptions { workers: Some(1), max_connections: 2, ..DbOptions::default() };
        let db = Db::connect_with(&database.url_through(proxy.address()), options).await.unwrap();
        let steps = Steps::with(database, db, |builder| builder).await;
        steps.call(name, &[good(1)]).await.unwrap();
        let before = proxy.messages();
        steps.call(name, &[good(2), good(3)]).await.unwrap();
        let one_call = proxy.messages() - before;
        let mut kept = vec![1, 2, 3];
        for at in 0..=one_call {
            let n = 10 + 10 * i64::try_from(at).unwrap();
            proxy.break_after_messages(at);
            let answered = steps.call(name, &[good(n), good(n + 1)]).await;
            proxy.mend();
            match answered {
                Ok(_) => kept.extend([n, n + 1]),
                Err(error) => assert!(
                    matches!(error.kind(), ErrorKind::Unavailable | ErrorKind::OutcomeUnknown | ErrorKind::Internal),
                    "{name} {at}: {error:?}"
                ),
            }
            // Nobody waits for a connection that is gone.
            while steps.call(name, &[good(n + 5)]).await.is_err() {}
            kept.push(n + 5);
            let [there, sent, _] = steps.kept().await;
            assert_eq!((&there, &sent), (&kept, &kept), "{name} {at}");
        }
    }
}

/// A statement is a message, once its plan is known.
#[tokio::test]
async fn a_call_costs_the_statements_of_its_items_and_no_more() {
    let database = TestDatabase::postgres().await;
    let proxy = DelayProxy::before(diptych_testkit::server_address(diptych::Backend::Postgres)).await;
    let options = DbOptions { workers: Some(1), max_connections: 2, ..DbOptions::default() };
    let db = Db::connect_with(&database.url_through(proxy.address()), options).await.unwrap();
    let steps = Steps::with(database, db, |builder| builder).await;
    let mut next = 0;
    let mut cost = async |name: &str, items: usize, how: &str| {
        let fresh = |n| if how.is_empty() { good(n) } else { bad(n, 1, how) };
        let mut run = async || {
            let items: Vec<_> = (0..items)
                .map(|_| {
                    next += 1;
                    fresh(next)
                })
                .collect();
            let before = proxy.messages();
            steps.call(name, &items).await.unwrap();
            proxy.messages() - before
        };
        run().await;
        run().await
    };
    // BEGIN and COMMIT; a message, and three inserts.
    let count = 20;
    let (first, all) = (cost("all", 1, "").await, cost("all", count, "").await);
    assert_eq!(first, 6);
    assert_eq!(all, 2 + 4 * count as u64, "a call of many is one transaction");
    assert_eq!(cost("each", count, "").await, 2 + (4 + 2) * count as u64, "a savepoint is taken, and released");
    assert_eq!(cost("each", count, "refuse").await, 2 + (2 + 2) * count as u64, "or rolled back to");
    assert_eq!(cost("set", 200, "").await, 3, "a set is one statement");
}
