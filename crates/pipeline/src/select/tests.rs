//! The plans that the databases make of a list, and every operator against real rows.

use super::{
    Select,
    cursor::{Direction, Position},
    predicate,
    render::{Cut, Place, Wanted, render},
};
use crate::db::{Backend, Conn, Db, Record, Row, Rows, Statement, Tx, query};
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
    // Nothing but a part of a TEXT can be in an index of MySQL.
    let owner = if db.backend() == Backend::MySql { "VARCHAR(40)" } else { "TEXT" };
    let columns = format!(
        "id BIGINT PRIMARY KEY, owner {owner} NOT NULL, price BIGINT NOT NULL, name TEXT NOT NULL, gone_at TEXT"
    );
    create(&mut tx, &format!("items ({columns})")).await;
    query("CREATE INDEX items_by_price ON items (owner, price, id)").execute(&mut tx).await.unwrap();
    recursive(&mut tx).await;
    query(
        "INSERT INTO items WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < $1) SELECT i, CASE WHEN i % 10 = 0 THEN 'ann' ELSE 'bob' END, i % 1000, 'Item ' || i,
                CASE WHEN i % 20 = 0 THEN 'gone' END FROM n",
    )
    .bind(rows)
    .execute(&mut tx)
    .await
    .unwrap();
    analyze(&mut tx).await;
    tx
}

/// Creates a table that is nobody else's: on PostgreSQL all tests have one database, on MySQL each has its own, and a temporary table can
/// be named only once in a statement.
pub(super) async fn create(tx: &mut Tx, table: &str) {
    let temporary = if tx.backend() == Backend::MySql { "OR REPLACE " } else { "TEMP " };
    Statement::new(format!("CREATE {temporary}TABLE {table}")).execute(tx).await.unwrap();
}

/// Lets the database look at what is in the table.
pub(super) async fn analyze(tx: &mut Tx) {
    let sql = if tx.backend() == Backend::MySql { "ANALYZE TABLE items" } else { "ANALYZE items" };
    query(sql).execute(tx).await.unwrap();
}

/// Lets a recursive query make many rows.
pub(super) async fn recursive(tx: &mut Tx) {
    if tx.backend() == Backend::MySql {
        let sql = "SET /*M! max_recursive_iterations = 10000000 *//*!80000 cte_max_recursion_depth = 10000000 */";
        query(sql).execute(tx).await.unwrap();
    }
}

#[cfg(feature = "mysql")]
fn mysql() -> String {
    std::env::var("DIPTYCH_TEST_MYSQL").unwrap_or_else(|_| "mysql://root@127.0.0.1:3306/test".to_owned())
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
    #[cfg(feature = "mysql")]
    {
        let folder = tempfile::Folder::new();
        let name = folder.name();
        let create = format!("CREATE DATABASE {name} CHARACTER SET utf8mb4 COLLATE utf8mb4_bin");
        admin(create).await;
        let url = mysql();
        let (server, _) = url.rsplit_once('/').unwrap();
        out.push((Db::connect(&format!("{server}/{name}")).await.unwrap(), folder));
    }
    out
}

#[cfg(feature = "mysql")]
async fn admin(sql: String) {
    let db = Db::connect(&mysql()).await.unwrap();
    Statement::new(sql).execute(&mut db.writer().await.unwrap()).await.unwrap();
    db.close().await;
}

pub(super) mod tempfile {
    //! A folder that is gone afterwards, and a database of its name.
    pub(crate) struct Folder(String);
    impl Folder {
        pub(super) fn new() -> Self {
            let folder = std::env::temp_dir().join(format!("diptych_select_{}", uuid::Uuid::new_v4().simple()));
            std::fs::create_dir(&folder).unwrap();
            Self(folder.display().to_string())
        }
        pub(super) fn path(&self) -> &str {
            &self.0
        }
        #[cfg(feature = "mysql")]
        pub(super) fn name(&self) -> String {
            self.0.rsplit('/').next().unwrap().to_owned()
        }
    }
    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = std::fs::remove_dir_all(&self.0);
            #[cfg(feature = "mysql")]
            {
                let sql = format!("DROP DATABASE IF EXISTS {}", self.name());
                let _ = std::thread::spawn(|| {
                    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
                    runtime.block_on(super::admin(sql));
                })
                .join();
            }
        }
    }
}

/// The plan of a statement, as text.
async fn explain(list: &ListDeclaration, wanted: Wanted, tx: &mut Tx) -> String {
    let mut statement = render::<Item>(items().base, list, wanted, tx.backend()).rows;
    let (explain, column) = match tx.backend() {
        Backend::Sqlite => ("EXPLAIN QUERY PLAN", 3),
        Backend::Postgres => ("EXPLAIN", 0),
        Backend::MySql => ("EXPLAIN FORMAT=JSON", 0),
    };
    statement.sql = format!("{explain} {}", statement.sql).into();
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
        let mixed = vec![price(true), OrderKey { column: "id", descending: false }];
        for (order, is_mixed) in [(vec![price(false)], false), (vec![price(true)], false), (mixed, true)] {
            if is_mixed {
                // Not before: beside it MariaDB takes another plan for the index that serves the others.
                query("CREATE INDEX items_by_price_down ON items (owner, price DESC, id)")
                    .execute(&mut tx)
                    .await
                    .unwrap();
                analyze(&mut tx).await;
            }
            for (direction, inclusive) in [(Direction::Forward, false), (Direction::Backward, true)] {
                let order = predicate::total(order.clone(), "id");
                let from = Some(Position { keys: vec![Value::I64(500), Value::I64(rows / 2)], inclusive });
                let cut = Cut::Keyset(Place { page_size: 25, direction, from });
                let wanted = Wanted { order, cut, ..Wanted::default() };
                let plan = explain(declaration.list(), wanted, &mut tx).await;
                let case = format!("{} {is_mixed} {direction:?}: {plan}", db.backend());
                assert!(!plan.to_uppercase().contains("SORT") && !plan.contains("TEMP B-TREE"), "{case}");
                let range = match (db.backend(), is_mixed) {
                    (Backend::Sqlite, false) => "(owner=? AND (price,id)",
                    (Backend::Sqlite, true) => "(owner=? AND price",
                    (Backend::Postgres, false) => "Index Cond: ((owner = 'ann'::text) AND (ROW(price, id)",
                    (Backend::Postgres, true) => "Index Cond: ((owner = 'ann'::text) AND (price",
                    (Backend::MySql, _) => "\"access_type\": \"range\"",
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
