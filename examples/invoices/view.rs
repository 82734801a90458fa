//! Amounts and moments as they are shown.

use chrono::{DateTime, SubsecRound as _, Utc};

/// Now, to the microsecond that databases keep: what is answered is what is read later.
pub(super) fn now() -> DateTime<Utc> {
    Utc::now().trunc_subsecs(6)
}

/// `1250` → `12.50`.
pub(super) fn amount(cents: i64) -> String {
    format!("{}.{:02}", cents / 100, cents % 100)
}
