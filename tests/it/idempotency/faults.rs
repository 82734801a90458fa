//! What breaks during a call with a key: an error of each statement, a wire that is cut at each message, an answer that is lost, a
//! caller who goes away at any moment. Whatever it was, the same call again ends in one effect.
//!
//! `DIPTYCH_FAULTS=5000` says how often the caller goes away, and the wire breaks; 150 times without.

use super::Notes;
use crate::counter::EVERY;
use diptych::{Backend, Db, ErrorKind, Result, query};
use diptych_pipeline::Outcome;
use diptych_testkit::{DelayProxy, TestDatabase};
use std::time::Duration;

fn runs() -> u64 {
    std::env::var("DIPTYCH_FAULTS").ok().and_then(|runs| runs.parse().ok()).unwrap_or(150)
}

impl Notes {
    /// The same call until it succeeds: what broke before may have left a transaction that the database still has to notice is
    /// nobody's.
    async fn until_done(&self, key: &str, n: i64) -> Outcome {
        for _ in 0..1_000 {
            match self.call("note", key, n).await {
                Ok(outcome) => return outcome,
                Err(error) => {
                    let kind = error.kind();
                    assert!(matches!(kind, ErrorKind::Conflict | ErrorKind::Unavailable), "{error}");
                    tokio::time::sleep(Duration::from_millis(5)).await;
                }
            }
        }
        panic!("the same call again never succeeds");
    }

    /// There is one effect, and the answer of then is given again. Says whether the effect was of the call that broke.
    async fn assert_once(&self, key: &str, n: i64, broken: Option<Result<Outcome>>) -> bool {
        let retried = self.until_done(key, n).await;
        assert_eq!(self.times(n).await, 1, "{broken:?}, then {}", retried.json());
        match &broken {
            Some(Ok(outcome)) => assert_eq!(outcome.json(), retried.json()),
            Some(Err(error)) if error.kind() != ErrorKind::OutcomeUnknown => {
                assert!(!retried.is_replay(), "{error} says that nothing was done");
            }
            _ => {}
        }
        let again = self.until_done(key, n).await;
        assert_eq!((again.is_replay(), again.json()), (true, retried.json()));
        retried.is_replay()
    }

    /// Nothing is left of all that broke: as many rows as effects, each seen by a connection that was not there.
    async fn assert_healthy(&self, calls: i64) {
        let fresh = Db::connect(self.database.url()).await.unwrap();
        for (sql, expected) in [
            ("SELECT COUNT(*) FROM notes", calls),
            ("SELECT COUNT(DISTINCT n) FROM notes", calls),
            ("SELECT COUNT(*) FROM diptych_idempotency WHERE answer <> ''", calls),
            ("SELECT COUNT(*) FROM diptych_idempotency", calls),
        ] {
            let mut conn = fresh.read().await.unwrap();
            let found: i64 = diptych::query_scalar(sql).one(&mut conn).await.unwrap();
            assert_eq!(found, expected, "{sql}");
        }
        fresh.close().await;
    }
}

/// Statements that fail when `faults` names them; the last is COMMIT.
const SQLITE: &[&str] = &[
    "CREATE TABLE faults (place BIGINT NOT NULL)",
    "INSERT INTO faults VALUES (0)",
    "CREATE TABLE nobodys (parent BIGINT REFERENCES notes (id) DEFERRABLE INITIALLY DEFERRED)",
    "CREATE TRIGGER fault1 BEFORE INSERT ON diptych_idempotency WHEN (SELECT place FROM faults) = 1
     BEGIN SELECT RAISE(ABORT, 'no'); END",
    "CREATE TRIGGER fault2 BEFORE INSERT ON notes WHEN (SELECT place FROM faults) = 2 BEGIN SELECT RAISE(ABORT, 'no'); END",
    "CREATE TRIGGER fault3 AFTER INSERT ON notes WHEN (SELECT place FROM faults) = 3 BEGIN SELECT RAISE(ROLLBACK, 'no'); END",
    "CREATE TRIGGER fault4 BEFORE UPDATE ON diptych_idempotency WHEN (SELECT place FROM faults) = 4
     BEGIN SELECT RAISE(ABORT, 'no'); END",
    "CREATE TRIGGER fault5 AFTER UPDATE ON diptych_idempotency WHEN (SELECT place FROM faults) = 5
     BEGIN INSERT INTO nobodys VALUES (-1); END",
];
const POSTGRES: &[&str] = &[
    "CREATE TABLE faults (place BIGINT NOT NULL)",
    "INSERT INTO faults VALUES (0)",
    "CREATE FUNCTION fault() RETURNS trigger LANGUAGE plpgsql AS
     $$ BEGIN IF (SELECT place FROM faults) = TG_ARGV[0]::bigint THEN RAISE 'no'; END IF; RETURN NEW; END $$",
    "CREATE TRIGGER fault1 BEFORE INSERT ON diptych_idempotency FOR EACH ROW EXECUTE FUNCTION fault(1)",
    "CREATE TRIGGER fault2 BEFORE INSERT ON notes FOR EACH ROW EXECUTE FUNCTION fault(2)",
    "CREATE TRIGGER fault3 AFTER INSERT ON notes FOR EACH ROW EXECUTE FUNCTION fault(3)",
    "CREATE TRIGGER fault4 BEFORE UPDATE ON diptych_idempotency FOR EACH ROW EXECUTE FUNCTION fault(4)",
    "CREATE CONSTRAINT TRIGGER fault5 AFTER UPDATE ON diptych_idempotency DEFERRABLE INITIALLY DEFERRED
     FOR EACH ROW EXECUTE FUNCTION fault(5)",
];

/// Nothing is left for COMMIT there: the last one fails with the statement before.
const MYSQL: &[&str] = &[
    "CREATE TABLE faults (place BIGINT NOT NULL)",
    "INSERT INTO faults VALUES (0)",
    "CREATE TRIGGER fault1 BEFORE INSERT ON diptych_idempotency FOR EACH ROW
     BEGIN IF (SELECT place FROM faults) = 1 THEN SIGNAL SQLSTATE '45000'; END IF; END",
    "CREATE TRIGGER fault2 BEFORE INSERT ON notes FOR EACH ROW
     BEGIN IF (SELECT place FROM faults) = 2 THEN SIGNAL SQLSTATE '45000'; END IF; END",
    "CREATE TRIGGER fault3 AFTER INSERT ON notes FOR EACH ROW
     BEGIN IF (SELECT place FROM faults) = 3 THEN SIGNAL SQLSTATE '45000'; END IF; END",
    "CREATE TRIGGER fault4 BEFORE UPDATE ON diptych_idempotency FOR EACH ROW
     BEGIN IF (SELECT place FROM faults) = 4 THEN SIGNAL SQLSTATE '45000'; END IF; END",
    "CREATE TRIGGER fault5 AFTER UPDATE ON diptych_idempotency FOR EACH ROW
     BEGIN IF (SELECT place FROM faults) = 5 THEN SIGNAL SQLSTATE '45000'; END IF; END",
];

#[tokio::test]
async fn an_error_of_each_statement_leaves_nothing() {
    for backend in EVERY {
        let notes = Notes::on(backend).await;
        let faults = match backend {
            Backend::Postgres => POSTGRES,
            Backend::MySql => MYSQL,
            _ => SQLITE,
        };
        for sql in faults {
            notes.execute(sql).await;
        }
        let fail_at = async |place: i64| {
            let mut tx = notes.engine.db().begin().await.unwrap();
            query("UPDATE faults SET place = $1").bind(place).execute(&mut tx).await.unwrap();
            tx.commit().await.unwrap();
        };
        let mut calls = 0;
        for _ in 0..runs() / 20 {
            for place in 1..=5 {
                calls += 1;
                let key = format!("k{calls}");
                fail_at(place).await;
                let failed = notes.call("note", &key, calls).await;
                assert!(failed.is_err(), "{backend}, {place}");
                assert_eq!(notes.times(calls).await, 0, "{backend}, {place}");
                fail_at(0).await;
                notes.assert_once(&key, calls, Some(failed)).await;
            }
        }
        notes.assert_healthy(calls).await;
    }
}

#[tokio::test]
async fn a_wire_that_breaks_anywhere_leaves_nothing_by_halves() {
    let database = TestDatabase::postgres().await;
    let proxy = DelayProxy::before(diptych_testkit::server_address(diptych::Backend::Postgres)).await;
    let url = database.url_through(proxy.address());
    let notes = Notes::at(database, &url).await;
    let before = proxy.messages();
    notes.call("note", "warm", -1).await.unwrap();
    let one_call = proxy.messages() - before;
    let (mut kept, mut unknown) = (0, 0);
    for run in 0..runs() {
        let (key, n) = (format!("k{run}"), run.cast_signed());
        // A connection that is new has more to say.
        let place = run / 2 % (one_call + 12);
        match run % 2 {
            0 => proxy.break_after_messages(place),
            _ => proxy.lose_answer_after_messages(place),
        }
        let broken = notes.call("note", &key, n).await;
        proxy.mend();
        unknown += u64::from(broken.as_ref().is_err_and(|error| error.kind() == ErrorKind::OutcomeUnknown));
        let failed = broken.is_err();
        kept += u64::from(notes.assert_once(&key, n, Some(broken)).await && failed);
    }
    assert!(unknown > 0 && kept > 0, "COMMIT was among it: {unknown} unknown, {kept} of them kept");
    notes.assert_healthy(runs().cast_signed() + 1).await;
}

/// Lets other tasks have their turn so many times, then drops `call` if it is not done.
async fn dropped_after<T>(turns: u64, call: impl Future<Output = T>) -> Option<T> {
    let gone = async {
        for _ in 0..turns {
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        biased;
        () = gone => None,
        done = call => Some(done),
    }
}

#[tokio::test]
async fn a_caller_who_goes_away_at_any_moment_loses_nothing() {
    for backend in EVERY {
        let notes = Notes::on(backend).await;
        for warm in 0..2 {
            notes.call("note", &format!("w{warm}"), -1).await.unwrap();
        }
        let mut turns_of_one = 1;
        while dropped_after(turns_of_one, notes.call("note", &format!("t{turns_of_one}"), -1)).await.is_none() {
            turns_of_one += turns_of_one.div_ceil(4);
        }
        notes.engine.drain().await;
        notes.execute("DELETE FROM notes").await;
        notes.execute("DELETE FROM diptych_idempotency").await;
        let (mut gone, mut kept) = (0, 0);
        for run in 0..runs() {
            let (key, n) = (format!("k{run}"), run.cast_signed());
            let done = dropped_after(turns_of_one * run / runs(), notes.call("note", &key, n)).await;
            // At once, as clients do, or when what was dropped has ended.
            if run % 2 == 0 {
                notes.engine.drain().await;
            }
            gone += u64::from(done.is_none());
            kept += u64::from(notes.assert_once(&key, n, done).await);
        }
        assert!(gone > 0, "{backend}: nobody went away");
        eprintln!("{backend}: {gone} of {} went away within {turns_of_one} turns, {kept} effects were there", runs());
        notes.assert_healthy(runs().cast_signed()).await;
    }
}
