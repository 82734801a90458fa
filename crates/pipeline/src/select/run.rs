//! Runs a list: base query, then the caller's filter, order and page, in one statement.

use super::{Select, predicate};
use crate::db::{Cell, Column, Conn, Record, Row, Rows, Statement};
use diptych_spec::{Call, Declaration, Error, ErrorKind, Filters, Order, PageRequest, Result, Value};
use std::fmt::Write as _;

/// The rows of a list, and which page they are.
#[derive(Debug)]
pub struct Listed<T> {
    pub(crate) rows: Vec<T>,
    pub(crate) page: Option<(PageRequest, i64)>,
}

/// Runs `select` with the filter, order and page that the call carries.
pub(crate) async fn run<T: Record>(
    select: Select<T>,
    declaration: &Declaration,
    call: &mut Call,
    conn: &mut Conn,
) -> Result<Listed<T>> {
    let list = declaration.list();
    let filters = call.take::<Filters>().unwrap_or_default().0;
    let order = call.take::<Order>().unwrap_or_default().0;
    let keys = if order.is_empty() { list.default_order() } else { &order };
    let mut statement = select.base;
    let conditions = predicate::conditions(&mut statement, "q", filters, conn.backend());
    let base = std::mem::take(&mut statement.sql);

    let mut sql = String::with_capacity(base.len() * 2 + 256);
    for (index, name) in T::COLUMNS.iter().enumerate() {
        let _ = write!(sql, "{}q.\"{name}\"", if index == 0 { "SELECT " } else { ", " });
    }
    let count = format!("SELECT COUNT(*) FROM ({base}) AS q{conditions}");
    let page = call.take::<PageRequest>();
    if page.is_some() {
        // The total in the same statement: one round trip, and one snapshot for page and total.
        let _ = write!(sql, ", ({count}) AS diptych_total");
    }
    let _ = write!(sql, " FROM ({base}) AS q{conditions}");
    if list.is_ordered() {
        predicate::order(&mut sql, "q", keys, list.unique());
    }
    match page {
        Some(request) => paged(statement, sql, count, request, conn).await,
        None => unpaged(statement, sql, list.max_rows(), conn).await,
    }
}

async fn paged<T: Record>(
    mut statement: Statement,
    mut sql: String,
    count: String,
    request: PageRequest,
    conn: &mut Conn,
) -> Result<Listed<T>> {
    let bound = statement.values.len();
    let _ = write!(sql, " LIMIT ${} OFFSET ${}", bound + 1, bound + 2);
    let mut counting = Statement { sql: count.into(), values: Vec::new() };
    if request.page > 1 {
        counting.values.clone_from(&statement.values);
    }
    statement.sql = sql.into();
    statement.values.push(Value::I64(request.page_size.into()));
    statement.values.push(Value::I64(request.offset()));
    let total_at = T::COLUMNS.len();
    let mut total = None;
    let rows = statement
        .fetch(conn, Rows::All, |row| {
            if total.is_none() {
                total = Some(i64::decode(&Cell { row, ordinal: total_at })?);
            }
            T::from_row(&Row { row, places: &[] })
        })
        .await?;
    let total = match total {
        Some(total) => total,
        None if request.page == 1 => 0,
        // A page behind the last one has no row to carry the total.
        None => {
            let counted = counting.fetch(conn, Rows::First, |row| i64::decode(&Cell { row, ordinal: 0 })).await?;
            counted.first().copied().unwrap_or(0)
        }
    };
    Ok(Listed { rows, page: Some((request, total)) })
}

async fn unpaged<T: Record>(mut statement: Statement, mut sql: String, max: u32, conn: &mut Conn) -> Result<Listed<T>> {
    let _ = write!(sql, " LIMIT ${}", statement.values.len() + 1);
    statement.sql = sql.into();
    statement.values.push(Value::I64(i64::from(max) + 1));
    let rows = statement.fetch(conn, Rows::All, |row| T::from_row(&Row { row, places: &[] })).await?;
    if rows.len() > max as usize {
        return Err(Error::new(
            ErrorKind::TooLarge,
            "result_too_large",
            format!("more than {max} rows match; ask for fewer with a filter"),
        ));
    }
    Ok(Listed { rows, page: None })
}
