//! `update(…)`: what it writes, what it says of it, and which mistakes it finds.

use crate::counter::EVERY;
use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, Utc};
use diptych::{Column, Db, ErrorKind, Patch, Record, Result, Tx, query, query_as, query_scalar, update};
use diptych_testkit::TestDatabase;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, Column)]
#[serde(rename_all = "lowercase")]
enum Colour {
    Red,
    Green,
}

/// A column of every portable type, one of them called like a word of SQL.
#[derive(Debug, Clone, PartialEq, Record)]
struct Thing {
    id: Uuid,
    flag: bool,
    small: i16,
    middle: i32,
    large: i64,
    share: f64,
    order: String,
    bytes: Vec<u8>,
    at: DateTime<Utc>,
    local: NaiveDateTime,
    day: NaiveDate,
    time: NaiveTime,
    data: Value,
    colour: Colour,
    note: Option<String>,
    seen: Option<DateTime<Utc>>,
}

const ID: Uuid = Uuid::from_u128(7);

async fn database(backend: diptych::Backend) -> (TestDatabase, Db) {
    let database = TestDatabase::new(backend).await;
    let db = Db::connect(database.url()).await.unwrap();
    let mut tx = db.begin().await.unwrap();
    let create = match backend {
        diptych::Backend::Postgres => {
            "CREATE TABLE things (id UUID PRIMARY KEY, flag BOOLEAN, small SMALLINT, middle INTEGER, large BIGINT,
             share DOUBLE PRECISION, \"order\" TEXT, bytes BYTEA, at TIMESTAMPTZ, local TIMESTAMP, day DATE, time TIME,
             data JSONB, colour TEXT, note TEXT, seen TIMESTAMPTZ)"
        }
        diptych::Backend::MySql => {
            "CREATE TABLE things (id BINARY(16) PRIMARY KEY, flag BOOLEAN, small SMALLINT, middle INTEGER, large BIGINT,
             share DOUBLE PRECISION, \"order\" TEXT, bytes BLOB, at DATETIME(6), local DATETIME(6), day DATE, time TIME(6),
             data JSON, colour TEXT, note TEXT, seen DATETIME(6))"
        }
        _ => {
            "CREATE TABLE things (id BLOB PRIMARY KEY, flag BOOLEAN, small SMALLINT, middle INTEGER, large BIGINT,
             share DOUBLE PRECISION, \"order\" TEXT, bytes BLOB, at TEXT, local TEXT, day TEXT, time TEXT,
             data TEXT, colour TEXT, note TEXT, seen TEXT)"
        }
    };
    query(create).execute(&mut tx).await.unwrap();
    let thing = before();
    for id in [ID, Uuid::from_u128(8)] {
        query("INSERT INTO things VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)")
            .bind(id)
            .bind(thing.flag)
            .bind(thing.small)
            .bind(thing.middle)
            .bind(thing.large)
            .bind(thing.share)
            .bind(&thing.order)
            .bind(&thing.bytes)
            .bind(thing.at)
            .bind(thing.local)
            .bind(thing.day)
            .bind(thing.time)
            .bind(&thing.data)
            .bind(thing.colour)
            .bind(&thing.note)
            .bind(thing.seen)
            .execute(&mut tx)
            .await
            .unwrap();
    }
    tx.commit().await.unwrap();
    (database, db)
}

fn before() -> Thing {
    let at: DateTime<Utc> = "2026-01-31T12:00:00.000001Z".parse().unwrap();
    let local = at.naive_utc();
    Thing {
        id: ID,
        flag: false,
        small: 1,
        middle: 2,
        large: 3,
        share: 0.5,
        order: "first".to_owned(),
        bytes: vec![1, 2],
        at,
        local,
        day: local.date(),
        time: local.time(),
        data: json!({"a": 1}),
        colour: Colour::Red,
        note: Some("kept".to_owned()),
        seen: None,
    }
}

async fn stored(tx: &mut Tx, id: Uuid) -> Thing {
    query_as("SELECT * FROM things WHERE id = $1").bind(id).one(tx).await.unwrap()
}

#[tokio::test]
async fn every_portable_type_is_compared_written_and_told() {
    for backend in EVERY {
        let (_database, db) = database(backend).await;
        let mut tx = db.begin().await.unwrap();
        let old = stored(&mut tx, ID).await;
        assert_eq!(old, before(), "{backend}");
        let at: DateTime<Utc> = "2026-02-01T00:00:00Z".parse().unwrap();
        let new = Thing {
            id: ID,
            flag: true,
            small: -1,
            middle: -2,
            large: i64::MAX,
            share: 0.25,
            order: "'; DROP TABLE things; --".to_owned(),
            bytes: vec![3],
            at,
            local: at.naive_utc(),
            day: at.date_naive(),
            time: at.time(),
            data: json!([1, null]),
            colour: Colour::Green,
            note: None,
            seen: Some(at),
        };
        let written = update("things")
            .key("id", ID)
            .set("flag", &old.flag, Some(new.flag))
            .set("small", &old.small, Some(new.small))
            .set("middle", &old.middle, Some(new.middle))
            .set("large", &old.large, Some(new.large))
            .set("share", &old.share, Some(new.share))
            .set("order", &old.order, Some(new.order.clone()))
            .set("bytes", &old.bytes, Some(new.bytes.clone()))
            .set("at", &old.at, Some(new.at))
            .set("local", &old.local, Some(new.local))
            .set("day", &old.day, Some(new.day))
            .set("time", &old.time, Some(new.time))
            .set("data", &old.data, Some(new.data.clone()))
            .set("colour", &old.colour, Some(new.colour))
            .set("note", &old.note, Patch::Null)
            .set("seen", &old.seen, Patch::Set(at))
            .execute(&mut tx)
            .await
            .unwrap();
        assert_eq!(stored(&mut tx, ID).await, new, "{backend}");
        assert_eq!(
            stored(&mut tx, Uuid::from_u128(8)).await,
            Thing { id: Uuid::from_u128(8), ..before() },
            "{backend}"
        );
        let expected = json!([
            {"field": "flag", "old": false, "new": true},
            {"field": "small", "old": 1, "new": -1},
            {"field": "middle", "old": 2, "new": -2},
            {"field": "large", "old": 3, "new": i64::MAX},
            {"field": "share", "old": 0.5, "new": 0.25},
            {"field": "order", "old": "first", "new": "'; DROP TABLE things; --"},
            {"field": "bytes", "old": "AQI=", "new": "Aw=="},
            {"field": "at", "old": "2026-01-31T12:00:00.000001Z", "new": "2026-02-01T00:00:00Z"},
            {"field": "local", "old": "2026-01-31T12:00:00.000001", "new": "2026-02-01T00:00:00"},
            {"field": "day", "old": "2026-01-31", "new": "2026-02-01"},
            {"field": "time", "old": "12:00:00.000001", "new": "00:00:00"},
            {"field": "data", "old": {"a": 1}, "new": [1, null]},
            {"field": "colour", "old": "red", "new": "green"},
            {"field": "note", "old": "kept", "new": null},
            {"field": "seen", "old": null, "new": "2026-02-01T00:00:00Z"},
        ]);
        assert_eq!(serde_json::to_value(&written).unwrap(), expected, "{backend}");
        assert_eq!(written.of("share").unwrap().new, 0.25);
        assert!(written.of("id").is_none());
        tx.rollback().await;
    }
}

/// What is on a column that is not written is what somebody else may have written there meanwhile.
#[tokio::test]
async fn only_what_changes_is_written() {
    for backend in EVERY {
        let (_database, db) = database(backend).await;
        let mut tx = db.begin().await.unwrap();
        let old = Thing { middle: 99, ..before() };
        let written = update("things")
            .key("id", ID)
            .set("middle", &old.middle, Some(99))
            .set("large", &old.large, None)
            .set("note", &old.note, Patch::Absent)
            .set("small", &old.small, Some(5))
            .execute(&mut tx)
            .await
            .unwrap();
        assert_eq!(written.as_slice().iter().map(|change| change.field).collect::<Vec<_>>(), ["small"]);
        assert_eq!(stored(&mut tx, ID).await, Thing { small: 5, ..before() }, "{backend}");
        tx.rollback().await;
    }
}

/// A table that is not there shows that nothing was sent.
#[tokio::test]
async fn without_a_change_there_is_no_statement() {
    for backend in EVERY {
        let (_database, db) = database(backend).await;
        let mut tx = db.begin().await.unwrap();
        let old = before();
        let nanoseconds = old.at + chrono::TimeDelta::nanoseconds(999);
        let same = update("nowhere")
            .key("id", ID)
            .set("large", &old.large, Some(3))
            .set("small", &old.small, None)
            .set("note", &old.note, Patch::Set("kept".to_owned()))
            .set("seen", &old.seen, Patch::Null)
            .set("at", &old.at, Some(nanoseconds))
            .set("local", &old.local, Some(nanoseconds.naive_utc()))
            .set("time", &old.time, Some(nanoseconds.time()));
        assert!(same.execute(&mut tx).await.unwrap().is_empty(), "{backend}");
        let sent = update("nowhere").key("id", ID).set("large", &3i64, Some(4)).execute(&mut tx).await;
        assert_eq!(sent.unwrap_err().kind(), ErrorKind::Internal, "{backend}");
        tx.rollback().await;
    }
}

#[tokio::test]
async fn a_key_names_one_row() {
    for backend in EVERY {
        let (_database, db) = database(backend).await;
        let mut tx = db.begin().await.unwrap();
        let gone = update("things").key("id", Uuid::from_u128(9)).set("large", &3i64, Some(4)).execute(&mut tx).await;
        assert_eq!(gone.unwrap_err().code(), "not_found", "{backend}");
        let both =
            update("things").key("id", ID).key("large", 4i64).set("small", &1i16, Some(2)).execute(&mut tx).await;
        assert_eq!(both.unwrap_err().code(), "not_found", "every part of the key holds, on {backend}");
        let both =
            update("things").key("id", ID).key("large", 3i64).set("small", &1i16, Some(2)).execute(&mut tx).await;
        assert_eq!(both.unwrap().as_slice().len(), 1, "{backend}");
        let several = update("things").key("large", 3i64).set("middle", &2, Some(9)).execute(&mut tx).await;
        assert_eq!(several.unwrap_err().kind(), ErrorKind::Internal, "{backend}");
        let nothing = update("things").key("large", None::<i64>).set("middle", &2, Some(9)).execute(&mut tx).await;
        assert_eq!(nothing.unwrap_err().kind(), ErrorKind::Internal, "NULL names no row, on {backend}");
        tx.rollback().await;
        // The name of a key that is no column is not taken for a text, as SQLite would.
        let mut tx = db.begin().await.unwrap();
        let wrong = update("things").key("idd", "idd").set("middle", &2, Some(9)).execute(&mut tx).await;
        assert_eq!(wrong.unwrap_err().kind(), ErrorKind::Internal, "{backend}");
        tx.rollback().await;
    }
}

#[tokio::test]
async fn a_schema_can_stand_in_front_of_the_table() {
    for backend in EVERY {
        let (place, db) = database(backend).await;
        let table = match backend {
            diptych::Backend::Postgres => "public.things",
            // There a schema is a database.
            diptych::Backend::MySql => {
                let name = place.url().rsplit_once('/').unwrap().1;
                format!("{name}.things").leak()
            }
            _ => "main.things",
        };
        let mut tx = db.begin().await.unwrap();
        update(table).key("id", ID).set("large", &3i64, Some(4)).execute(&mut tx).await.unwrap();
        let large: i64 = query_scalar("SELECT large FROM things WHERE id = $1").bind(ID).one(&mut tx).await.unwrap();
        assert_eq!(large, 4, "{backend}");
        tx.rollback().await;
    }
}

/// Also where it would not be written: the first test of a service finds it.
#[tokio::test]
async fn a_name_is_an_identifier_and_there_once() {
    let (_database, db) = database(EVERY[0]).await;
    let mut tx = db.begin().await.unwrap();
    let mut refused = async |update: diptych::Update| -> Result<()> { update.execute(&mut tx).await.map(drop) };
    for name in ["", "a b", "a\"b", "1a", "things; --", "a.b"] {
        let set = update("things").key("id", ID).set(name, &3i64, None).set("large", &3i64, Some(4));
        assert_eq!(refused(set).await.unwrap_err().kind(), ErrorKind::Internal, "{name}");
        let key = update("things").key(name, ID).set("large", &3i64, Some(4));
        assert_eq!(refused(key).await.unwrap_err().kind(), ErrorKind::Internal, "{name}");
        if name != "a.b" {
            let table = update(name).key("id", ID).set("large", &3i64, Some(3));
            assert_eq!(refused(table).await.unwrap_err().kind(), ErrorKind::Internal, "{name}");
        }
    }
    let twice = update("things").key("id", ID).set("large", &3i64, Some(4)).set("large", &3i64, None);
    assert_eq!(refused(twice).await.unwrap_err().kind(), ErrorKind::Internal);
    let shown = format!("{:?}", update("things").key("id", "secret").set("note", &"secret".to_owned(), None));
    assert!(shown.contains("things") && shown.contains("note") && !shown.contains("secret"), "{shown}");
}
