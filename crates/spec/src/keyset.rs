//! Pages of a list that begin where another one ended.

use crate::{
    FieldError, Owner,
    arguments::ArgumentSet,
    page::{page_size, page_size_schema},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

/// Keyset pagination: `?after=…&page_size=50`, where `after` is the `next` of the page before.
///
/// A page begins behind a row, not behind a number of rows: it is read from the index however deep it is, and rows that are
/// added or deleted meanwhile shift nothing. There is no way to page 7 but through the pages before it; [`crate::PageNumber`]
/// has that.
///
/// ```
/// use diptych_spec::{Keyset, Total};
/// assert_eq!(Keyset::default(), Keyset { size: 25, max_size: 100, total: Total::Absent });
/// let counted = Keyset { total: Total::Exact, ..Keyset::default() };
/// # let _ = counted;
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Keyset {
    /// Rows on a page when the caller does not say; 25.
    pub size: u32,
    /// The most rows a caller may ask for; 100. More is refused, not cut.
    pub max_size: u32,
    /// Whether a page says how many rows there are in all; [`Total::Absent`].
    pub total: Total,
}

impl Default for Keyset {
    fn default() -> Self {
        Self { size: 25, max_size: 100, total: Total::Absent }
    }
}

/// What a page of a list says of the number of rows over all pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Total {
    /// How many there are. They are counted for every page.
    Exact,
    /// About how many there are, as the planner of PostgreSQL thinks, from its statistics. On SQLite and MySQL they are counted.
    Estimated,
    /// Nothing, which costs nothing.
    #[default]
    Absent,
}

/// The keyset page a caller asked for, checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeysetRequest {
    /// From 1 to the ceiling.
    pub page_size: u32,
    /// Where it is.
    pub seek: Seek,
}

/// Where a keyset page is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Seek {
    /// At the beginning.
    First,
    /// Behind this cursor.
    After(String),
    /// Right before this cursor.
    Before(String),
}

#[derive(Deserialize)]
struct KeysetArguments {
    after: Option<String>,
    before: Option<String>,
    page_size: Option<u32>,
}

impl Keyset {
    pub(crate) fn arguments(self) -> ArgumentSet {
        let cursor =
            |of: &str| json!({"type": "string", "description": format!("The `{of}` of the page you have; opaque.")});
        let properties = Map::from_iter([
            ("after".to_owned(), cursor("next")),
            ("before".to_owned(), cursor("previous")),
            ("page_size".to_owned(), page_size_schema(self.size, self.max_size)),
        ]);
        ArgumentSet::custom(Owner::Page, properties, move |given| self.convert(given))
    }

    fn convert(self, given: KeysetArguments) -> Result<KeysetRequest, Vec<FieldError>> {
        let mut wrong = Vec::new();
        let page_size = page_size(given.page_size, self.size, self.max_size, &mut wrong);
        let seek = match (given.after, given.before) {
            (None, None) => Seek::First,
            (Some(cursor), None) => Seek::After(cursor),
            (None, Some(cursor)) => Seek::Before(cursor),
            (Some(_), Some(_)) => {
                wrong.push(FieldError::new("/before", "exclusive", "give `after` or `before`, not both"));
                Seek::First
            }
        };
        if wrong.is_empty() { Ok(KeysetRequest { page_size, seek }) } else { Err(wrong) }
    }

    /// Makes the schema of a page say what is counted.
    pub(crate) fn describe(self, page: &mut Value) {
        let about = match self.total {
            Total::Exact => Some("How many rows match, over all pages."),
            Total::Estimated => Some("About how many rows match, over all pages."),
            Total::Absent => None,
        };
        if let Some(properties) = page.get_mut("properties").and_then(Value::as_object_mut) {
            match about {
                Some(about) => {
                    let total = json!({"type": "integer", "format": "int64", "minimum": 0, "description": about});
                    properties.insert("total".to_owned(), total);
                }
                None => drop(properties.shift_remove("total")),
            }
        }
        let required = page.get_mut("required").and_then(Value::as_array_mut);
        if let Some(required) = required.filter(|_| about.is_some()) {
            required.push(json!("total"));
        }
    }
}

/// One keyset page of a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct KeysetPage<T> {
    /// The rows of this page.
    pub items: Vec<T>,
    /// What to give as `after` for the page behind this one; null on the last.
    pub next: Option<String>,
    /// What to give as `before` for the page in front of this one; null on the first.
    pub previous: Option<String>,
    /// How many rows a page has at most.
    pub page_size: u32,
    /// How many rows match, over all pages; where that is declared.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total: Option<i64>,
    /// There, and true, when the page has fewer rows than it could because more would be too long; `next`, or `previous`, goes on
    /// where it ends.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub shortened: bool,
}
