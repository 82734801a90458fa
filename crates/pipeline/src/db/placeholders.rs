//! From `$1`, as statements are written on every database, to the `?` of MySQL, which are counted by where they are.

use super::Statement;
use diptych_spec::{Error, Result};

/// The statement with `?`, and its values in their order: one that is named twice is there twice.
///
/// # Errors
/// It names a parameter that nothing was bound to.
pub(super) fn positional(statement: Statement) -> Result<Statement> {
    let Statement { sql, values } = statement;
    if values.is_empty() {
        return Ok(Statement { sql, values });
    }
    let mut out = String::with_capacity(sql.len());
    let mut places = Vec::with_capacity(values.len());
    let mut rest = &*sql;
    while let Some((before, place, behind)) = next(rest) {
        out.push_str(before);
        out.push('?');
        places.push(place);
        rest = behind;
    }
    out.push_str(rest);
    // The usual case: in order, and each once.
    if places.iter().copied().eq(1..=values.len()) {
        return Ok(Statement { sql: out.into(), values });
    }
    let value = |place: &usize| place.checked_sub(1).and_then(|index| values.get(index)).cloned();
    let missing = || Error::internal("a statement names a parameter that nothing was bound to");
    let values = places.iter().map(|place| value(place).ok_or_else(missing)).collect::<Result<_>>()?;
    Ok(Statement { sql: out.into(), values })
}

/// What is before the first parameter, which one it is, and what is behind it. In texts, quoted names and comments there are none.
fn next(sql: &str) -> Option<(&str, usize, &str)> {
    let bytes = sql.as_bytes();
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let rest = &bytes[at..];
        at += match byte {
            // A quote in a text is doubled: the end of one text, and the begin of another.
            b'\'' | b'"' | b'`' => past(rest, 1, &[byte]),
            b'#' => past(rest, 1, b"\n"),
            b'-' if rest.starts_with(b"--") => past(rest, 2, b"\n"),
            b'/' if rest.starts_with(b"/*") => past(rest, 2, b"*/"),
            b'$' => {
                let digits = rest[1..].iter().take_while(|byte| byte.is_ascii_digit()).count();
                match sql[at + 1..at + 1 + digits].parse() {
                    Ok(place) => return Some((&sql[..at], place, &sql[at + 1 + digits..])),
                    Err(_) => 1,
                }
            }
            // A name may have a `$` in it.
            byte if is_of_name(byte) => rest.iter().take_while(|byte| is_of_name(**byte) || **byte == b'$').count(),
            _ => 1,
        };
    }
    None
}

fn is_of_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || !byte.is_ascii()
}

/// How many bytes there are up to the end of what began with the first `from`.
fn past(bytes: &[u8], from: usize, end: &[u8]) -> usize {
    let found = bytes[from..].windows(end.len()).position(|window| window == end);
    found.map_or(bytes.len(), |place| from + place + end.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use diptych_spec::Value;

    #[test]
    fn parameters_are_counted_by_where_they_are() {
        let cases: [(&str, &str, &[i64]); 9] = [
            ("a = $1 AND b = $2", "a = ? AND b = ?", &[1, 2]),
            ("a = $2 AND b = $1", "a = ? AND b = ?", &[2, 1]),
            ("($2 = '' OR b = $2) AND c > $1", "(? = '' OR b = ?) AND c > ?", &[2, 2, 1]),
            ("a = '$1' AND b = $1 -- $2\n AND c = $2", "a = '$1' AND b = ? -- $2\n AND c = ?", &[1, 2]),
            ("a = 'it''s $1' AND \"b$1\" = $2", "a = 'it''s $1' AND \"b$1\" = ?", &[2]),
            ("/* $1 */ a = $1 # $2", "/* $1 */ a = ? # $2", &[1]),
            ("a$1 = $1 AND é$2 = $ 2", "a$1 = ? AND é$2 = $ 2", &[1]),
            ("`$1` = $2 AND 'open $1", "`$1` = ? AND 'open $1", &[2]),
            ("nothing", "nothing", &[]),
        ];
        for (sql, expected, places) in cases {
            let values = vec![Value::I64(1), Value::I64(2)];
            let found = positional(Statement { sql: sql.into(), values }).unwrap();
            assert_eq!(found.sql, expected, "{sql}");
            assert_eq!(found.values, places.iter().copied().map(Value::I64).collect::<Vec<_>>(), "{sql}");
        }
        for sql in ["a = $3", "a = $0", "a = $99999999999999999999 AND b = $3"] {
            let values = vec![Value::I64(1), Value::I64(2)];
            assert!(positional(Statement { sql: sql.into(), values }).is_err(), "{sql}");
        }
    }
}
