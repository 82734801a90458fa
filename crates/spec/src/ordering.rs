//! Orderings as values: in which order a caller asks for rows.

/// The orders a list can be asked for, declared with `#[derive(Ordering)]` on a field-less enum.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an ordering",
    label = "not an ordering",
    note = "put `#[derive(Ordering)]` on a field-less enum whose variants name columns"
)]
pub trait Ordering: 'static {
    /// Public name and column of each variant. Columns come from the source code, never from a request.
    const KEYS: &'static [(&'static str, &'static str)];
}

/// One key of an `ORDER BY`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OrderKey {
    /// The column.
    pub column: &'static str,
    /// Largest first.
    pub descending: bool,
}

/// `-amount` → the column of `amount`, descending.
pub(crate) fn parse<O: Ordering>(text: &str) -> Option<OrderKey> {
    let (descending, name) = text.strip_prefix('-').map_or((false, text), |name| (true, name));
    let (_, column) = O::KEYS.iter().find(|(known, _)| *known == name)?;
    Some(OrderKey { column, descending })
}

/// Every name that can be asked for: each key, ascending and descending.
pub(crate) fn names<O: Ordering>() -> Vec<String> {
    O::KEYS.iter().flat_map(|(name, _)| [(*name).to_owned(), format!("-{name}")]).collect()
}
