//! Conditions and orders as SQL text. Columns and operators come from derives; what a caller sent is only ever bound.

use super::cursor::Position;
use crate::db::{Backend, Statement};
use diptych_spec::{Operator, OrderKey, Predicate, Value};
use std::fmt::Write as _;

/// Writes `"column"`, qualified. Column names are checked by the derives to be identifiers.
pub(super) fn column(sql: &mut String, table: &str, name: &str) {
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
            let mut name = String::new();
            column(&mut name, table, predicate.column);
            like(sql, &name, place, backend);
        }
        // Whatever the column's collation takes for the same: a tenant is not another whose name differs in capitals. The first half finds
        // it in an index.
        (Operator::Equal, Some(value @ Value::Text(_))) if backend == Backend::MySql => {
            let place = bind(value);
            compare("=", place, sql);
            sql.push_str(" AND CAST(CONVERT(");
            column(sql, table, predicate.column);
            let _ = write!(sql, " USING utf8mb4) AS BINARY) = CAST(${place} AS BINARY)");
        }
        (Operator::Equal, Some(value)) => compare("=", bind(value), sql),
        (Operator::NotEqual, Some(value)) => compare("<>", bind(value), sql),
        (Operator::Less, Some(value)) => compare("<", bind(value), sql),
        (Operator::LessOrEqual, Some(value)) => compare("<=", bind(value), sql),
        (Operator::Greater, Some(value)) => compare(">", bind(value), sql),
        (Operator::GreaterOrEqual, Some(value)) => compare(">=", bind(value), sql),
    }
}

/// Adds that a text is like a pattern, whatever the case of its letters: SQLite's LIKE ignores that of ASCII letters, PostgreSQL's ILIKE
/// that of all; MySQL's goes by the collation of the column, so that both are compared in small letters.
pub(super) fn like(sql: &mut String, text: &str, place: usize, backend: Backend) {
    let _ = match backend {
        Backend::Sqlite => write!(sql, "{text} LIKE ${place} ESCAPE '!'"),
        Backend::Postgres => write!(sql, "{text} ILIKE ${place} ESCAPE '!'"),
        Backend::MySql => {
            write!(sql, "LOWER(CONVERT({text} USING utf8mb4)) COLLATE utf8mb4_bin LIKE LOWER(${place}) ESCAPE '!'")
        }
    };
}

/// The text as a pattern in which nothing but the added `%` is special.
pub(super) fn pattern(front: &str, value: Value) -> Value {
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

/// The order with the unique column in it, which makes it total. That runs in the direction of the key before it, so that one
/// index serves both.
pub(super) fn total(mut keys: Vec<OrderKey>, unique: &'static str) -> Vec<OrderKey> {
    if !keys.iter().any(|key| key.column == unique) {
        let descending = keys.last().is_some_and(|key| key.descending);
        keys.push(OrderKey { column: unique, descending });
    }
    keys
}

/// Adds ` ORDER BY …`.
pub(super) fn order(sql: &mut String, table: &str, keys: &[OrderKey]) {
    for (index, key) in keys.iter().enumerate() {
        sql.push_str(if index == 0 { " ORDER BY " } else { ", " });
        column(sql, table, key.column);
        if key.descending {
            sql.push_str(" DESC");
        }
    }
}

/// Adds the condition that a row comes behind a position in this order, in a form that is a range of an index: keys of one
/// direction are compared as one row value. Where the direction changes, the range is that of the keys before, and what is in it
/// besides is left out: `a <= $1 AND (a < $1 OR b > $2)`. MySQL makes no range of a row value, so there each key is by itself.
pub(super) fn behind(
    statement: &mut Statement,
    sql: &mut String,
    table: &str,
    keys: &[OrderKey],
    from: &Position,
    backend: Backend,
) {
    let first = statement.values.len() + 1;
    statement.values.extend(from.keys.iter().cloned());
    let mut place = first;
    let mut groups =
        keys.chunk_by(|one, other| one.descending == other.descending && backend != Backend::MySql).peekable();
    let mut open = 0;
    while let Some(group) = groups.next() {
        let symbol = if group.first().is_some_and(|key| key.descending) { "<" } else { ">" };
        if groups.peek().is_some() {
            sql.push('(');
            compare(sql, table, group, place, symbol, "=");
            sql.push_str(" AND (");
            compare(sql, table, group, place, symbol, "");
            sql.push_str(" OR ");
            open += 2;
        } else {
            compare(sql, table, group, place, symbol, if from.inclusive { "=" } else { "" });
        }
        place += group.len();
    }
    sql.extend(std::iter::repeat_n(')', open));
}

/// Adds `("a", "b") < ($1, $2)`.
fn compare(sql: &mut String, table: &str, keys: &[OrderKey], first: usize, symbol: &str, or: &str) {
    let (left, right) = if keys.len() == 1 { ("", "") } else { ("(", ")") };
    sql.push_str(left);
    for (index, key) in keys.iter().enumerate() {
        sql.push_str(if index == 0 { "" } else { ", " });
        column(sql, table, key.column);
    }
    let _ = write!(sql, "{right} {symbol}{or} {left}");
    for index in 0..keys.len() {
        let _ = write!(sql, "{}${}", if index == 0 { "" } else { ", " }, first + index);
    }
    sql.push_str(right);
}
