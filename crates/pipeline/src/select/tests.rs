//! The plans that the databases make of a list, and every operator against real rows.

use super::{
    Select,
    cursor::{Direction, Position},
    predicate,
    render::{Cut, Place, Wanted, render},
};
use crate::db::{Conn, Db, Record, Row, Rows, Tx, query};
use diptych_spec::{
    Anyone, Call, Declaration, FromCall as _, Handler, IntoPagination, IntoValue as _, Keyset, ListDeclaration,
    Operator, OrderKey, Ordering, PageNumber, PageRequest, Predicate, Result, SelectorSpec, Signature, Value,
};

#[derive(Debug)]
struct Item {
    id: i64,
}

impl Record for Item {
    const COLUMNS: &'static [&'static str] = &["id", "owner", "price", "name", "gone_at"];
    fn from_row(row: &Row<'_>) -> Result<Self> {
        Ok(Self { id: row.get(0)? })
    }
}

struct Order;
impl Ordering for Order {
    const KEYS: &'static [(&'static str, &'static str)] = &[("price", "price")];
}

fn items() -> Select<Item> {
    Select::sql("SELECT id, owner, price, name, gone_at FROM items WHERE owner = $1").bind("ann")
}

struct Items;
impl Handler for Items {
    type Connection = Conn;
    type Args = ();
    type Out = Select<Item>;
    fn describe(&self, signature: &mut Signature) {
        <Option<diptych_spec::Principal>>::describe(signature);
    }
    async fn extract(&self, _: &mut Call) -> Result<()> {
        Ok(())
    }
    async fn invoke<'t>(&'t self, _: &'t mut Conn, (): ()) -> Result<Select<Item>> {
        Ok(items())
    }
}

pub(super) fn declared(pages: impl IntoPagination) -> Declaration {
    SelectorSpec::new("items", "", Items).allow(Anyone).order_by::<Order>("-price").paginate(pages).into_parts().0
}

/// A table of `rows` items in a transaction that nobody commits.
async fn table(db: &Db, rows: i64) -> Tx {
    let mut tx = db.begin().await.unwrap();
    let setup = [
        "CREATE TEMP TABLE items (id BIGINT PRIMARY KEY, owner TEXT NOT NULL, price BIGINT NOT NULL, name TEXT NOT NULL, gone_at TEXT)",
        "CREATE INDEX items_by_price ON items (owner, price, id)",
    ];
    for sql in setup {
        query(sql).execute(&mut tx).await.unwrap();
    }
    query(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < $1)
         INSERT INTO items SELECT i, CASE WHEN i % 10 = 0 THEN 'ann' ELSE 'bob' END, i % 1000, 'Item ' || i,
                CASE WHEN i % 20 = 0 THEN 'gone' END FROM n",
    )
    .bind(rows)
    .execute(&mut tx)
    .await
    .unwrap();
    query("ANALYZE items").execute(&mut tx).await.unwrap();
    tx
}

pub(super) async fn databases() -> Vec<(Db, tempfile::Folder)> {
    let mut out = Vec::new();
    #[cfg(feature = "sqlite")]
    {
        let folder = tempfile::Folder::new();
        out.push((Db::connect(&format!("sqlite://{}/test.db", folder.path())).await.unwrap(), folder));
    }
    #[cfg(feature = "postgres")]
    {
        let url = std::env::var("DIPTYCH_TEST_POSTGRES")
            .unwrap_or_else(|_| "postgres://postgres@127.0.0.1:5432/postgres".to_owned());
        out.push((Db::connect(&url).await.unwrap(), tempfile::Folder::new()));
    }
    out
}

pub(super) mod tempfile {
    //! A folder that is gone afterwards.
    pub(crate) struct Folder(String);
    impl Folder {
        pub(super) fn new() -> Self {
            let folder = std::env::temp_dir().join(format!("diptych-select-{}", uuid::Uuid::new_v4().simple()));
            std::fs::create_dir(&folder).unwrap();
            Self(folder.display().to_string())
        }
        pub(super) fn path(&self) -> &str {
            &self.0
        }
    }
    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = std::fs::remove_dir_all(&self.0);
        }
    }
}

/// The plan of a statement, as text.
async fn explain(list: &ListDeclaration, wanted: Wanted, tx: &mut Tx) -> String {
    let mut statement = render::<Item>(items().base, list, wanted, tx.backend()).rows;
    let is_sqlite = tx.backend() == crate::Backend::Sqlite;
    let explain = if is_sqlite { "EXPLAIN QUERY PLAN" } else { "EXPLAIN" };
    statement.sql = format!("{explain} {}", statement.sql).into();
    let column = if is_sqlite { 3 } else { 0 };
    let lines = statement
        .fetch(tx, Rows::All, |row| <String as crate::db::Column>::decode(&crate::db::Cell { row, ordinal: column }));
    lines.await.unwrap().join("\n")
}

#[tokio::test]
async fn a_filtered_ordered_page_uses_the_index() {
    let declaration = declared(PageNumber::default());
    for (db, _folder) in databases().await {
        let mut tx = table(&db, 20_000).await;
        for descending in [true, false] {
            let wanted = Wanted {
                filters: vec![Predicate {
                    column: "price",
                    operator: Operator::GreaterOrEqual,
                    values: vec![Value::I64(100)],
                }],
                order: predicate::total(vec![OrderKey { column: "price", descending }], "id"),
                cut: Cut::Number(PageRequest { page: 1, page_size: 25 }),
                ..Wanted::default()
            };
            let plan = explain(declaration.list(), wanted, &mut tx).await;
            assert!(plan.contains("items_by_price"), "{}: {plan}", db.backend());
            // The index gives the order as well: nothing is sorted.
            assert!(!plan.to_uppercase().contains("SORT") && !plan.contains("TEMP B-TREE"), "{}: {plan}", db.backend());
        }
        tx.rollback().await;
    }
}

/// However deep a page is, it is a range of the index, in both directions: nothing is sorted, and with an order in one direction
/// nothing in front of it is read. `just plans` tries it with a million rows.
#[tokio::test]
async fn a_deep_keyset_page_is_a_range_of_the_index() {
    let rows = std::env::var("DIPTYCH_TEST_ROWS").map_or(50_000, |rows| rows.parse().unwrap());
    let declaration = declared(Keyset::default());
    let price = |descending| OrderKey { column: "price", descending };
    for (db, _folder) in databases().await {
        let mut tx = table(&db, rows).await;
        query("CREATE INDEX items_by_price_down ON items (owner, price DESC, id)").execute(&mut tx).await.unwrap();
        query("ANALYZE items").execute(&mut tx).await.unwrap();
        let mixed = vec![price(true), OrderKey { column: "id", descending: false }];
        for (order, is_mixed) in [(vec![price(false)], false), (vec![price(true)], false), (mixed, true)] {
            for (direction, inclusive) in [(Direction::Forward, false), (Direction::Backward, true)] {
                let order = predicate::total(order.clone(), "id");
                let from = Some(Position { keys: vec![Value::I64(500), Value::I64(rows / 2)], inclusive });
                let cut = Cut::Keyset(Place { page_size: 25, direction, from });
                let wanted = Wanted { order, cut, ..Wanted::default() };
                let plan = explain(declaration.list(), wanted, &mut tx).await;
                let case = format!("{} {is_mixed} {direction:?}: {plan}", db.backend());
                assert!(!plan.to_uppercase().contains("SORT") && !plan.contains("TEMP B-TREE"), "{case}");
                let range = match (db.backend(), is_mixed) {
                    (crate::Backend::Sqlite, false) => "(owner=? AND (price,id)",
                    (crate::Backend::Sqlite, true) => "(owner=? AND price",
                    (crate::Backend::Postgres, false) => "Index Cond: ((owner = 'ann'::text) AND (ROW(price, id)",
                    (crate::Backend::Postgres, true) => "Index Cond: ((owner = 'ann'::text) AND (price",
                };
                assert!(plan.contains(range), "{case}");
            }
        }
        tx.rollback().await;
    }
}

#[tokio::test]
async fn every_operator_finds_its_rows() {
    let declaration = declared(PageNumber::default());
    let text = |text: &str| vec![text.to_owned().into_value()];
    let numbers = |numbers: &[i64]| numbers.iter().map(|&n| Value::I64(n)).collect::<Vec<_>>();
    let cases: Vec<(&'static str, Operator, Vec<Value>, &[i64])> = vec![
        ("price", Operator::Equal, numbers(&[20]), &[20]),
        ("price", Operator::NotEqual, numbers(&[20]), &[10, 30, 40]),
        ("price", Operator::Less, numbers(&[20]), &[10]),
        ("price", Operator::LessOrEqual, numbers(&[20]), &[10, 20]),
        ("price", Operator::Greater, numbers(&[20]), &[30, 40]),
        ("price", Operator::GreaterOrEqual, numbers(&[20]), &[20, 30, 40]),
        ("price", Operator::In, numbers(&[10, 40, 41]), &[10, 40]),
        ("price", Operator::In, numbers(&[]), &[]),
        ("price", Operator::Between, numbers(&[20, 30]), &[20, 30]),
        ("gone_at", Operator::IsNull, vec![Value::Bool(true)], &[10, 30]),
        ("gone_at", Operator::IsNull, vec![Value::Bool(false)], &[20, 40]),
        ("name", Operator::Contains, text("TEM 1"), &[10]),
        ("name", Operator::Contains, text("%"), &[]),
        ("name", Operator::Contains, text("_"), &[]),
        ("name", Operator::StartsWith, text("item 3"), &[30]),
        ("name", Operator::StartsWith, text("tem"), &[]),
    ];
    for (db, _folder) in databases().await {
        let mut tx = table(&db, 40).await;
        for (column, operator, values, expected) in &cases {
            let filters = vec![Predicate { column, operator: *operator, values: values.clone() }];
            let order = vec![OrderKey { column: "price", descending: false }];
            let cut = Cut::Number(PageRequest { page: 1, page_size: 25 });
            let wanted = Wanted { filters, order, cut, ..Wanted::default() };
            let rendered = render::<Item>(items().base, declaration.list(), wanted, db.backend());
            let found =
                rendered.rows.fetch(&mut tx, Rows::All, |row| Item::from_row(&Row { row, places: &[], left_out: &[] }));
            let found: Vec<_> = found.await.unwrap().into_iter().map(|item| item.id).collect();
            assert_eq!(&found, expected, "{}: {column} {operator:?} {values:?}", db.backend());
        }
        tx.rollback().await;
    }
}
