//! Conditions and orders as SQL text. Columns and operators come from derives; what a caller sent is only ever bound.

use crate::db::{Backend, Statement};
use diptych_spec::{Operator, OrderKey, Predicate, Value};
use std::fmt::Write as _;

/// Writes `"column"`, qualified. Column names are checked by the derives to be identifiers.
fn column(sql: &mut String, table: &str, name: &str) {
    let _ = write!(sql, "{table}.\"{name}\"");
}

/// Adds ` WHERE …` for the conditions, binding their values.
pub(super) fn conditions(
    statement: &mut Statement,
    table: &str,
    predicates: Vec<Predicate>,
    backend: Backend,
) -> String {
    let mut sql = String::new();
    for predicate in predicates {
        sql.push_str(if sql.is_empty() { " WHERE " } else { " AND " });
        condition(statement, &mut sql, table, predicate, backend);
    }
    sql
}

fn condition(statement: &mut Statement, sql: &mut String, table: &str, predicate: Predicate, backend: Backend) {
    let mut values = predicate.values.into_iter();
    let mut bind = |value: Value| {
        statement.values.push(value);
        statement.values.len()
    };
    let compare = |symbol: &str, place: usize, sql: &mut String| {
        column(sql, table, predicate.column);
        let _ = write!(sql, " {symbol} ${place}");
    };
    let first = values.next();
    match (predicate.operator, first) {
        // A list that is empty matches nothing.
        (_, None) => sql.push_str("1 = 0"),
        (Operator::IsNull, Some(value)) => {
            column(sql, table, predicate.column);
            sql.push_str(if value == Value::Bool(true) { " IS NULL" } else { " IS NOT NULL" });
        }
        (Operator::In, Some(value)) => {
            let mut places: Vec<usize> = std::iter::once(value).chain(values).map(bind).collect();
            // Few lengths, so that few plans are cached: the last one is repeated up to a power of two.
            if let Some(&last) = places.last() {
                places.resize(places.len().next_power_of_two(), last);
            }
            column(sql, table, predicate.column);
            for (index, place) in places.iter().enumerate() {
                let _ = write!(sql, "{}${place}", if index == 0 { " IN (" } else { ", " });
            }
            sql.push(')');
        }
        (Operator::Between, Some(low)) => {
            let low = bind(low);
            let high = values.next().map_or(low, bind);
            column(sql, table, predicate.column);
            let _ = write!(sql, " BETWEEN ${low} AND ${high}");
        }
        (Operator::Contains | Operator::StartsWith, Some(value)) => {
            let front = if predicate.operator == Operator::Contains { "%" } else { "" };
            let place = bind(pattern(front, value));
            column(sql, table, predicate.column);
            // SQLite's LIKE ignores the case of ASCII letters, PostgreSQL's ILIKE that of all.
            let like = match backend {
                Backend::Sqlite => "LIKE",
                Backend::Postgres => "ILIKE",
            };
            let _ = write!(sql, " {like} ${place} ESCAPE '!'");
        }
        (Operator::Equal, Some(value)) => compare("=", bind(value), sql),
        (Operator::NotEqual, Some(value)) => compare("<>", bind(value), sql),
        (Operator::Less, Some(value)) => compare("<", bind(value), sql),
        (Operator::LessOrEqual, Some(value)) => compare("<=", bind(value), sql),
        (Operator::Greater, Some(value)) => compare(">", bind(value), sql),
        (Operator::GreaterOrEqual, Some(value)) => compare(">=", bind(value), sql),
    }
}

/// The text as a pattern in which nothing but the added `%` is special.
fn pattern(front: &str, value: Value) -> Value {
    let Value::Text(text) = value else { return value };
    let mut out = String::with_capacity(text.len() + 4);
    out.push_str(front);
    for c in text.chars() {
        if matches!(c, '!' | '%' | '_') {
            out.push('!');
        }
        out.push(c);
    }
    out.push('%');
    Value::Text(out.into())
}

/// Adds ` ORDER BY …`, ending in the unique column so that the order is total. It runs in the direction of the key before
/// it, so that one index serves both.
pub(super) fn order(sql: &mut String, table: &str, keys: &[OrderKey], unique: &'static str) {
    let mut keys = keys.to_vec();
    if !keys.iter().any(|key| key.column == unique) {
        let descending = keys.last().is_some_and(|key| key.descending);
        keys.push(OrderKey { column: unique, descending });
    }
    for (index, key) in keys.iter().enumerate() {
        sql.push_str(if index == 0 { " ORDER BY " } else { ", " });
        column(sql, table, key.column);
        if key.descending {
            sql.push_str(" DESC");
        }
    }
}
