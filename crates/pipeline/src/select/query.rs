//! `Select<Row>`: the base query of a list, to which filter, order and page are added later.

use crate::db::{Record, Statement};
use diptych_spec::{Answer, IntoValue, List, OfRows};
use std::{fmt, marker::PhantomData};

/// A query for rows of `T` that has not been run.
///
/// The author writes which rows there are at all; the caller's filter, order and page are added around it, so the base
/// query has no `ORDER BY` and no `LIMIT`:
///
/// ```ignore
/// Select::sql("SELECT id, owner, number, created_at FROM invoices WHERE owner = $1").bind(who.subject())
/// ```
#[must_use = "a select does nothing until it is returned from a selector"]
pub struct Select<T> {
    pub(crate) base: Statement,
    marker: PhantomData<fn() -> T>,
}

impl<T: Record> Select<T> {
    /// Rows of this SELECT, which returns at least the columns of `T`. Parameters are written `$1`, `$2`, … on every
    /// database.
    pub fn sql(sql: &'static str) -> Self {
        Self { base: Statement::new(sql), marker: PhantomData }
    }

    /// Binds the next parameter.
    pub fn bind(mut self, value: impl IntoValue) -> Self {
        self.base.values.push(value.into_value());
        self
    }
}

impl<T: Record> Answer for Select<T> {
    type Item = T;
}

impl<T: Record> OfRows for Select<T> {}

impl<T: Record> List for Select<T> {
    const COLUMNS: &'static [&'static str] = T::COLUMNS;
    type Query = Self;
    fn into_query(self) -> Self {
        self
    }
}

impl<T> fmt::Debug for Select<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Select").finish_non_exhaustive()
    }
}
