//! Searching a list: words that a caller looks for, in columns that were declared.

use crate::{ArgumentSet, Declaration, FieldError, List, Owner, SelectorSpec};
use serde::Deserialize;
use serde_json::{Map, json};

/// The longest text that is looked for, in characters.
const MAX_LENGTH: usize = 200;
/// The most words of one: each is looked for in every column.
const MAX_WORDS: usize = 8;
/// The most columns.
const MAX_COLUMNS: usize = 16;

/// The columns that a list is searched in, and how.
///
/// ```
/// use diptych_spec::Search;
/// // Each word has to be somewhere in one of these.
/// let words = Search::columns(["number", "note"]);
/// // The full text search of PostgreSQL, with its configuration `english`.
/// let text = Search::columns(["number", "note"]).full_text("english");
/// # let _ = (words, text);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use = "a search does nothing until it is declared with `.search(…)`"]
pub struct Search {
    columns: Vec<&'static str>,
    full_text: Option<&'static str>,
}

/// What a caller searches for, left in the call; never blank.
#[derive(Clone, PartialEq, Eq)]
pub struct Sought(pub String);

/// Only its length: it is a caller's.
impl std::fmt::Debug for Sought {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Sought({} bytes)", self.0.len())
    }
}

impl<const N: usize> From<[&'static str; N]> for Search {
    fn from(columns: [&'static str; N]) -> Self {
        Self::columns(columns)
    }
}

impl Search {
    /// Searches in these columns of the row. A column that is no text is searched as the database writes it.
    pub fn columns(columns: impl IntoIterator<Item = &'static str>) -> Self {
        Self { columns: columns.into_iter().collect(), full_text: None }
    }

    /// Searches with the full text search of PostgreSQL, by this configuration (`simple`, `english`, …): what a caller writes is
    /// read by `websearch_to_tsquery`. The other databases look for the words, as without.
    pub fn full_text(mut self, configuration: &'static str) -> Self {
        self.full_text = Some(configuration);
        self
    }

    /// The columns.
    #[must_use]
    pub fn in_columns(&self) -> &[&'static str] {
        &self.columns
    }

    /// The configuration of the full text search.
    #[must_use]
    pub fn configuration(&self) -> Option<&'static str> {
        self.full_text
    }

    fn argument(&self) -> ArgumentSet {
        #[derive(Deserialize)]
        struct Given {
            search: Option<String>,
        }
        let columns = self.columns.join(", ");
        let schema = json!({
            "type": "string",
            "description": format!("Words to look for, at most {MAX_WORDS}: each has to be in {columns}; upper and lower case are the same."),
            "maxLength": MAX_LENGTH,
            "pattern": format!(r"^\s*([^\s\x00]+(\s+|$)){{0,{MAX_WORDS}}}$"),
        });
        let convert = |Given { search }: Given| {
            let text = search.unwrap_or_default();
            let wrong = |detail| Err(vec![FieldError::new("/search", "length", detail)]);
            if text.chars().count() > MAX_LENGTH {
                return wrong(format!("must have at most {MAX_LENGTH} characters"));
            }
            if text.split_whitespace().count() > MAX_WORDS {
                return wrong(format!("must have at most {MAX_WORDS} words"));
            }
            let text = text.trim();
            Ok((!text.is_empty()).then(|| Sought(text.to_owned())))
        };
        ArgumentSet::custom(Owner::Search, Map::from_iter([("search".to_owned(), schema)]), convert)
    }

    /// What is wrong with it, for a row that has these columns.
    pub(crate) fn mistakes(&self, known: &[&str]) -> Vec<String> {
        let mut found = Vec::new();
        for column in self.columns.iter().filter(|column| !known.contains(column)) {
            found.push(format!("the search's column `{column}` is not in the row; the row has {}", known.join(", ")));
        }
        if self.columns.is_empty() || self.columns.len() > MAX_COLUMNS {
            found.push(format!(
                "is searched in {} columns; name 1 to {MAX_COLUMNS} in `.search([\"…\"])`",
                self.columns.len()
            ));
        }
        let is_name = |name: &&str| {
            name.starts_with(|c: char| c.is_ascii_lowercase() || c == '_')
                && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
        };
        if let Some(name) = self.full_text.filter(|name| !is_name(name)) {
            found.push(format!(
                "`{name}` is no name of a text search configuration; write one that `\\dF` of psql lists, such as `simple` or `english`"
            ));
        }
        found
    }
}

impl<H: crate::Handler, V> SelectorSpec<H, V> {
    /// Lets the caller search, with the argument `search`: every word has to be somewhere in one of these columns, ignoring
    /// case. See [`Search`] for the full text search of PostgreSQL.
    pub fn search(mut self, search: impl Into<Search>) -> Self
    where
        H::Out: List,
    {
        let search = search.into();
        let declaration: &mut Declaration = self.declaration_mut();
        declaration.signature.arguments(Ok(search.argument()));
        declaration.list.search = Some(search);
        self
    }
}
