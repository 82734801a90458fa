//! Pages of a list.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

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
pub(crate) struct PageArguments {
    pub(crate) page: Option<u32>,
    pub(crate) page_size: Option<u32>,
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
