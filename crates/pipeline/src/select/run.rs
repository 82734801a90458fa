//! Runs a list.

use super::{
    Select,
    render::{Rendered, Wanted, render},
};
use crate::db::{Cell, Column, Conn, Record, Row, Rows};
use diptych_spec::{Call, Declaration, Error, ErrorKind, Filters, Order, PageRequest, Result};

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
    let page = call.take::<PageRequest>();
    let wanted = Wanted {
        filters: call.take::<Filters>().unwrap_or_default().0,
        order: call.take::<Order>().unwrap_or_default().0,
        page,
    };
    let rendered = render::<T>(select.base, declaration.list(), wanted, conn.backend());
    match page {
        Some(request) => paged(rendered, request, conn).await,
        None => unpaged(rendered, declaration.list().max_rows(), conn).await,
    }
}

async fn paged<T: Record>(rendered: Rendered, request: PageRequest, conn: &mut Conn) -> Result<Listed<T>> {
    let mut total = None;
    let read = rendered.rows.fetch(conn, Rows::All, |row| {
        if total.is_none() {
            total = Some(i64::decode(&Cell { row, ordinal: T::COLUMNS.len() })?);
        }
        T::from_row(&Row { row, places: &[] })
    });
    let rows = read.await?;
    let total = match total {
        Some(total) => total,
        None if request.page == 1 => 0,
        // A page behind the last one has no row to carry the total.
        None => {
            let counted = rendered.count.fetch(conn, Rows::First, |row| i64::decode(&Cell { row, ordinal: 0 })).await?;
            counted.first().copied().unwrap_or(0)
        }
    };
    Ok(Listed { rows, page: Some((request, total)) })
}

async fn unpaged<T: Record>(rendered: Rendered, max: u32, conn: &mut Conn) -> Result<Listed<T>> {
    let rows = rendered.rows.fetch(conn, Rows::All, |row| T::from_row(&Row { row, places: &[] })).await?;
    if rows.len() > max as usize {
        return Err(Error::new(
            ErrorKind::TooLarge,
            "result_too_large",
            format!("more than {max} rows match; ask for fewer with a filter"),
        ));
    }
    Ok(Listed { rows, page: None })
}
