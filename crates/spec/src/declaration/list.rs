//! How a list is filtered, ordered and paginated.

use super::Declaration;
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

impl Declaration {
    /// Checks the columns that a list is filtered and ordered by. Called once, when the row type is known.
    #[doc(hidden)]
    pub fn finish_list(&mut self, columns: &[&str]) {
        let known = columns.join(", ");
        for column in self.list.filter_columns.iter().filter(|column| !columns.contains(column)) {
            self.mistakes.push(format!("the filter's column `{column}` is not in the row; the row has {known}"));
        }
        for key in self.list.default_order.iter().filter(|key| !columns.contains(&key.column)) {
            self.mistakes.push(format!("the order's column `{}` is not in the row; the row has {known}", key.column));
        }
        if self.list.is_ordered() && !columns.contains(&self.list.unique()) {
            self.mistakes.push(format!(
                "an ordered list needs a unique column, so that no row is shown twice; the row has no `{}`: name one of {known} with `.unique(\"…\")`",
                self.list.unique()
            ));
        }
    }
}
