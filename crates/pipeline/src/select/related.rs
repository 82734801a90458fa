//! The rows of a list that belong to rows of another one, in one query for all of them.

use super::{
    Select, key, predicate,
    render::{Wanted, in_scope, render},
};
use crate::db::{Cell, Column, Conn, Record, Row, Rows};
use diptych_spec::{Declaration, Error, IntoValue, Operator, Predicate, Result, Value};

/// The value that a row and what belongs to it have in common, to be compared with others.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct Key(Vec<u8>);

impl Key {
    /// None of a null, which nothing belongs to.
    ///
    /// # Errors
    /// It is of JSON.
    pub(crate) fn of(value: &Value) -> Result<Option<Self>> {
        let mut bytes = Vec::with_capacity(17);
        match value {
            Value::Null(_) => Ok(None),
            value => key::write(&mut bytes, value).map(|()| Some(Self(bytes))),
        }
    }
}

/// Every row of the list whose `column` is one of `keys`, in the order of the list, with the key that it was found by.
///
/// # Errors
/// There are more than the list may have.
pub(crate) async fn related<T: Record, K: Column + IntoValue>(
    select: Select<T>,
    declaration: &Declaration,
    column: &'static str,
    keys: Vec<Value>,
    conn: &mut Conn,
) -> Result<Vec<(Key, T)>> {
    let missing = || Error::internal("related rows are found by a column that they do not have");
    let ordinal = T::COLUMNS.iter().position(|known| *known == column).ok_or_else(missing)?;
    let list = declaration.list();
    let order = list.default_order().to_vec();
    let order = if list.is_ordered() { predicate::total(order, list.unique()) } else { order };
    let filters = vec![Predicate { column, operator: Operator::In, values: keys }];
    let wanted = Wanted { filters, order, ..Wanted::default() };
    let base = if declaration.unscoped().is_some() { select.base } else { in_scope::<T>(select.base, conn) };
    let rendered = render::<T>(base, list, wanted, conn.backend());
    let rows = rendered.rows.fetch(conn, Rows::All, |row| {
        let value = K::decode(&Cell { row, ordinal })?.into_value();
        let key = Key::of(&value)?.ok_or_else(|| Error::internal("a related row was found by a null"))?;
        Ok((key, T::from_row(&Row { row, places: &[], left_out: &[] })?))
    });
    let rows = rows.await?;
    let most = list.max_rows();
    if rows.len() > most as usize {
        let detail = format!("more than {most} rows belong to these; ask for fewer at a time, or leave them out");
        return Err(Error::result_too_large(detail));
    }
    Ok(rows)
}
