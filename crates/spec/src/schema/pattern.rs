//! Patterns in the dialect that readers of JSON Schema have (ECMA-262 with the flag `u`), from the one of `regex`.

/// The pattern as it is published; `None` for one that has no form there, which is then not published: a reader would refuse the
/// whole schema.
pub(super) fn portable(pattern: &str) -> Option<String> {
    let mut out = String::with_capacity(pattern.len());
    let mut chars = pattern.chars().peekable();
    // Whether this is in brackets.
    let mut class = false;
    while let Some(c) = chars.next() {
        match c {
            '\\' => escape(&mut chars, class, &mut out)?,
            '[' if class => return None,
            '[' => {
                class = true;
                out.push('[');
                if chars.next_if_eq(&'^').is_some() {
                    out.push('^');
                }
                // The first bracket may be a member.
                if chars.next_if_eq(&']').is_some() {
                    out.push_str("\\]");
                }
            }
            ']' if class => {
                class = false;
                out.push(']');
            }
            // Of sets: `[a-z&&[^q]]`.
            '&' | '~' | '-' if class && chars.peek() == Some(&c) => return None,
            '(' if !class && chars.peek() == Some(&'?') => {
                chars.next();
                out.push_str("(?");
                // `(?P<name>` is `(?<name>`; flags have no form.
                let named = chars.next_if_eq(&'P').is_some();
                match chars.peek() {
                    Some(':' | '=' | '!') if !named => {}
                    Some('<') => {}
                    _ => return None,
                }
            }
            // Alone they are a mistake with `u`.
            ']' | '}' if !class && !closes(&out, c) => {
                out.push('\\');
                out.push(c);
            }
            _ => out.push(c),
        }
    }
    (!class).then_some(out)
}

/// What follows a backslash.
fn escape(chars: &mut std::iter::Peekable<std::str::Chars<'_>>, class: bool, out: &mut String) -> Option<()> {
    let c = chars.next()?;
    match c {
        // Literal there without a backslash, and with one a mistake.
        '#' | '&' | '~' | ' ' | '%' | '"' | '\'' | '!' | ',' | ':' | ';' | '<' | '>' | '=' | '@' | '_' | '`' => {
            out.push(c)
        }
        '-' if !class => out.push(c),
        '.' | '+' | '*' | '?' | '(' | ')' | '|' | '[' | ']' | '{' | '}' | '^' | '$' | '\\' | '/' | '-' => {
            out.extend(['\\', c]);
        }
        'n' | 'r' | 't' | 'f' | 'v' | 'd' | 'D' | 's' | 'S' | 'w' | 'W' => out.extend(['\\', c]),
        'b' | 'B' if !class => out.extend(['\\', c]),
        'A' if !class => out.push('^'),
        'z' if !class => out.push('$'),
        'u' | 'k' | 'c' | '0'..='9' => out.extend(['\\', c]),
        'x' if chars.peek() != Some(&'{') => out.extend(['\\', c]),
        'p' | 'P' => {
            out.extend(['\\', c]);
            category(chars, out)?;
        }
        _ => return None,
    }
    Some(())
}

/// A general category, `{Lu}` or `L`; the names of scripts are written otherwise.
fn category(chars: &mut std::iter::Peekable<std::str::Chars<'_>>, out: &mut String) -> Option<()> {
    let name: String = match chars.next()? {
        '{' => chars.by_ref().take_while(|c| *c != '}').collect(),
        one => one.into(),
    };
    let is_short = (1..=2).contains(&name.len()) && name.starts_with(|c: char| c.is_ascii_uppercase());
    (is_short || name.contains('=')).then(|| out.push_str(&format!("{{{name}}}")))
}

/// Whether a bracket closes one that is open: `{2,3}`.
fn closes(out: &str, bracket: char) -> bool {
    bracket == '}' && out.rfind('{').is_some_and(|at| !out[at..].contains('}') && !out[..at].ends_with('\\'))
}

#[cfg(test)]
mod tests {
    use super::portable;

    #[test]
    fn a_pattern_is_published_in_the_dialect_of_its_readers() {
        for (written, published) in [
            ("^[A-Z]{2}-[0-9]{3,}$", Some("^[A-Z]{2}-[0-9]{3,}$")),
            // What schemars makes of `contains`.
            (r"a\#b\-c\&\~", Some("a#b-c&~")),
            (r"\Aab\z", Some("^ab$")),
            (r"(?P<year>\d{4})", Some(r"(?<year>\d{4})")),
            (r"(?:a|b)", Some("(?:a|b)")),
            (r"[\-\.\]]", Some(r"[\-\.\]]")),
            ("[]a]", Some(r"[\]a]")),
            (r"\pL+\p{Lu}\P{Cc}", Some(r"\p{L}+\p{Lu}\P{Cc}")),
            ("^[^@]+@[^@]+$", Some("^[^@]+@[^@]+$")),
            ("a}", Some(r"a\}")),
            (r"\{a}", Some(r"\{a\}")),
            (r"^[\w.-]+$", Some(r"^[\w.-]+$")),
            ("(?i)abc", None),
            ("(?x) a b", None),
            ("[[:alpha:]]", None),
            ("[a-z&&[^q]]", None),
            (r"\p{Greek}", None),
            (r"\x{41}", None),
            (r"\x41\u0042", Some(r"\x41\u0042")),
            ("^(?!x).*$", Some("^(?!x).*$")),
            (r"\p{Script=Greek}", Some(r"\p{Script=Greek}")),
        ] {
            assert_eq!(portable(written).as_deref(), published, "{written}");
        }
    }

    #[test]
    fn it_matches_the_same() {
        for (written, texts) in
            [(r"a\#b\-c", ["a#b-c", "a#bc"]), (r"\A[\-\.]\z", ["-", "a-"]), (r"\pL+[]x]$", ["é]", "1"])]
        {
            let published = regex::Regex::new(&portable(written).unwrap()).unwrap();
            let written = regex::Regex::new(written).unwrap();
            for text in texts {
                assert_eq!(published.is_match(text), written.is_match(text), "{written} {text}");
            }
        }
    }
}
