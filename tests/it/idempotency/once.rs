//! One key, one effect: at once, one after the other, and after the key has expired.

use super::Notes;
use crate::counter::{EVERY, Postgres, Sqlite};
use diptych::{Backend, ErrorKind, IdempotencyKey, query_scalar};
use diptych_pipeline::{Caller, Surface, Via};
use diptych_spec::Arguments;
use futures_util::future::join_all;

#[tokio::test]
async fn a_hundred_calls_with_one_key_have_one_effect() {
    for backend in EVERY {
        let notes = Notes::on(backend).await;
        for round in 0..5 {
            let key = format!("k{round}");
            let answers = join_all((0..100).map(|_| notes.call("note", &key, round))).await;
            let mut given = Vec::new();
            let mut busy = 0;
            for answer in answers {
                match answer {
                    Ok(outcome) => given.push(outcome),
                    Err(error) => {
                        assert_eq!((error.kind(), error.code()), (ErrorKind::Conflict, "in_progress"), "{error}");
                        assert_eq!(error.retry_after_seconds(), Some(1));
                        given.push(notes.call("note", &key, round).await.unwrap());
                        busy += 1;
                    }
                }
            }
            assert!(given.iter().all(|outcome| outcome.json() == given[0].json()), "{backend}");
            assert_eq!(given.iter().filter(|outcome| !outcome.is_replay()).count(), 1, "{backend}");
            assert_eq!(notes.times(round).await, 1, "{backend}");
            // On SQLite one writes at a time, and the others wait.
            assert!(backend != Sqlite || busy == 0, "{busy}");
        }
        assert_eq!(notes.count("SELECT COUNT(*) FROM diptych_idempotency").await, 5);
    }
}

#[tokio::test]
async fn a_call_that_is_on_its_way_is_not_waited_for() {
    let notes = Notes::on(Postgres).await;
    let first = notes.call("wait", "k", 1);
    let second = async {
        notes.gate.reached.notified().await;
        let error = notes.call("wait", "k", 1).await.unwrap_err();
        assert_eq!(error.code(), "in_progress");
        // Nobody else's call is kept waiting either, nor one with another key.
        notes.call("note", "k", 1).await.unwrap();
        notes.gate.go.notify_one();
    };
    let (first, ()) = tokio::join!(first, second);
    let again = notes.call("wait", "k", 1).await.unwrap();
    assert_eq!((first.unwrap().json(), true), (again.json(), again.is_replay()));
    assert_eq!(notes.times(1).await, 2);
}

/// On SQLite there is one writer: who waits for it is answered as soon as it is free.
#[tokio::test]
async fn on_sqlite_the_answer_is_waited_for() {
    let notes = Notes::on(Backend::Sqlite).await;
    let second = async {
        notes.gate.reached.notified().await;
        let second = notes.call("wait", "k", 1);
        notes.gate.go.notify_one();
        second.await
    };
    let (first, second) = tokio::join!(notes.call("wait", "k", 1), second);
    assert_eq!(first.unwrap().json(), second.unwrap().json());
    assert_eq!(notes.times(1).await, 1);
}

#[tokio::test]
async fn a_key_that_has_expired_was_not_used() {
    for backend in EVERY {
        let notes = Notes::on(backend).await;
        let first = notes.call("note", "k", 1).await.unwrap();
        let kept = notes.count("SELECT expires_at - created_at FROM diptych_idempotency").await;
        assert_eq!(kept, 24 * 3600 * 1000);
        notes.execute("UPDATE diptych_idempotency SET expires_at = created_at - 1").await;
        // With other arguments as well.
        let second = notes.call("note", "k", 2).await.unwrap();
        assert_eq!((first.is_replay(), second.is_replay()), (false, false));
        assert_eq!(notes.call("note", "k", 2).await.unwrap().json(), second.json());
        assert_eq!(notes.call("note", "k", 1).await.unwrap_err().code(), "idempotency_key_reused");
        assert_eq!(notes.count("SELECT COUNT(*) FROM diptych_idempotency").await, 1);
    }
}

#[tokio::test]
async fn what_has_expired_is_removed() {
    for backend in EVERY {
        let notes = Notes::on(backend).await;
        for n in 0..3 {
            notes.call("note", &format!("k{n}"), n).await.unwrap();
        }
        assert_eq!(notes.engine.purge_idempotency().await.unwrap(), 0);
        notes.execute("UPDATE diptych_idempotency SET expires_at = 0 WHERE \"key\" <> 'k1'").await;
        assert_eq!(notes.engine.purge_idempotency().await.unwrap(), 2, "{backend}");
        assert_eq!(notes.count("SELECT COUNT(*) FROM diptych_idempotency").await, 1);
        assert!(notes.call("note", "k1", 1).await.unwrap().is_replay());
    }
}

/// On PostgreSQL, where others write while a service runs: its key had expired, and is its own again.
#[tokio::test]
async fn a_key_that_is_taken_again_is_not_removed() {
    let notes = Notes::on(Backend::Postgres).await;
    notes.gate.go.notify_one();
    notes.call("wait", "k", 1).await.unwrap();
    notes.gate.reached.notified().await;
    notes.execute("UPDATE diptych_idempotency SET expires_at = 0").await;
    let purging = async {
        notes.gate.reached.notified().await;
        // It waits for nobody.
        assert_eq!(notes.engine.purge_idempotency().await.unwrap(), 0);
        notes.gate.go.notify_one();
    };
    let (again, ()) = tokio::join!(notes.call("wait", "k", 1), purging);
    assert!(!again.unwrap().is_replay());
    assert!(notes.call("wait", "k", 1).await.unwrap().is_replay());
    assert_eq!(notes.times(1).await, 2);
}

/// Both write the same bytes as the first time, however the arguments were written.
#[tokio::test]
async fn arguments_are_the_same_however_they_are_written() {
    let notes = Notes::on(Backend::Sqlite).await;
    let key = IdempotencyKey::new("k").unwrap();
    let principal = diptych::Principal::new("tests", "ann", [""; 0]).unwrap();
    let operation = notes.engine.operation("note").unwrap();
    let call = async |arguments: Arguments<'_>| {
        let caller = Caller {
            idempotency_key: Some(key.clone()),
            ..Caller::new(Some(principal.clone()), Via::new(Surface::InProcess))
        };
        notes.engine.dispatch(operation, arguments, caller).await
    };
    assert!(!call(Arguments::named("{\"n\": 7}")).await.unwrap().is_replay());
    for same in [
        Arguments::named(" { \"n\" : 7 } "),
        Arguments::named("{\"\\u006e\":7.0}"),
        Arguments::named("{\"n\": \"7\"}").from_a_model(),
    ] {
        assert!(call(same).await.unwrap().is_replay());
    }
    assert_eq!(call(Arguments::named("{\"n\": 8}")).await.unwrap_err().code(), "idempotency_key_reused");
}

/// Nobody who is not signed in has a key, and a caller with a long name has one as well.
#[tokio::test]
async fn keys_are_of_callers_who_are_known() {
    for backend in EVERY {
        let notes = Notes::on(backend).await;
        let call = async |principal| {
            let caller = Caller {
                idempotency_key: Some(IdempotencyKey::new("k").unwrap()),
                ..Caller::new(principal, Via::new(Surface::InProcess))
            };
            let operation = notes.engine.operation("note").unwrap();
            notes.engine.dispatch(operation, Arguments::named("{\"n\": 1}"), caller).await
        };
        let error = call(None).await.unwrap_err();
        assert_eq!((error.kind(), error.code()), (ErrorKind::BadRequest, "idempotency_key_anonymous"));
        let long = |last| {
            let subject = format!("{}{last}", "x".repeat(10_000));
            Some(diptych::Principal::new("\0tests", subject, [""; 0]).unwrap())
        };
        assert!(!call(long("a")).await.unwrap().is_replay());
        assert!(!call(long("b")).await.unwrap().is_replay());
        assert!(call(long("a")).await.unwrap().is_replay());
        let mut conn = notes.engine.db().read().await.unwrap();
        let lengths: Vec<i64> = query_scalar("SELECT CAST(LENGTH(principal) AS DECIMAL) FROM diptych_idempotency")
            .all(&mut conn)
            .await
            .unwrap();
        assert!(lengths.iter().all(|length| *length == 71), "{lengths:?}");
    }
}
