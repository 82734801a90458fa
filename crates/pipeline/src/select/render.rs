//! Writes the SQL of a list: the author's base query, and around it the caller's filter, order and page.

use super::{
    cursor::{Direction, Position},
    predicate, search,
};
use crate::db::{Backend, Conn, Record, Statement, locked_inside};
use diptych_spec::{ListDeclaration, OrderKey, PageRequest, Predicate, Sought, Total, Value};
use std::fmt::Write as _;

/// What a caller asked for, within what was declared.
#[derive(Debug, Default)]
pub(super) struct Wanted {
    pub(super) filters: Vec<Predicate>,
    pub(super) search: Option<Sought>,
    /// Total, the unique column in it; empty when any order will do.
    pub(super) order: Vec<OrderKey>,
    /// Which columns of the row nobody asks for.
    pub(super) left_out: Vec<bool>,
    pub(super) cut: Cut,
}

/// Which of the rows.
#[derive(Debug, Default)]
pub(super) enum Cut {
    #[default]
    Whole,
    Number(PageRequest),
    Keyset(Place),
    /// All of them, up to so many.
    Stream(u64),
}

/// Where a keyset page is.
#[derive(Debug)]
pub(super) struct Place {
    pub(super) page_size: u32,
    pub(super) direction: Direction,
    pub(super) from: Option<Position>,
}

/// The statements of a list.
#[derive(Debug)]
pub(super) struct Rendered {
    /// The rows, in the order of [`Record::COLUMNS`].
    pub(super) rows: Statement,
    /// Which of these columns are null because they were not read.
    pub(super) left_out: Vec<bool>,
    /// Whether each row has the total behind its columns.
    pub(super) counted: bool,
    /// What is known of the total on this database.
    pub(super) total: Total,
    /// The total alone, for a page that has no row to carry it; or the plan of all rows.
    pub(super) count: Statement,
}

pub(super) fn render<T: Record>(base: Statement, list: &ListDeclaration, wanted: Wanted, backend: Backend) -> Rendered {
    let mut rows = base;
    let mut conditions = predicate::conditions(&mut rows, "q", wanted.filters, backend);
    if let (Some(search), Some(sought)) = (list.search(), &wanted.search) {
        conditions.push_str(if conditions.is_empty() { " WHERE " } else { " AND " });
        search::condition(&mut rows, &mut conditions, "q", search, sought, backend);
    }
    let base = std::mem::take(&mut rows.sql);
    let total = match (&wanted.cut, list.keyset()) {
        (Cut::Whole | Cut::Stream(_), _) => Total::Absent,
        (Cut::Number(_), _) | (_, None) => Total::Exact,
        // The others have no estimate to give.
        (_, Some(keyset)) if keyset.total == Total::Estimated && backend != Backend::Postgres => Total::Exact,
        (_, Some(keyset)) => keyset.total,
    };
    let count = match total {
        Total::Exact => format!("SELECT COUNT(*) FROM ({base}) AS q{conditions}"),
        Total::Estimated => format!("EXPLAIN (FORMAT JSON) SELECT 1 FROM ({base}) AS q{conditions}"),
        Total::Absent => String::new(),
    };

    let mut sql = String::with_capacity(base.len() * 2 + 256);
    let mut left_out = wanted.left_out;
    for (index, name) in T::COLUMNS.iter().enumerate() {
        sql.push_str(if index == 0 { "SELECT " } else { ", " });
        match left_out.get_mut(index) {
            // A cursor is made of what the list is ordered by.
            Some(left) if *left && !wanted.order.iter().any(|key| key.column == *name) => {
                let _ = write!(sql, "NULL AS \"{name}\"");
            }
            left => {
                left.into_iter().for_each(|left| *left = false);
                let _ = write!(sql, "q.\"{name}\"");
            }
        }
    }
    if total == Total::Exact {
        // The total in the same statement: one round trip, and one snapshot for page and total.
        let _ = write!(sql, ", ({count}) AS diptych_total");
    }
    let mut counting = Statement::new(count);
    let is_asked = match &wanted.cut {
        Cut::Whole | Cut::Stream(_) => false,
        Cut::Number(request) => request.page > 1,
        Cut::Keyset(place) => total == Total::Estimated || (total == Total::Exact && place.from.is_some()),
    };
    if is_asked {
        counting.values.clone_from(&rows.values);
    }

    let mut order = wanted.order;
    if let Cut::Keyset(place) = &wanted.cut {
        if place.direction == Direction::Backward {
            order.iter_mut().for_each(|key| key.descending = !key.descending);
        }
        if let Some(from) = &place.from {
            conditions.push_str(if conditions.is_empty() { " WHERE " } else { " AND " });
            predicate::behind(&mut rows, &mut conditions, "q", &order, from, backend);
        }
    }
    let _ = write!(sql, " FROM ({base}) AS q{conditions}");
    predicate::order(&mut sql, "q", &order);
    let bound = rows.values.len();
    match wanted.cut {
        Cut::Number(request) => {
            let _ = write!(sql, " LIMIT ${} OFFSET ${}", bound + 1, bound + 2);
            rows.values.push(Value::I64(request.page_size.into()));
            rows.values.push(Value::I64(request.offset()));
        }
        // One more than is allowed or asked for, to notice that there are more.
        Cut::Keyset(Place { page_size: most, .. }) => limit(&mut sql, &mut rows, most.into()),
        Cut::Whole => limit(&mut sql, &mut rows, list.max_rows().into()),
        Cut::Stream(most) => limit(&mut sql, &mut rows, i64::try_from(most).unwrap_or(i64::MAX)),
    }
    rows.sql = sql.into();
    Rendered { rows, left_out, counted: total == Total::Exact, total, count: counting }
}

fn limit(sql: &mut String, rows: &mut Statement, most: i64) {
    rows.values.push(Value::I64(most.saturating_add(1)));
    let _ = write!(sql, " LIMIT ${}", rows.values.len());
}

/// The base query alone, of which only the rows in the scope of the connection are there.
pub(crate) fn in_scope<T: Record>(base: Statement, conn: &Conn) -> Statement {
    let Some(scope) = &conn.scope else { return base };
    let mut rows = locked_inside(base, conn);
    let conditions = predicate::conditions(&mut rows, "q", vec![scope.predicate()], conn.backend());
    let mut sql = String::with_capacity(rows.sql.len() + 128);
    for (index, name) in T::COLUMNS.iter().enumerate() {
        let _ = write!(sql, "{}q.\"{name}\"", if index == 0 { "SELECT " } else { ", " });
    }
    let _ = write!(sql, " FROM ({}) AS q{conditions}", rows.sql);
    rows.sql = sql.into();
    rows
}
