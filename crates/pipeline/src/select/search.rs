//! A search as SQL text. Columns and the configuration come from source code; what a caller looks for is only ever bound.

use super::predicate::{column, like, pattern};
use crate::db::{Backend, Statement};
use diptych_spec::{Search, Sought, Value};
use std::fmt::Write as _;

/// Adds the condition that a row is found.
pub(super) fn condition(
    statement: &mut Statement,
    sql: &mut String,
    table: &str,
    search: &Search,
    Sought(text): &Sought,
    backend: Backend,
) {
    match (search.configuration(), backend) {
        (Some(configuration), Backend::Postgres) => {
            full_text(statement, sql, table, search, configuration, text);
        }
        _ => words(statement, sql, table, search, text, backend),
    }
}

/// Every word is in one of the columns.
fn words(statement: &mut Statement, sql: &mut String, table: &str, search: &Search, text: &str, backend: Backend) {
    let mut known: Vec<&str> = Vec::new();
    for word in text.split_whitespace() {
        if known.contains(&word) {
            continue;
        }
        sql.push_str(if known.is_empty() { "(" } else { " AND (" });
        known.push(word);
        let first = statement.values.len();
        statement.values.extend(spellings(word).into_iter().map(|word| pattern("%", Value::Text(word.into()))));
        for (index, name) in search.in_columns().iter().enumerate() {
            for place in first..statement.values.len() {
                if index > 0 || place > first {
                    sql.push_str(" OR ");
                }
                let mut text = String::new();
                as_text(&mut text, table, name, backend);
                like(sql, &text, place + 1, backend);
            }
        }
        sql.push(')');
    }
}

/// A word as it is to be looked for, in one spelling or in several. SQLite ignores the case of ASCII letters alone, PostgreSQL that
/// of the letters that its locale knows: so a word with others is looked for in small letters, in capitals, and with a capital in
/// front as well, and is found on both.
fn spellings(word: &str) -> Vec<String> {
    let mut all = vec![word.to_owned()];
    if !word.is_ascii() {
        let lower = word.to_lowercase();
        let mut rest = lower.chars();
        let front: String = rest.next().into_iter().flat_map(char::to_uppercase).collect();
        for spelling in [format!("{front}{}", rest.as_str()), word.to_uppercase(), lower.clone()] {
            if !all.contains(&spelling) {
                all.push(spelling);
            }
        }
    }
    all
}

/// How many characters of a row are looked through. A `tsvector` has less than 1 MiB (PostgreSQL, section 12.11), and a row with more would
/// be an error of every search that comes by it. A character takes at most four bytes, is in a word and in a part of that when words
/// are joined by hyphens, and a short word takes four bytes besides.
const LOOKED_THROUGH: u32 = 100_000;

/// In the form of which an index can be made: `to_tsvector('english', left(coalesce(a, '') || ' ' || coalesce(b, ''), 100000))`.
fn full_text(
    statement: &mut Statement,
    sql: &mut String,
    table: &str,
    search: &Search,
    configuration: &str,
    text: &str,
) {
    let _ = write!(sql, "to_tsvector('{configuration}', left(");
    for (index, name) in search.in_columns().iter().enumerate() {
        sql.push_str(if index == 0 { "coalesce(" } else { " || ' ' || coalesce(" });
        as_text(sql, table, name, Backend::Postgres);
        sql.push_str(", '')");
    }
    statement.values.push(Value::Text(text.to_owned().into()));
    let _ = write!(sql, ", {LOOKED_THROUGH})) @@ websearch_to_tsquery('{configuration}', ${})", statement.values.len());
}

/// A column as text; of one that is text, PostgreSQL drops the cast before it looks for an index.
fn as_text(sql: &mut String, table: &str, name: &str, backend: Backend) {
    sql.push_str("CAST(");
    column(sql, table, name);
    sql.push_str(if backend == Backend::MySql { " AS CHAR)" } else { " AS TEXT)" });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(search: &Search, text: &str, backend: Backend) -> (String, Vec<Value>) {
        let (mut statement, mut sql) = (Statement::new(""), String::new());
        statement.values.push(Value::Bool(true));
        condition(&mut statement, &mut sql, "q", search, &Sought(text.to_owned()), backend);
        (sql, statement.values.split_off(1))
    }

    fn texts(texts: &[&str]) -> Vec<Value> {
        texts.iter().map(|text| Value::Text((*text).to_owned().into())).collect()
    }

    #[test]
    fn every_word_is_in_one_of_the_columns_and_special_nowhere() {
        let search = Search::columns(["a", "b"]);
        let (sql, values) = written(&search, "50% a_!\\ 50%", Backend::Postgres);
        assert_eq!(
            sql,
            "(CAST(q.\"a\" AS TEXT) ILIKE $2 ESCAPE '!' OR CAST(q.\"b\" AS TEXT) ILIKE $2 ESCAPE '!') AND \
             (CAST(q.\"a\" AS TEXT) ILIKE $3 ESCAPE '!' OR CAST(q.\"b\" AS TEXT) ILIKE $3 ESCAPE '!')"
        );
        assert_eq!(values, texts(&["%50!%%", "%a!_!!\\%"]));
    }

    #[test]
    fn databases_are_told_how_letters_can_be_written() {
        let search = Search::columns(["a"]).full_text("english");
        let (sql, values) = written(&search, "Ada élève", Backend::Sqlite);
        let like = |place| format!("CAST(q.\"a\" AS TEXT) LIKE ${place} ESCAPE '!'");
        assert_eq!(sql, format!("({}) AND ({} OR {} OR {})", like(2), like(3), like(4), like(5)));
        assert_eq!(values, texts(&["%Ada%", "%élève%", "%Élève%", "%ÉLÈVE%"]));
    }

    #[test]
    fn the_full_text_of_postgresql_is_one_expression() {
        let search = Search::columns(["a", "b"]).full_text("english");
        let (sql, values) = written(&search, "ada -bob", Backend::Postgres);
        assert_eq!(
            sql,
            "to_tsvector('english', left(coalesce(CAST(q.\"a\" AS TEXT), '') || ' ' || coalesce(CAST(q.\"b\" AS TEXT), ''), 100000)) \
             @@ websearch_to_tsquery('english', $2)"
        );
        assert_eq!(values, texts(&["ada -bob"]));
    }
}
