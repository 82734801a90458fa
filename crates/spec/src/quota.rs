//! Where a caller stands with a rate limit, as HTTP tells it: `RateLimit` and `RateLimit-Policy`
//! (draft-ietf-httpapi-ratelimit-headers-10).

use std::{fmt::Write as _, sync::Arc, time::Duration};

/// Where a caller stands with one limit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quota {
    /// The name of the limit: visible ASCII without `"` and `\`.
    pub name: Arc<str>,
    /// How many in a window.
    pub amount: u32,
    /// The window.
    pub per: Duration,
    /// How many are left.
    pub remaining: u32,
    /// When there will be more; for a limit that refuses, when it lets the same call through.
    pub reset: Duration,
    /// Whether it is what the call was refused by.
    pub refuses: bool,
}

impl Quota {
    /// The value of `RateLimit-Policy` (section 3): `"invoices.create";q=60;w=60`.
    #[must_use]
    pub fn policies(quotas: &[Self]) -> String {
        let mut out = String::new();
        for Self { name, amount, per, .. } in quotas {
            // Writing to a string does not fail.
            let _ = write!(out, r#"{}"{name}";q={amount};w={}"#, separator(&out), seconds(*per));
        }
        out
    }

    /// The value of `RateLimit` (section 4): `"invoices.create";r=0;t=12`. Of a call that was refused only what refuses it: no other
    /// reset may be later than `Retry-After` (section 6).
    #[must_use]
    pub fn standings(quotas: &[Self]) -> String {
        let mut out = String::new();
        let refused = quotas.iter().any(|quota| quota.refuses);
        for Self { name, remaining, reset, .. } in quotas.iter().filter(|quota| quota.refuses == refused) {
            let _ = write!(out, r#"{}"{name}";r={remaining}"#, separator(&out));
            if !reset.is_zero() {
                let _ = write!(out, ";t={}", seconds(*reset));
            }
        }
        out
    }
}

fn separator(before: &str) -> &'static str {
    if before.is_empty() { "" } else { ", " }
}

/// Whole seconds, rounded up, and at least one: a client that comes back at once comes back too early.
pub(crate) fn seconds(wait: Duration) -> u64 {
    wait.as_secs().saturating_add(u64::from(wait.subsec_nanos() > 0)).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotas_are_lists_of_structured_fields() {
        let quota = |name: &str, remaining, reset, refuses| Quota {
            name: name.into(),
            amount: 60,
            per: Duration::from_millis(500),
            remaining,
            reset: Duration::from_millis(reset),
            refuses,
        };
        let passed = [quota("a", 3, 1001, false), quota("b", 60, 0, false)];
        assert_eq!(Quota::policies(&passed), r#""a";q=60;w=1, "b";q=60;w=1"#);
        assert_eq!(Quota::standings(&passed), r#""a";r=3;t=2, "b";r=60"#);
        let refused = [quota("a", 3, 90_000, false), quota("b", 0, 12_000, true)];
        assert_eq!(Quota::standings(&refused), r#""b";r=0;t=12"#);
        assert_eq!(Quota::policies(&[]), "");
    }
}
