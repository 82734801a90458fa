//! What commands print.

use std::fmt::Write as _;

/// How moments are written for people.
pub(super) const MINUTES: &str = "%Y-%m-%d %H:%M UTC";

/// Rows, the first of which is the head, as columns of text.
pub(super) fn columns<const N: usize>(rows: &[[String; N]]) -> String {
    let widths: [usize; N] =
        std::array::from_fn(|column| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or_default());
    let mut out = String::new();
    for row in rows {
        let mut line = String::new();
        for (cell, width) in row.iter().zip(widths) {
            let _ = write!(line, "{cell:width$}  ");
        }
        out.push_str(line.trim_end());
        out.push('\n');
    }
    out.truncate(out.trim_end().len());
    out
}

#[expect(clippy::print_stdout, reason = "the program is asked to print this")]
pub(super) fn print(text: &str) {
    println!("{text}");
}

/// Besides what is printed, so that this alone can be piped.
#[expect(clippy::print_stderr, reason = "for the person at the terminal")]
pub(super) fn explain(text: &str) {
    eprintln!("{text}");
}
