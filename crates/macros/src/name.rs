//! Names: how a Rust name becomes a public one, and what a name may be made of.

use syn::{Ident, ext::IdentExt};

/// `CreatedAt` → `created_at`, as serde's `rename_all = "snake_case"` does it.
pub(crate) fn snake_case(ident: &Ident) -> String {
    let mut snake = String::new();
    for (i, c) in plain(ident).chars().enumerate() {
        if c.is_uppercase() && i > 0 {
            snake.push('_');
        }
        snake.push(c.to_ascii_lowercase());
    }
    snake
}

/// The name without `r#`.
pub(crate) fn plain(ident: &Ident) -> String {
    ident.unraw().to_string()
}

/// Whether this can stand in SQL as a column without quotes.
pub(crate) fn is_column(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// Whether every MCP client accepts this as a tool's name, and every surface as a code.
pub(crate) fn is_public(name: &str) -> bool {
    (1..=64).contains(&name.len()) && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.'))
}

/// "`conflikt` is not known here", what is, and the one that was probably meant.
pub(crate) fn unknown(given: &str, known: &[&str]) -> String {
    let list: Vec<_> = known.iter().map(|name| format!("`{name}`")).collect();
    let nearest = known.iter().map(|name| (distance(given, name), name)).min();
    match nearest {
        Some((steps, name)) if steps <= 2 && steps < given.chars().count() => {
            format!("`{given}` is not known here, did you mean `{name}`? Known: {}", list.join(", "))
        }
        _ => format!("`{given}` is not known here. Known: {}", list.join(", ")),
    }
}

/// How many letters have to be put in, taken out or changed (Levenshtein).
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let changed = diagonal + usize::from(x != *y);
            diagonal = row[j + 1];
            row[j + 1] = changed.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}
