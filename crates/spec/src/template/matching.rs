//! From a URI back to the values, in time that is linear in its length.
//!
//! A variable that ends where its segment ends takes all of it. Where a literal follows inside the segment
//! (`{name}.json`), or after a variable of several segments, a table says for each part and place whether the rest can
//! match; a variable then takes as little as it can.

use super::{Part, Template, Value};
use percent_encoding::percent_decode_str;

impl Template {
    /// The decoded values of the variables, when `text` is an expansion of this template; those that may be missing and
    /// are, are left out. Linear in the length of `text`. In a query, `+` is a space, as REST reads it.
    #[must_use]
    pub fn matches<'t>(&'t self, text: &str) -> Option<Vec<(&'t str, String)>> {
        let (path, query) = match text.split_once('?') {
            Some((path, query)) => (path, query),
            None => (text, ""),
        };
        if query.contains('#') || (text.len() > path.len() && self.query.is_empty()) {
            return None;
        }
        let mut found = Vec::new();
        let direct = self.path.windows(2).all(|pair| match pair {
            [Part::Variable { several, .. }, Part::Literal(next)] => !several && next.starts_with('/'),
            _ => true,
        });
        let whole = if direct { self.direct(path, &mut found) } else { self.by_table(path, &mut found, &mut 0) };
        whole.and_then(|()| self.fields(query, &mut found)).map(|()| found)
    }

    /// Each variable takes all that it can.
    fn direct<'t>(&'t self, text: &str, found: &mut Vec<(&'t str, String)>) -> Option<()> {
        let mut rest = text;
        for part in &self.path {
            match part {
                Part::Literal(literal) => rest = rest.strip_prefix(literal.as_str())?,
                Part::Optional => match rest.strip_prefix('/') {
                    Some(tail) => rest = tail,
                    None => break,
                },
                Part::Variable { name, several } => {
                    let end = rest.bytes().position(|byte| !takes(*several, byte)).unwrap_or(rest.len());
                    let (value, tail) = rest.split_at(end);
                    if value.is_empty() {
                        return None;
                    }
                    found.push((name, percent_decode_str(value).decode_utf8().ok()?.into_owned()));
                    rest = tail;
                }
            }
        }
        rest.is_empty().then_some(())
    }

    /// `steps` counts what was looked at.
    fn by_table<'t>(&'t self, text: &str, found: &mut Vec<(&'t str, String)>, steps: &mut usize) -> Option<()> {
        // Most URIs are of another template, and end here.
        if let Some(Part::Literal(literal)) = self.path.first()
            && !text.starts_with(literal.as_str())
        {
            return None;
        }
        let bytes = text.as_bytes();
        let can = self.table(bytes, steps);
        let mut at = 0;
        let mut skipped = false;
        for (index, part) in self.path.iter().enumerate() {
            if !can[index][at] && !skipped {
                return None;
            }
            match part {
                Part::Literal(literal) => at += literal.len(),
                Part::Optional if bytes.get(at) == Some(&b'/') && can[index + 1][at + 1] => at += 1,
                Part::Optional => skipped = true,
                Part::Variable { .. } if skipped => skipped = false,
                Part::Variable { name, .. } => {
                    let start = at;
                    at = (start + 1..=bytes.len()).find(|&end| can[index + 1][end] && !in_escape(bytes, end))?;
                    *steps += at - start;
                    found.push((name, percent_decode_str(text.get(start..at)?).decode_utf8().ok()?.into_owned()));
                }
            }
        }
        (at == bytes.len()).then_some(())
    }

    /// For each part and each place: whether the text from that place on is an expansion from that part on.
    fn table(&self, text: &[u8], steps: &mut usize) -> Vec<Vec<bool>> {
        let parts = self.path.len();
        let mut can = vec![vec![false; text.len() + 1]; parts + 1];
        can[parts][text.len()] = true;
        for index in (0..parts).rev() {
            let (here, after) = can.split_at_mut(index + 1);
            let (row, next) = (&mut here[index], &after[0]);
            *steps += row.len();
            for at in (0..=text.len()).rev() {
                row[at] = match &self.path[index] {
                    Part::Literal(literal) => {
                        *steps += literal.len();
                        next.get(at + literal.len()) == Some(&true) && text[at..].starts_with(literal.as_bytes())
                    }
                    // What follows `Optional` is its variable.
                    Part::Optional => after[1][at] || (text.get(at) == Some(&b'/') && next[at + 1]),
                    Part::Variable { several, .. } => {
                        text.get(at).is_some_and(|byte| takes(*several, *byte))
                            && (row[at + 1] || (next[at + 1] && !in_escape(text, at + 1)))
                    }
                };
            }
        }
        can
    }

    fn fields<'t>(&'t self, query: &str, found: &mut Vec<(&'t str, String)>) -> Option<()> {
        let mut seen = vec![false; self.query.len()];
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let (name, value) = (decoded(name)?, decoded(value)?);
            let at = self.query.iter().position(|field| field.name == name)?;
            let again = std::mem::replace(&mut seen[at], true);
            match &self.query[at].value {
                Value::Literal(literal) if *literal == value && !again => {}
                Value::Variable { name, repeated, .. } if *repeated || !again => found.push((name, value)),
                _ => return None,
            }
        }
        let needed = |value: &Value| !matches!(value, Value::Variable { required: false, .. });
        let missing = self.query.iter().zip(&seen).any(|(field, seen)| !seen && needed(&field.value));
        (!missing).then_some(())
    }
}

/// Whether a variable takes this byte: not what ends the path, and `/` only when it takes several segments.
pub(super) fn takes(several: bool, byte: u8) -> bool {
    match byte {
        b'/' => several,
        b'?' | b'#' => false,
        _ => true,
    }
}

/// Whether the place is inside an escape, as after the `%` of `%2C`: a value does not end there, since a literal that
/// seems to begin is a part of an encoded character.
fn in_escape(text: &[u8], at: usize) -> bool {
    let escape = |from: usize| {
        text.get(from..from + 3).is_some_and(|it| it[0] == b'%' && it[1..].iter().all(u8::is_ascii_hexdigit))
    };
    (1..=2).any(|back| at.checked_sub(back).is_some_and(escape))
}

/// A name or value of a query; `None` when it is not UTF-8.
pub(super) fn decoded(text: &str) -> Option<String> {
    let spaced = text.replace('+', " ");
    Some(percent_decode_str(&spaced).decode_utf8().ok()?.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn steps(template: &str, text: &str) -> usize {
        let template = Template::uri(template).unwrap();
        let mut steps = 0;
        template.by_table(text, &mut Vec::new(), &mut steps);
        steps
    }

    #[test]
    fn twice_the_text_is_twice_the_steps() {
        for template in ["x://{a}-{b}-{c}!", "x://{+p}/a/{n}", "x://{a}aaaa{b}aaab{/c}", "x://{+p}.aa{?q}"] {
            for unit in ["-", "a", "/a", "-a/", "aaab"] {
                let [one, two] = [1_000, 2_000].map(|times| steps(template, &format!("x://{}", unit.repeat(times))));
                assert!(one > 0 && two <= 2 * one + 100, "{template} {unit}: {one}, {two}");
            }
        }
    }
}
