//! How a list is filtered, ordered and paginated.

use super::Declaration;
use crate::{Fields, Keyset, OrderKey, Pagination, Search, Streaming};

/// How a list is filtered, ordered and paginated.
#[derive(Debug, Default)]
pub struct ListDeclaration {
    pub(crate) filter_columns: &'static [&'static str],
    pub(crate) default_order: Vec<OrderKey>,
    /// All that a caller can order by.
    pub(crate) order_columns: Vec<&'static str>,
    pub(crate) ordered: bool,
    pub(crate) search: Option<Search>,
    pub(crate) fields: Option<Fields>,
    pub(crate) unique: Option<&'static str>,
    /// Of the row.
    pub(crate) columns: &'static [&'static str],
    pub(crate) page: Option<Pagination>,
    pub(crate) max_rows: Option<u32>,
    pub(crate) max_bytes: Option<usize>,
    pub(crate) streaming: Option<Streaming>,
}

impl ListDeclaration {
    /// The columns of a row.
    #[must_use]
    pub fn columns(&self) -> &'static [&'static str] {
        self.columns
    }

    /// The order when the caller does not say.
    #[must_use]
    pub fn default_order(&self) -> &[OrderKey] {
        &self.default_order
    }

    /// Where it is searched.
    #[must_use]
    pub fn search(&self) -> Option<&Search> {
        self.search.as_ref()
    }

    /// What fields are made of, where callers can pick them.
    #[must_use]
    pub fn fields(&self) -> Option<&Fields> {
        self.fields.as_ref()
    }

    /// The column that makes every order total; `id` unless said otherwise.
    #[must_use]
    pub fn unique(&self) -> &'static str {
        self.unique.unwrap_or("id")
    }

    /// The pagination.
    #[must_use]
    pub fn page(&self) -> Option<Pagination> {
        self.page
    }

    /// The pagination, if pages begin where another one ended.
    #[must_use]
    pub fn keyset(&self) -> Option<Keyset> {
        self.page.and_then(Pagination::keyset)
    }

    /// The most rows of a list that is not paginated; 1,000 unless said otherwise.
    #[must_use]
    pub fn max_rows(&self) -> u32 {
        self.max_rows.unwrap_or(1000)
    }

    /// The most bytes of JSON that an answer has, when the list says.
    #[must_use]
    pub fn max_bytes(&self) -> Option<usize> {
        self.max_bytes
    }

    /// Whether rows have to come in a certain order.
    #[must_use]
    pub fn is_ordered(&self) -> bool {
        self.ordered || self.page.is_some()
    }
}

impl Declaration {
    /// Checks the columns that a list is filtered and ordered by; `nullable` says which of them can be null. Called once, when
    /// the row type is known.
    #[doc(hidden)]
    pub fn finish_list(&mut self, columns: &'static [&'static str], nullable: &[bool]) {
        self.list.columns = columns;
        let known = columns.join(", ");
        for column in self.list.filter_columns.iter().filter(|column| !columns.contains(column)) {
            self.mistakes.push(format!("the filter's column `{column}` is not in the row; the row has {known}"));
        }
        let search = self.list.search.iter().flat_map(|search| search.mistakes(columns));
        self.mistakes.extend(search);
        for key in self.list.default_order.iter().filter(|key| !columns.contains(&key.column)) {
            self.mistakes.push(format!("the order's column `{}` is not in the row; the row has {known}", key.column));
        }
        if self.list.is_ordered() && !columns.contains(&self.list.unique()) {
            self.mistakes.push(format!(
                "an ordered list needs a unique column, so that no row is shown twice; the row has no `{}`: name one of {known} with `.unique(\"…\")`",
                self.list.unique()
            ));
        }
        if self.list.keyset().is_some() {
            self.check_keys(columns, nullable);
        }
    }

    /// A cursor is made of what the row is ordered by, and compared with it.
    fn check_keys(&mut self, columns: &[&str], nullable: &[bool]) {
        let list = &self.list;
        let told = |key: &str| key == list.unique() || list.default_order.iter().any(|known| known.column == key);
        let mut keys = list.order_columns.clone();
        if !keys.contains(&list.unique()) {
            keys.push(list.unique());
        }
        let wrong = keys.into_iter().filter_map(|key| match columns.iter().position(|column| *column == key) {
            Some(at) if nullable.get(at).copied().unwrap_or_default() => Some(format!(
                "keyset pages cannot be ordered by `{key}`, which can be null: no range of an index begins at a null; make it NOT NULL, leave it out of the order, or use `PageNumber`"
            )),
            None if !told(key) => Some(format!(
                "keyset pages cannot be ordered by `{key}`, which is not in the row; the row has {}",
                columns.join(", ")
            )),
            _ => None,
        });
        let wrong: Vec<_> = wrong.collect();
        self.mistakes.extend(wrong);
    }
}
