//! Pages as JSON, within a ceiling: a keyset page ends before it, a numbered one is refused with the remedy.

use super::Ends;
use crate::operation::encode;
use diptych_spec::{Declaration, Error, KeysetPage, Page, Result};
use serde::Serialize;

/// A keyset page; when it is longer than `max_bytes`, as many of its rows as fit, with a cursor for those behind them.
///
/// # Errors
/// One row alone is longer.
pub(crate) fn keyset_page<V: Serialize>(
    items: Vec<V>,
    ends: Ends,
    declaration: &Declaration,
    max_bytes: usize,
) -> Result<Vec<u8>> {
    let Ends { next, previous, page_size, total, cuts } = ends;
    let mut page = KeysetPage { items, next, previous, page_size, total, shortened: false };
    let json = encode(declaration, &page)?;
    if json.len() <= max_bytes {
        return Ok(json);
    }
    let mut items = std::mem::take(&mut page.items);
    let mut lengths = lengths(&items)?;
    if cuts.is_backward() {
        lengths.reverse();
    }
    let onward = |page: &mut KeysetPage<V>, cursor| match cuts.is_backward() {
        true => page.previous = Some(cursor),
        false => page.next = Some(cursor),
    };
    page.shortened = true;
    onward(&mut page, String::new());
    let frame = encode(declaration, &page)?.len();
    let mut long = together(&lengths);
    for rows in (1..items.len()).rev() {
        long -= lengths[rows] + 1;
        let without_cursor = frame + long;
        if without_cursor > max_bytes {
            continue;
        }
        let cursor = cuts.onward(rows)?;
        // A cursor has no character that JSON escapes.
        if without_cursor + cursor.len() <= max_bytes {
            match cuts.is_backward() {
                true => drop(items.drain(..items.len() - rows)),
                false => items.truncate(rows),
            }
            onward(&mut page, cursor);
            return encode(declaration, &KeysetPage { items, ..page });
        }
    }
    let detail =
        format!("a single row of this page is longer than {max_bytes} bytes allow; leave it out with a filter");
    Err(Error::result_too_large(detail))
}

/// A numbered page. It cannot be shorter: the next one begins where this one has to end.
///
/// # Errors
/// It is longer than `max_bytes`.
pub(crate) fn numbered_page<V: Serialize>(
    page: &Page<V>,
    declaration: &Declaration,
    max_bytes: usize,
) -> Result<Vec<u8>> {
    let json = encode(declaration, page)?;
    if json.len() <= max_bytes {
        return Ok(json);
    }
    let lengths = lengths(&page.items)?;
    let frame = json.len() - together(&lengths);
    let fit = lengths.iter().enumerate().scan(frame, |long, (row, length)| {
        *long += length + usize::from(row > 0);
        (*long <= max_bytes).then_some(row + 1)
    });
    let remedy = match fit.last() {
        Some(rows) => format!("ask for pages of at most {rows} rows, with `page_size`"),
        None => "leave its first row out with a filter".to_owned(),
    };
    Err(Error::result_too_large(format!("this page is longer than {max_bytes} bytes; {remedy}")))
}

/// How long each row is.
fn lengths<V: Serialize>(items: &[V]) -> Result<Vec<usize>> {
    let length = |item| serde_json::to_vec(item).map(|json| json.len()).map_err(Error::internal);
    items.iter().map(length).collect()
}

/// How long rows are with the commas between them.
fn together(lengths: &[usize]) -> usize {
    lengths.iter().sum::<usize>() + lengths.len().saturating_sub(1)
}
