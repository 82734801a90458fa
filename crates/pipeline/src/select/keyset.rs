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

pub(super) async fn run<T: Record>(
    base: Statement,
    declaration: &Declaration,
    request: KeysetRequest,
    mut wanted: Wanted,
    call: &mut Call,
    conn: &mut Conn,
) -> Result<Listed<T>> {
    let cursors = Cursors::of(declaration, &wanted.order, call)?;
    let (direction, from) = match &request.seek {
        Seek::First => (Direction::Forward, None),
        Seek::After(cursor) => (Direction::Forward, Some(cursors.open(Direction::Forward, cursor)?)),
        Seek::Before(cursor) => (Direction::Backward, Some(cursors.open(Direction::Backward, cursor)?)),
    };
    let keys = places::<T>(&wanted.order)?;
    wanted.cut = Cut::Keyset(Place { page_size: request.page_size, direction, from: from.clone() });
    let rendered = render::<T>(base, declaration.list(), wanted, conn.backend());
    let mut read = read(rendered.rows, request.page_size, from.is_some(), &keys, rendered.counted, conn)
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
    let opposite = match direction {
        Direction::Forward => Direction::Backward,
        Direction::Backward => Direction::Forward,
    };
    let onward = read.farthest.filter(|_| read.more).map(|keys| Position { keys, inclusive: false });
    let back = from.map(|from| match read.nearest {
        Some(keys) => Position { keys, inclusive: false },
        // Nothing is left there: the rows on the other side of where it was looked.
        None => Position { inclusive: !from.inclusive, ..from },
    });
    let sealed =
        |direction, position: Option<Position>| position.map(|position| cursors.seal(direction, &position)).transpose();
    let (onward, back) = (sealed(direction, onward)?, sealed(opposite, back)?);
    let (next, previous) = match direction {
        Direction::Forward => (onward, back),
        Direction::Backward => {
            read.rows.reverse();
            (back, onward)
        }
    };
    let ends = Ends { next, previous, page_size: request.page_size, total };
    Ok(Listed { rows: read.rows, shown: Shown::Keyset(ends) })
}

/// What is read of a page, nearest to its cursor first.
struct Page<T> {
    rows: Vec<T>,
    /// The keys of the first and of the last row, where a cursor needs them.
    nearest: Option<Vec<Value>>,
    farthest: Option<Vec<Value>>,
    /// Whether there are more rows behind the last.
    more: bool,
    total: Option<i64>,
}

async fn read<T: Record>(
    rows: Statement,
    page_size: u32,
    seeks: bool,
    keys: &[usize],
    counted: bool,
    conn: &mut Conn,
) -> Result<Page<T>> {
    let size = page_size as usize;
    let (mut nearest, mut farthest, mut total) = (None, None, None);
    let mut at = 0;
    let reading = rows.fetch(conn, Rows::All, |row| {
        let read_keys = || keys.iter().map(|&place| row.key(place)).collect::<Result<Vec<_>>>();
        if at == 0 && seeks {
            nearest = Some(read_keys()?);
        }
        if at == 0 && counted {
            total = Some(i64::decode(&Cell { row, ordinal: T::COLUMNS.len() })?);
        }
        at += 1;
        if at == size {
            farthest = Some(read_keys()?);
        }
        T::from_row(&Row { row, places: &[] })
    });
    let mut rows = reading.await?;
    let more = rows.len() > size;
    rows.truncate(size);
    Ok(Page { rows, nearest, farthest, more, total })
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
