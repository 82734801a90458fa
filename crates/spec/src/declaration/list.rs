//! What a list says of itself, besides what every operation says.

use crate::{OrderKey, PageNumber};

/// How a list is filtered, ordered and paginated.
#[derive(Debug, Default)]
pub struct ListDeclaration {
    pub(crate) filter_columns: &'static [&'static str],
    pub(crate) default_order: Vec<OrderKey>,
    pub(crate) ordered: bool,
    pub(crate) unique: Option<&'static str>,
    pub(crate) page: Option<PageNumber>,
    pub(crate) max_rows: Option<u32>,
}

impl ListDeclaration {
    /// The order when the caller does not say.
    #[must_use]
    pub fn default_order(&self) -> &[OrderKey] {
        &self.default_order
    }

    /// The column that makes every order total; `id` unless said otherwise.
    #[must_use]
    pub fn unique(&self) -> &'static str {
        self.unique.unwrap_or("id")
    }

    /// The pagination.
    #[must_use]
    pub fn page(&self) -> Option<PageNumber> {
        self.page
    }

    /// The most rows of a list that is not paginated; 1,000 unless said otherwise.
    #[must_use]
    pub fn max_rows(&self) -> u32 {
        self.max_rows.unwrap_or(1000)
    }

    /// Whether rows have to come in a certain order.
    #[must_use]
    pub fn is_ordered(&self) -> bool {
        self.ordered || self.page.is_some()
    }
}
