//! Writes the SQL of a list: the author's base query, and around it the caller's filter, order and page.

use super::predicate;
use crate::db::{Backend, Record, Statement};
use diptych_spec::{ListDeclaration, OrderKey, PageRequest, Predicate, Value};
use std::fmt::Write as _;

/// What a caller asked for, within what was declared.
#[derive(Debug, Default)]
pub(super) struct Wanted {
    pub(super) filters: Vec<Predicate>,
    pub(super) order: Vec<OrderKey>,
    pub(super) page: Option<PageRequest>,
}

/// The statements of a list.
#[derive(Debug)]
pub(super) struct Rendered {
    /// The rows, in the order of [`Record::COLUMNS`]; with a page, the total behind them.
    pub(super) rows: Statement,
    /// The total alone, for a page that has no row to carry it.
    pub(super) count: Statement,
}

pub(super) fn render<T: Record>(base: Statement, list: &ListDeclaration, wanted: Wanted, backend: Backend) -> Rendered {
    let mut rows = base;
    let conditions = predicate::conditions(&mut rows, "q", wanted.filters, backend);
    let base = std::mem::take(&mut rows.sql);
    let count = format!("SELECT COUNT(*) FROM ({base}) AS q{conditions}");

    let mut sql = String::with_capacity(base.len() * 2 + 256);
    for (index, name) in T::COLUMNS.iter().enumerate() {
        let _ = write!(sql, "{}q.\"{name}\"", if index == 0 { "SELECT " } else { ", " });
    }
    if wanted.page.is_some() {
        // The total in the same statement: one round trip, and one snapshot for page and total.
        let _ = write!(sql, ", ({count}) AS diptych_total");
    }
    let _ = write!(sql, " FROM ({base}) AS q{conditions}");
    if list.is_ordered() {
        let keys = if wanted.order.is_empty() { list.default_order() } else { &wanted.order };
        predicate::order(&mut sql, "q", keys, list.unique());
    }

    let mut counting = Statement::new(count);
    let bound = rows.values.len();
    match wanted.page {
        Some(request) => {
            if request.page > 1 {
                counting.values.clone_from(&rows.values);
            }
            let _ = write!(sql, " LIMIT ${} OFFSET ${}", bound + 1, bound + 2);
            rows.values.push(Value::I64(request.page_size.into()));
            rows.values.push(Value::I64(request.offset()));
        }
        None => {
            // One more than is allowed, to notice that there are more.
            let _ = write!(sql, " LIMIT ${}", bound + 1);
            rows.values.push(Value::I64(i64::from(list.max_rows()) + 1));
        }
    }
    rows.sql = sql.into();
    Rendered { rows, count: counting }
}
