//! Amounts as people read them.

/// `1250` → `12.50`.
pub(super) fn amount(cents: i64) -> String {
    format!("{}.{:02}", cents / 100, cents % 100)
}
