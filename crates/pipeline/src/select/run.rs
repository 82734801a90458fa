//! Runs a list.

use super::{
    Select,
    keyset::{self, Cuts},
    predicate,
    render::{Cut, Rendered, Wanted, render},
};
use crate::db::{Cell, Column, Conn, Record, Row, Rows, locked_inside};
use diptych_spec::{
    Call, Declaration, Error, Filters, Includes, KeysetRequest, ListDeclaration, Order, PageRequest, Picked, Result,
    Sought,
};

/// The rows of a list, and which of all they are.
#[derive(Debug)]
pub struct Listed<T> {
    pub(crate) rows: Vec<T>,
    pub(crate) shown: Shown,
}

/// Which rows are shown.
#[derive(Debug)]
pub(crate) enum Shown {
    All,
    /// A page, and the total.
    Number(PageRequest, i64),
    Keyset(Ends),
}

/// What is said of a keyset page.
#[derive(Debug)]
pub(crate) struct Ends {
    pub(crate) next: Option<String>,
    pub(crate) previous: Option<String>,
    pub(crate) page_size: u32,
    pub(crate) total: Option<i64>,
    /// Where it can end before.
    pub(crate) cuts: Cuts,
}

/// Runs `select` with the filter, order and page that the call carries.
pub(crate) async fn run<T: Record>(
    select: Select<T>,
    declaration: &Declaration,
    call: &mut Call,
    conn: &mut Conn,
) -> Result<Listed<T>> {
    let list = declaration.list();
    // What belongs to rows is found by their columns.
    let includes = call.get::<Includes>().is_some_and(|Includes(asked)| !asked.is_empty());
    let picked = call.get::<Option<Picked>>().and_then(Option::as_ref).filter(|_| !includes);
    let fields = list.fields().zip(picked);
    let left_out = fields.map_or_else(Vec::new, |(fields, picked)| {
        let is_left = |(column, on_demand): (&&str, &bool)| *on_demand && !fields.reads(picked, column);
        let is_left: Vec<_> = T::COLUMNS.iter().zip(T::ON_DEMAND).map(is_left).collect();
        is_left
    });
    let wanted = Wanted { left_out, ..wanted(list, call, conn) };
    let base = locked_inside(select.base, conn);
    if let Some(request) = call.take::<KeysetRequest>() {
        return keyset::run(base, declaration, request, wanted, call, conn).await;
    }
    match call.take::<PageRequest>() {
        Some(request) => {
            let wanted = Wanted { cut: Cut::Number(request), ..wanted };
            paged(render::<T>(base, list, wanted, conn.backend()), request, conn).await
        }
        None => unpaged(render::<T>(base, list, wanted, conn.backend()), list.max_rows(), conn).await,
    }
}

/// The filter, the words and the order that the call carries, in the row scope of the connection.
pub(super) fn wanted(list: &ListDeclaration, call: &mut Call, conn: &Conn) -> Wanted {
    let mut filters: Vec<_> = conn.scope.iter().map(|scope| scope.predicate()).collect();
    filters.append(&mut call.take::<Filters>().unwrap_or_default().0);
    let asked = call.take::<Order>().unwrap_or_default().0;
    let order = if asked.is_empty() { list.default_order().to_vec() } else { asked };
    let order = if list.is_ordered() { predicate::total(order, list.unique()) } else { order };
    let search = call.take::<Option<Sought>>().flatten();
    Wanted { filters, search, order, left_out: Vec::new(), cut: Cut::Whole }
}

async fn paged<T: Record>(rendered: Rendered, request: PageRequest, conn: &mut Conn) -> Result<Listed<T>> {
    let mut total = None;
    let read = rendered.rows.fetch(conn, Rows::All, |row| {
        if total.is_none() {
            total = Some(i64::decode(&Cell { row, ordinal: T::COLUMNS.len() })?);
        }
        T::from_row(&Row { row, places: &[], left_out: &rendered.left_out })
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
    Ok(Listed { rows, shown: Shown::Number(request, total) })
}

async fn unpaged<T: Record>(rendered: Rendered, max: u32, conn: &mut Conn) -> Result<Listed<T>> {
    let rows = rendered
        .rows
        .fetch(conn, Rows::All, |row| T::from_row(&Row { row, places: &[], left_out: &rendered.left_out }))
        .await?;
    if rows.len() > max as usize {
        return Err(Error::result_too_large(format!("more than {max} rows match; ask for fewer with a filter")));
    }
    Ok(Listed { rows, shown: Shown::All })
}
