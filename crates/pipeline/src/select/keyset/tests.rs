//! Pages put together are the list, whatever happens between them.

use crate::{
    db::{Backend, Db, Record, Row, Tx, query, query_scalar},
    seal::Seal,
    select::{
        Ends, Listed, Select, Shown, run,
        tests::{analyze, create, databases, recursive},
    },
};
use diptych_spec::{
    Anyone, Call, Deadline, Declaration, Error, ErrorKind, Handler, Keyset, KeysetRequest, Order, OrderKey, Ordering,
    Result, Seek, SelectorSpec, Signature, StateMap, Total,
};
use proptest::{
    prelude::*,
    test_runner::{Config, TestRunner},
};
use std::{sync::Arc, time::Duration};

#[derive(Debug)]
struct Item {
    id: i64,
}

impl Record for Item {
    const COLUMNS: &'static [&'static str] = &["id", "price", "name"];
    fn from_row(row: &Row<'_>) -> Result<Self> {
        Ok(Self { id: row.get(0)? })
    }
}

struct ItemOrder;
impl Ordering for ItemOrder {
    const KEYS: &'static [(&'static str, &'static str)] = &[("price", "price"), ("name", "name"), ("id", "id")];
}

struct Items;
impl Handler for Items {
    type Connection = crate::db::Conn;
    type Args = ();
    type Out = Select<Item>;
    fn describe(&self, _: &mut Signature) {}
    async fn extract(&self, _: &mut Call) -> Result<()> {
        Ok(())
    }
    async fn invoke<'t>(&'t self, _: &'t mut crate::db::Conn, (): ()) -> Result<Select<Item>> {
        Ok(items())
    }
}

fn items() -> Select<Item> {
    Select::sql("SELECT id, price, name FROM items")
}

fn declared(total: Total) -> Declaration {
    let spec = SelectorSpec::new("items", "", Items).allow(Anyone).order_by::<ItemOrder>("price");
    spec.paginate(Keyset { size: 3, max_size: 9, total }).into_parts().0
}

/// A list and whoever reads it.
struct Reader {
    declaration: Declaration,
    state: Arc<StateMap>,
    order: Vec<OrderKey>,
}

impl Reader {
    fn new(total: Total, order: &[(&'static str, bool)]) -> Self {
        let mut state = StateMap::default();
        state.insert(Seal::new(None));
        let order = order.iter().map(|&(column, descending)| OrderKey { column, descending }).collect();
        Self { declaration: declared(total), state: Arc::new(state), order }
    }

    async fn page(&self, tx: &mut Tx, page_size: u32, seek: Seek) -> Result<(Vec<i64>, Ends)> {
        let mut call = Call::new(None, Arc::clone(&self.state), Deadline::after(Duration::from_secs(60)));
        call.put(Order(self.order.clone()));
        call.put(KeysetRequest { page_size, seek });
        let Listed { rows, shown } = run(items(), &self.declaration, &mut call, tx).await?;
        let Shown::Keyset(ends) = shown else { panic!("a keyset page") };
        Ok((rows.into_iter().map(|item| item.id).collect(), ends))
    }

    /// All rows, in order.
    async fn all(&self, tx: &mut Tx) -> Vec<i64> {
        let keys = self.order.iter().map(|key| format!("{}{}", key.column, if key.descending { " DESC" } else { "" }));
        let last = self.order.last().is_some_and(|key| key.descending);
        let keys = keys.chain([format!("id{}", if last { " DESC" } else { "" })]).collect::<Vec<_>>().join(", ");
        query_scalar(format!("SELECT id FROM items ORDER BY {keys}").leak()).all(tx).await.unwrap()
    }
}

async fn table(db: &Db) -> Tx {
    let mut tx = db.begin().await.unwrap();
    create(&mut tx, "items (id BIGINT PRIMARY KEY, price BIGINT NOT NULL, name TEXT NOT NULL)").await;
    tx
}

async fn add(tx: &mut Tx, id: i64, price: i64, name: &str) {
    let sql = match tx.backend() {
        Backend::MySql => "INSERT IGNORE INTO items VALUES ($1, $2, $3)",
        _ => "INSERT INTO items VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
    };
    query(sql).bind(id).bind(price).bind(name).execute(tx).await.unwrap();
}

/// What happens between two pages.
#[derive(Debug, Clone)]
enum Event {
    Nothing,
    Add(i64, i64, &'static str),
    Delete(i64),
}

#[derive(Debug, Clone)]
struct Script {
    rows: Vec<(i64, &'static str)>,
    order: Vec<(&'static str, bool)>,
    sizes: Vec<u32>,
    events: Vec<Event>,
}

fn scripts() -> impl Strategy<Value = Script> {
    let name = || prop::sample::select(vec!["", "a", "B", "ä", "a b"]);
    let orders: Vec<Vec<(&'static str, bool)>> = vec![
        vec![("price", false)],
        vec![("price", true)],
        vec![("name", false), ("price", false)],
        vec![("price", true), ("name", false)],
        vec![("name", false), ("price", true), ("id", false)],
        vec![("id", true)],
    ];
    let event = prop_oneof![
        Just(Event::Nothing),
        (0..400i64, 0..4i64, name()).prop_map(|(id, price, name)| Event::Add(id, price, name)),
        (0..40i64).prop_map(|row| Event::Delete(row * 10)),
    ];
    (
        prop::collection::vec((0..4i64, name()), 0..40),
        prop::sample::select(orders),
        prop::collection::vec(1..7u32, 1..5),
        prop::collection::vec(event, 0..30),
    )
        .prop_map(|(rows, order, sizes, events)| Script { rows, order, sizes, events })
}

/// Walks to the end, and back again. What stays all the time is seen exactly once each way, and in order.
async fn walk(db: &Db, script: Script) {
    let mut tx = table(db).await;
    let reader = Reader::new(Total::Absent, &script.order);
    for (at, (price, name)) in script.rows.iter().enumerate() {
        add(&mut tx, i64::try_from(at).unwrap() * 10, *price, name).await;
    }
    let before = reader.all(&mut tx).await;
    let mut events = script.events.iter();
    let mut sizes = script.sizes.iter().copied().cycle();
    let mut deleted = Vec::new();
    let mut seen = Vec::new();
    let mut seek = Seek::First;
    let mut last = Vec::new();
    let mut back = loop {
        let size = sizes.next().unwrap();
        let (ids, ends) = reader.page(&mut tx, size, seek).await.unwrap();
        assert!(ids.len() <= size as usize);
        seen.extend(ids.iter().copied());
        last = if ids.is_empty() { last } else { ids };
        happen(&mut tx, events.next(), &mut deleted).await;
        match ends.next {
            Some(next) => seek = Seek::After(next),
            None => break ends.previous,
        }
    };
    let after = reader.all(&mut tx).await;
    let stayed = |ids: &[i64]| -> Vec<i64> {
        ids.iter().copied().filter(|id| before.contains(id) && !deleted.contains(id)).collect()
    };
    assert_eq!(stayed(&seen), stayed(&after), "{script:?}");

    // What is deleted on the way back was seen on the way there.
    let mut gone = Vec::new();
    let mut backward = Vec::new();
    while let Some(cursor) = back {
        let (mut ids, ends) = reader.page(&mut tx, sizes.next().unwrap(), Seek::Before(cursor)).await.unwrap();
        ids.extend(backward);
        backward = ids;
        happen(&mut tx, events.next(), &mut gone).await;
        back = ends.previous;
    }
    let from_last = |ids: &[i64]| -> Vec<i64> {
        stayed(ids).into_iter().filter(|id| !gone.contains(id) && !last.contains(id)).collect()
    };
    let left = reader.all(&mut tx).await;
    let first_of_last = left.iter().position(|id| last.contains(id));
    if let Some(end) = first_of_last {
        assert_eq!(from_last(&backward), from_last(&left[..end]), "{script:?}");
    }
    let mut once = backward.clone();
    once.sort_unstable();
    once.dedup();
    assert_eq!(once.len(), backward.len(), "nothing is seen twice: {backward:?} {script:?}");
    tx.rollback().await;
}

async fn happen(tx: &mut Tx, event: Option<&Event>, deleted: &mut Vec<i64>) {
    match event {
        None | Some(Event::Nothing) => {}
        Some(Event::Add(id, price, name)) => {
            // Not one that was there: that would be the same row in another place.
            if id % 10 != 0 {
                add(tx, *id, *price, name).await;
            }
        }
        Some(Event::Delete(id)) => {
            deleted.push(*id);
            query("DELETE FROM items WHERE id = $1").bind(*id).execute(tx).await.unwrap();
        }
    }
}

#[test]
fn pages_concatenate_to_the_list_while_rows_come_and_go() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let databases = runtime.block_on(databases());
    let mut runner = TestRunner::new(Config { cases: 64, failure_persistence: None, ..Config::default() });
    let run = runner.run(&scripts(), |script| {
        for (db, _) in &databases {
            runtime.block_on(walk(db, script.clone()));
        }
        Ok(())
    });
    run.unwrap();
}

fn code(done: Result<(Vec<i64>, Ends)>) -> (ErrorKind, String) {
    let error: Error = done.unwrap_err();
    (error.kind(), error.code().to_owned())
}

#[tokio::test]
async fn an_end_that_everything_is_deleted_behind_leads_back() {
    for (db, _folder) in databases().await {
        let mut tx = table(&db).await;
        let reader = Reader::new(Total::Absent, &[("price", false)]);
        for id in 1..=6 {
            add(&mut tx, id, 5, "x").await;
        }
        let (ids, first) = reader.page(&mut tx, 3, Seek::First).await.unwrap();
        assert_eq!((ids, &first.previous), (vec![1, 2, 3], &None));
        query("DELETE FROM items WHERE id > 3").execute(&mut tx).await.unwrap();
        let (ids, empty) = reader.page(&mut tx, 3, Seek::After(first.next.unwrap())).await.unwrap();
        assert_eq!((ids, &empty.next), (vec![], &None));
        // The row that the cursor was made of is in front of it.
        let (ids, back) = reader.page(&mut tx, 2, Seek::Before(empty.previous.unwrap())).await.unwrap();
        assert_eq!(ids, [2, 3]);
        query("DELETE FROM items").execute(&mut tx).await.unwrap();
        let (ids, empty) = reader.page(&mut tx, 2, Seek::Before(back.previous.unwrap())).await.unwrap();
        assert_eq!((ids, &empty.previous), (vec![], &None));
        add(&mut tx, 2, 5, "x").await;
        let (ids, _) = reader.page(&mut tx, 2, Seek::After(empty.next.unwrap())).await.unwrap();
        assert_eq!(ids, [2]);
        tx.rollback().await;
    }
}

#[tokio::test]
async fn a_cursor_is_of_one_list_order_and_direction() {
    let (db, _folder) = databases().await.remove(0);
    let mut tx = table(&db).await;
    for id in 1..=6 {
        add(&mut tx, id, id, "x").await;
    }
    let up = Reader::new(Total::Absent, &[("price", false)]);
    let mut down = Reader::new(Total::Absent, &[("price", true)]);
    down.state = Arc::clone(&up.state);
    let next = up.page(&mut tx, 2, Seek::First).await.unwrap().1.next.unwrap();
    let refused = (ErrorKind::BadRequest, "cursor".to_owned());
    assert_eq!(code(down.page(&mut tx, 2, Seek::After(next.clone())).await), refused);
    assert_eq!(code(up.page(&mut tx, 2, Seek::Before(next.clone())).await), refused);
    let other_key = Reader::new(Total::Absent, &[("price", false)]);
    assert_eq!(code(other_key.page(&mut tx, 2, Seek::After(next.clone())).await), refused);
    let changed = next.replace(&next[9..10], if &next[9..10] == "A" { "B" } else { "A" });
    for wrong in [String::new(), next[..next.len() - 1].to_owned(), changed, "x".repeat(100_000), "é".to_owned()] {
        assert_eq!(code(up.page(&mut tx, 2, Seek::After(wrong)).await), refused);
    }
    // The size of a page is no part of the place.
    assert_eq!(up.page(&mut tx, 3, Seek::After(next)).await.unwrap().0, [3, 4, 5]);
    tx.rollback().await;
}

#[tokio::test]
async fn a_key_that_is_too_long_for_a_cursor_is_told() {
    for (db, _folder) in databases().await {
        let mut tx = table(&db).await;
        let reader = Reader::new(Total::Absent, &[("name", false)]);
        for (id, length) in [(1, 1000), (2, 3000), (3, 3001)] {
            add(&mut tx, id, 0, &"n".repeat(length)).await;
        }
        assert!(reader.page(&mut tx, 1, Seek::First).await.is_ok());
        let refused = (ErrorKind::TooLarge, "result_too_large".to_owned());
        assert_eq!(code(reader.page(&mut tx, 2, Seek::First).await), refused);
        assert_eq!(reader.page(&mut tx, 3, Seek::First).await.unwrap().0, [1, 2, 3], "the last page needs no cursor");
        tx.rollback().await;
    }
}

/// A process with the same key that was built when the column was another: the database compares what it is given with no other
/// type, or finds nothing.
#[tokio::test]
async fn a_cursor_of_another_type_is_none() {
    for (db, _folder) in databases().await {
        let mut tx = table(&db).await;
        let reader = Reader::new(Total::Absent, &[("price", false)]);
        for id in 1..=3 {
            add(&mut tx, id, 7, "x").await;
        }
        let next = reader.page(&mut tx, 2, Seek::First).await.unwrap().1.next.unwrap();
        query("DROP TABLE items").execute(&mut tx).await.unwrap();
        create(&mut tx, "items (id BIGINT PRIMARY KEY, price TEXT NOT NULL, name TEXT NOT NULL)").await;
        if db.backend() == Backend::MySql {
            // A table that is created ends the transaction.
            tx.rollback().await;
            tx = db.begin().await.unwrap();
        }
        let done = tx.savepoint(async |tx| reader.page(tx, 2, Seek::After(next)).await).await;
        match db.backend() {
            Backend::Sqlite | Backend::MySql => assert_eq!(done.unwrap().0, Vec::<i64>::new()),
            Backend::Postgres => assert_eq!(code(done), (ErrorKind::BadRequest, "cursor".to_owned())),
        }
        tx.rollback().await;
    }
}

#[tokio::test]
async fn the_total_is_as_declared() {
    for (db, _folder) in databases().await {
        let mut tx = table(&db).await;
        let sql = "INSERT INTO items WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000) SELECT i, i, 'x' FROM n";
        recursive(&mut tx).await;
        query(sql).execute(&mut tx).await.unwrap();
        analyze(&mut tx).await;
        for (total, expected) in [(Total::Absent, None), (Total::Exact, Some(5000)), (Total::Estimated, Some(5000))] {
            let reader = Reader::new(total, &[("price", false)]);
            let (_, first) = reader.page(&mut tx, 9, Seek::First).await.unwrap();
            let (_, second) = reader.page(&mut tx, 9, Seek::After(first.next.unwrap())).await.unwrap();
            assert_eq!((first.total, second.total), (expected, expected), "{} {total:?}", db.backend());
        }
        // One that PostgreSQL's statistics do not know yet is on the page, and so it is in the estimate.
        query("DELETE FROM items WHERE id > 4").execute(&mut tx).await.unwrap();
        let reader = Reader::new(Total::Estimated, &[("price", false)]);
        let (_, page) = reader.page(&mut tx, 9, Seek::First).await.unwrap();
        assert_eq!(page.total, Some(4), "a list on one page is counted");
        // A page with no row to carry the total.
        let reader = Reader::new(Total::Exact, &[("price", false)]);
        let (_, page) = reader.page(&mut tx, 2, Seek::First).await.unwrap();
        query("DELETE FROM items WHERE id > 1").execute(&mut tx).await.unwrap();
        let (ids, page) = reader.page(&mut tx, 2, Seek::After(page.next.unwrap())).await.unwrap();
        assert_eq!((ids, page.total), (vec![], Some(1)));
        tx.rollback().await;
    }
}

/// SQLite keeps a null in a column that was declared without NOT NULL, and sqlx reads it as 0.
#[cfg(feature = "sqlite")]
#[tokio::test]
async fn a_null_in_the_order_is_told() {
    let (db, _folder) = databases().await.remove(0);
    let mut tx = db.begin().await.unwrap();
    create(&mut tx, "items (id BIGINT PRIMARY KEY, price BIGINT, name TEXT NOT NULL)").await;
    query("INSERT INTO items VALUES (1, NULL, 'x'), (2, -5, 'x'), (3, 7, 'x')").execute(&mut tx).await.unwrap();
    let reader = Reader::new(Total::Absent, &[("price", false)]);
    let done = reader.page(&mut tx, 1, Seek::First).await;
    assert_eq!(done.unwrap_err().kind(), ErrorKind::Internal);
    tx.rollback().await;
}
