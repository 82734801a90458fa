//! All rows of a list, each encoded as soon as it was read.

use super::{
    Select,
    render::{Cut, Wanted, render},
    run::wanted,
};
use crate::db::{Conn, Record, Row, Sink, gone};
use bytes::Bytes;
use diptych_spec::{Audience, Call, Declaration, Error, Hidden, Presenter, Result, RowCheck, Streaming};

/// About how long a part of the answer is, in bytes.
const PART: usize = 16 * 1024;
/// How many rows a debug build holds against their schema.
const CHECKED: u64 = 100;

/// Reads `select` with the filter and the order that the call carries, and fills `sink` with whole lines of JSON, a row in each.
pub(crate) async fn pour<T: Record, V: Presenter<T>>(
    select: Select<T>,
    declaration: &Declaration,
    call: &mut Call,
    conn: &mut Conn,
    sink: &Sink,
) -> Result<()> {
    let list = declaration.list();
    let most = declaration.streaming().map_or(0, Streaming::most_rows);
    let wanted = Wanted { cut: Cut::Stream(most), ..wanted(list, call, conn) };
    let rows = render::<T>(select.base, list, wanted, conn.backend()).rows;
    // Streams are for people and their programs: they are REST.
    let hidden = declaration.hidden_from(call.principal(), Some(Audience::People));
    let mut lines = Lines {
        declaration,
        hidden,
        text: Vec::with_capacity(PART + PART / 8),
        rows: 0,
        most,
        check: cfg!(debug_assertions).then(|| declaration.row_check(hidden)).flatten(),
    };
    rows.pour(conn, sink, |row| {
        lines.add(&V::present(T::from_row(&Row { row, places: &[], left_out: &[] })?))?;
        Ok(lines.is_part().then(|| lines.take()))
    })
    .await?;
    if lines.text.is_empty() { Ok(()) } else { sink.send(Ok(lines.take())).await.map_err(gone) }
}

/// Rows that are on their way.
struct Lines<'d> {
    declaration: &'d Declaration,
    hidden: Hidden,
    text: Vec<u8>,
    rows: u64,
    most: u64,
    check: Option<RowCheck>,
}

impl Lines<'_> {
    fn add(&mut self, view: &impl serde::Serialize) -> Result<()> {
        if self.rows == self.most {
            let detail = format!(
                "the list has more than {} rows, which is where its stream ends; ask for fewer with a filter",
                self.most
            );
            return Err(Error::result_too_large(detail));
        }
        self.rows += 1;
        let begin = self.text.len();
        match self.hidden.is_nothing() {
            true => serde_json::to_writer(&mut self.text, view).map_err(Error::internal)?,
            false => {
                let row = serde_json::to_string(view).map_err(Error::internal)?;
                self.text.extend(self.declaration.shown_row(&row, self.hidden)?);
            }
        }
        if let Some(check) = self.check.as_ref().filter(|_| self.rows <= CHECKED) {
            check.check(&self.text[begin..])?;
        }
        self.text.push(b'\n');
        Ok(())
    }

    fn is_part(&self) -> bool {
        self.text.len() >= PART
    }

    fn take(&mut self) -> Bytes {
        std::mem::replace(&mut self.text, Vec::with_capacity(PART + PART / 8)).into()
    }
}
