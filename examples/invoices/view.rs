//! Amounts, moments and cells of tables as they are shown.

use chrono::{DateTime, SubsecRound as _, Utc};

/// Now, to the microsecond that databases keep: what is answered is what is read later.
pub(super) fn now() -> DateTime<Utc> {
    Utc::now().trunc_subsecs(6)
}

/// `1250` → `12.50`.
pub(super) fn amount(cents: i64) -> String {
    format!("{}.{:02}", cents / 100, cents % 100)
}

/// A text as a cell of CSV (RFC 4180). These tables are opened in spreadsheets, which would run what begins like a formula; an
/// apostrophe in front makes it text there.
pub(super) fn cell(text: &str) -> String {
    let formula = text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']);
    let text = text.replace('"', "\"\"");
    let plain = !formula && !text.contains(['"', ',', '\r', '\n']);
    if plain { text } else { format!("\"{}{text}\"", if formula { "'" } else { "" }) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_stays_one_and_is_no_formula() {
        let cases = [
            ("2026-001", "2026-001"),
            ("a,b", "\"a,b\""),
            ("say \"x\"", "\"say \"\"x\"\"\""),
            ("a\r\nforged,1", "\"a\r\nforged,1\""),
            ("=1+1", "\"'=1+1\""),
            ("@x", "\"'@x\""),
        ];
        for (text, expected) in cases {
            assert_eq!(cell(text), expected);
        }
    }
}
