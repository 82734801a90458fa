//! Keyset pages: read from where a cursor says, in either direction, and given the cursors of their ends.

#[cfg(test)]
mod tests;

use super::{
    cursor::{Cursors, Direction, Position, foreign},
    render::{Cut, Place, Wanted, render},
    run::{Ends, Listed, Shown},
};
use crate::db::{Cell, Column, Conn, Record, Row, Rows, Statement, is_type_mismatch};
use diptych_spec::{Call, Declaration, Error, KeysetRequest, OrderKey, Result, Seek, Total, Value};
use std::fmt;

pub(super) async fn run<T: Record>(
    base: Statement,
    declaration: &Declaration,
    request: KeysetRequest,
    mut wanted: Wanted,
    call: &mut Call,
    conn: &mut Conn,
) -> Result<Listed<T>> {
    let cursors = Cursors::of(declaration, &wanted.order, call, conn.scope.as_deref())?;
    let (direction, from) = match &request.seek {
        Seek::First => (Direction::Forward, None),
        Seek::After(cursor) => (Direction::Forward, Some(cursors.open(Direction::Forward, cursor)?)),
        Seek::Before(cursor) => (Direction::Backward, Some(cursors.open(Direction::Backward, cursor)?)),
    };
    let keys = places::<T>(&wanted.order)?;
    wanted.cut = Cut::Keyset(Place { page_size: request.page_size, direction, from: from.clone() });
    let rendered = render::<T>(base, declaration.list(), wanted, conn.backend());
    let mut read = read(rendered.rows, request.page_size, &keys, (rendered.counted, &rendered.left_out), conn)
        .await
        .map_err(|error| if from.is_some() && is_type_mismatch(&error) { foreign(direction) } else { error })?;
    let total = match (rendered.total, read.total) {
        (Total::Absent, _) => None,
        (_, Some(total)) => Some(total),
        // All rows are on this page.
        _ if from.is_none() && !read.more => Some(i64::try_from(read.rows.len()).unwrap_or(i64::MAX)),
        (Total::Exact, None) => {
            rendered.count.fetch(conn, Rows::First, |row| i64::decode(&Cell { row, ordinal: 0 })).await?.pop()
        }
        (Total::Estimated, None) => {
            let estimate =
                rendered.count.fetch(conn, Rows::First, |row| planned(&Cell { row, ordinal: 0 })).await?.pop();
            // There are at least those that are seen.
            estimate.map(|estimate| estimate.max(i64::try_from(read.rows.len()).unwrap_or(i64::MAX)))
        }
    };
    let rows_read = read.rows.len();
    let cuts = Cuts { cursors, direction, keys: read.keys, places: keys.len() };
    let onward = read.more.then(|| cuts.onward(rows_read)).transpose()?;
    let back = from.map(|from| match cuts.position(1) {
        Some(nearest) => nearest,
        // Nothing is left there: the rows on the other side of where it was looked.
        None => Position { inclusive: !from.inclusive, ..from },
    });
    let back = back.map(|position| cuts.cursors.seal(direction.opposite(), &position)).transpose()?;
    let (next, previous) = match direction {
        Direction::Forward => (onward, back),
        Direction::Backward => {
            read.rows.reverse();
            (back, onward)
        }
    };
    let ends = Ends { next, previous, page_size: request.page_size, total, cuts };
    Ok(Listed { rows: read.rows, shown: Shown::Keyset(ends) })
}

/// Where a page that was read can end, and another one go on.
pub(crate) struct Cuts {
    cursors: Cursors,
    direction: Direction,
    /// The keys of all rows, nearest to the cursor first.
    keys: Vec<Value>,
    /// How many keys a row has.
    places: usize,
}

impl Cuts {
    /// Whether the rows of the page are in front of its cursor: its last is the nearest.
    pub(crate) fn is_backward(&self) -> bool {
        self.direction == Direction::Backward
    }

    /// The cursor of what comes behind this many rows, counted from where the page begins, in its direction.
    ///
    /// # Errors
    /// The keys of the row are longer than a cursor may be.
    pub(crate) fn onward(&self, rows: usize) -> Result<String> {
        let none = || Error::internal("a page cannot end behind a row that it does not have");
        self.cursors.seal(self.direction, &self.position(rows).ok_or_else(none)?)
    }

    /// Behind this many rows.
    fn position(&self, rows: usize) -> Option<Position> {
        let end = rows * self.places;
        let keys = self.keys.get(end.checked_sub(self.places)?..end)?;
        Some(Position { keys: keys.to_vec(), inclusive: false })
    }
}

/// Keys may be of columns that are shown to nobody.
impl fmt::Debug for Cuts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cuts").field("direction", &self.direction).finish_non_exhaustive()
    }
}

/// What is read of a page, nearest to its cursor first.
struct Page<T> {
    rows: Vec<T>,
    keys: Vec<Value>,
    /// Whether there are more rows behind the last.
    more: bool,
    total: Option<i64>,
}

async fn read<T: Record>(
    rows: Statement,
    page_size: u32,
    places: &[usize],
    (counted, left_out): (bool, &[bool]),
    conn: &mut Conn,
) -> Result<Page<T>> {
    let size = page_size as usize;
    let (mut keys, mut total) = (Vec::new(), None);
    let mut at = 0;
    let reading = rows.fetch(conn, Rows::All, |row| {
        if at == 0 && counted {
            total = Some(i64::decode(&Cell { row, ordinal: T::COLUMNS.len() })?);
        }
        at += 1;
        if at <= size {
            for &place in places {
                keys.push(row.key(place)?);
            }
        }
        T::from_row(&Row { row, places: &[], left_out })
    });
    let mut rows = reading.await?;
    let more = rows.len() > size;
    rows.truncate(size);
    Ok(Page { rows, keys, more, total })
}

/// Where in a row the keys are. That they are there was checked when the server was built.
fn places<T: Record>(order: &[OrderKey]) -> Result<Vec<usize>> {
    let missing = || Error::internal("a keyset page is ordered by a column that is not in the row");
    let place = |key: &OrderKey| T::COLUMNS.iter().position(|column| *column == key.column).ok_or_else(missing);
    order.iter().map(place).collect()
}

/// How many rows the planner of PostgreSQL expects, in what `EXPLAIN (FORMAT JSON)` answers.
fn planned(cell: &Cell<'_>) -> Result<i64> {
    let plan = serde_json::Value::decode(cell)?;
    let rows = plan.pointer("/0/Plan/Plan Rows").and_then(serde_json::Value::as_i64);
    rows.ok_or_else(|| Error::internal("EXPLAIN does not say how many rows are expected"))
}
