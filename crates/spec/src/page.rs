//! Pages of a list.

use crate::{FieldError, Keyset, Owner, arguments::ArgumentSet};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

/// How a list is cut into pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pagination {
    /// By number, with the total.
    PageNumber(PageNumber),
    /// From where another page ended.
    Keyset(Keyset),
}

/// What `.paginate(…)` takes: [`PageNumber`] or [`Keyset`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a way to paginate",
    label = "not a pagination",
    note = "write `.paginate(Keyset::default())`, or `.paginate(PageNumber::default())` for numbered pages"
)]
pub trait IntoPagination {
    /// The pagination.
    fn into_pagination(self) -> Pagination;
}

impl IntoPagination for PageNumber {
    fn into_pagination(self) -> Pagination {
        Pagination::PageNumber(self)
    }
}

impl IntoPagination for Keyset {
    fn into_pagination(self) -> Pagination {
        Pagination::Keyset(self)
    }
}

impl Pagination {
    /// Rows on a page when the caller does not say.
    #[must_use]
    pub fn size(self) -> u32 {
        match self {
            Self::PageNumber(page) => page.size,
            Self::Keyset(page) => page.size,
        }
    }

    /// The most rows a caller may ask for.
    #[must_use]
    pub fn max_size(self) -> u32 {
        match self {
            Self::PageNumber(page) => page.max_size,
            Self::Keyset(page) => page.max_size,
        }
    }

    /// The keyset pages, if it is these.
    #[must_use]
    pub fn keyset(self) -> Option<Keyset> {
        match self {
            Self::PageNumber(_) => None,
            Self::Keyset(keyset) => Some(keyset),
        }
    }

    pub(crate) fn arguments(self) -> ArgumentSet {
        match self {
            Self::PageNumber(page) => page.arguments(),
            Self::Keyset(keyset) => keyset.arguments(),
        }
    }
}

/// Page-number pagination: `?page=2&page_size=50`, answered with the total.
///
/// ```
/// use diptych_spec::PageNumber;
/// assert_eq!(PageNumber::default(), PageNumber { size: 25, max_size: 100 });
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PageNumber {
    /// Rows on a page when the caller does not say; 25.
    pub size: u32,
    /// The most rows a caller may ask for; 100. More is refused, not cut.
    pub max_size: u32,
}

impl Default for PageNumber {
    fn default() -> Self {
        Self { size: 25, max_size: 100 }
    }
}

impl PageNumber {
    fn arguments(self) -> ArgumentSet {
        let number = json!({"type": "integer", "minimum": 1, "maximum": MAX_PAGE, "default": 1, "description": "Which page, from 1."});
        let properties = Map::from_iter([
            ("page".to_owned(), number),
            ("page_size".to_owned(), page_size_schema(self.size, self.max_size)),
        ]);
        ArgumentSet::custom(Owner::Page, properties, move |given| self.convert(&given))
    }

    fn convert(self, given: &PageArguments) -> Result<PageRequest, Vec<FieldError>> {
        let mut wrong = Vec::new();
        let page = within("page", given.page.unwrap_or(1), MAX_PAGE, &mut wrong);
        let page_size = page_size(given.page_size, self.size, self.max_size, &mut wrong);
        if wrong.is_empty() { Ok(PageRequest { page, page_size }) } else { Err(wrong) }
    }
}

/// Beyond this the offset is longer than any table.
const MAX_PAGE: u32 = 10_000_000;

pub(crate) fn page_size_schema(size: u32, max: u32) -> Value {
    json!({"type": "integer", "minimum": 1, "maximum": max, "default": size, "description": "Rows on a page."})
}

/// The size that was given, or else the declared one.
pub(crate) fn page_size(given: Option<u32>, size: u32, max: u32, wrong: &mut Vec<FieldError>) -> u32 {
    within("page_size", given.unwrap_or(size), max, wrong)
}

fn within(name: &str, value: u32, max: u32, wrong: &mut Vec<FieldError>) -> u32 {
    if value == 0 || value > max {
        wrong.push(FieldError::new(format!("/{name}"), "range", format!("must be at least 1 and at most {max}")));
    }
    value
}

/// The page a caller asked for, checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PageRequest {
    /// From 1.
    pub page: u32,
    /// From 1 to the ceiling.
    pub page_size: u32,
}

impl PageRequest {
    /// How many rows come before this page.
    #[must_use]
    pub fn offset(self) -> i64 {
        i64::from(self.page - 1) * i64::from(self.page_size)
    }
}

#[derive(Deserialize)]
struct PageArguments {
    page: Option<u32>,
    page_size: Option<u32>,
}

/// One page of a list, and how many rows there are in all.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Page<T> {
    /// The rows of this page.
    pub items: Vec<T>,
    /// How many rows match, over all pages.
    pub total: i64,
    /// This page, from 1.
    pub page: u32,
    /// How many rows a page has at most.
    pub page_size: u32,
}

/// A list that is not paginated.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Items<T> {
    /// All rows that match.
    pub items: Vec<T>,
}
