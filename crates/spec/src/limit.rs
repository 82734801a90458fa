//! Rate limits as values: how many calls in which span, how they are counted, and whose are counted together.

use std::{borrow::Cow, fmt, time::Duration};

/// The shortest and the longest span of a limit.
const SPANS: (Duration, Duration) = (Duration::from_millis(1), Duration::from_secs(366 * 24 * 60 * 60));
/// How long a token bucket may take to be full again.
const LONGEST_REFILL: Duration = Duration::from_secs(3660 * 24 * 60 * 60);

/// How often something may be done: so many calls in a span, counted for each caller unless said otherwise.
///
/// A token bucket by default: it holds [`Limit::burst`] calls and is refilled evenly, so that an idle caller may do a burst
/// and a busy one gets the rate. Numbers and spans are checked when the server is built.
///
/// ```
/// use diptych_spec::{By, Limit};
///
/// // For each caller, 60 in a minute, of which 10 may come at once.
/// let writes = Limit::per_minute(60).burst(10);
/// // For each address and each operation, 1,000 in an hour of the clock.
/// let reads = Limit::per_hour(1_000).fixed_window().by(By::Address).by(By::Operation);
/// # let _ = (writes, reads);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use = "a limit does nothing until an operation, a mount or a server has it"]
pub struct Limit {
    amount: u32,
    per: Duration,
    counting: Counting,
    burst: Option<u32>,
    by: [bool; 5],
    name: Option<Cow<'static, str>>,
}

/// How a [`Limit`] counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Counting {
    /// A bucket of tokens that is refilled evenly. In any span of time at most what the bucket holds, and what flows in meanwhile.
    TokenBucket,
    /// Spans of the clock (UTC) that follow each other. At most the amount in each; around the turn of one at most twice that.
    FixedWindow,
    /// The same spans, but what was done in the one before counts as far as it reaches into the last span, as if it had been done
    /// evenly. At most the amount in each span of the clock, and after a full one capacity comes back evenly.
    SlidingWindow,
}

/// Whose calls a [`Limit`] counts together. Several of them make one counter for each combination.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum By {
    /// One for each caller: the principal's issuer and subject. Callers without credentials are told apart by their address.
    Principal,
    /// One for each network address; of IPv6 the first 64 bits. Callers without an address, on stdio and in process, are one.
    Address,
    /// One for each operation, for limits of several.
    Operation,
    /// One for each MCP endpoint; REST is one, and so is what is called in process.
    Mount,
    /// One for all that nothing else tells apart.
    Everyone,
}

impl Limit {
    /// So many in this span: at least 1 in 1 ms to 366 days.
    pub const fn new(amount: u32, per: Duration) -> Self {
        Self { amount, per, counting: Counting::TokenBucket, burst: None, by: [false; 5], name: None }
    }

    /// So many in a second.
    pub const fn per_second(amount: u32) -> Self {
        Self::new(amount, Duration::from_secs(1))
    }

    /// So many in a minute.
    pub const fn per_minute(amount: u32) -> Self {
        Self::new(amount, Duration::from_secs(60))
    }

    /// So many in an hour.
    pub const fn per_hour(amount: u32) -> Self {
        Self::new(amount, Duration::from_secs(60 * 60))
    }

    /// So many in a day.
    pub const fn per_day(amount: u32) -> Self {
        Self::new(amount, Duration::from_secs(24 * 60 * 60))
    }

    /// How many may come at once: what the bucket holds. As many as come in the span unless said otherwise.
    pub const fn burst(mut self, burst: u32) -> Self {
        self.burst = Some(burst);
        self
    }

    /// Counts in spans of the clock; see [`Counting::FixedWindow`].
    pub const fn fixed_window(mut self) -> Self {
        self.counting = Counting::FixedWindow;
        self
    }

    /// Counts in spans of the clock, with a weight on the one before; see [`Counting::SlidingWindow`].
    pub const fn sliding_window(mut self) -> Self {
        self.counting = Counting::SlidingWindow;
        self
    }

    /// Whose calls are counted together; [`By::Principal`] unless said otherwise. May be called several times.
    pub const fn by(mut self, by: By) -> Self {
        self.by[by as usize] = true;
        self
    }

    /// The name that clients see in `RateLimit` and `RateLimit-Policy`: 1 to 64 of `A-Z a-z 0-9 _ - . /`. Without, that of what
    /// has the limit.
    pub fn named(mut self, name: impl Into<Cow<'static, str>>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// How many in a span.
    #[must_use]
    pub const fn amount(&self) -> u32 {
        self.amount
    }

    /// The span.
    #[must_use]
    pub const fn per(&self) -> Duration {
        self.per
    }

    /// How it counts.
    #[must_use]
    pub const fn counting(&self) -> Counting {
        self.counting
    }

    /// The most that may come at once.
    #[must_use]
    pub fn capacity(&self) -> u32 {
        self.burst.unwrap_or(self.amount)
    }

    /// Whether it has a counter for each of these.
    #[must_use]
    pub fn counts_by(&self, by: By) -> bool {
        let chosen = self.by[by as usize];
        chosen || (by == By::Principal && self.by == [false; 5])
    }

    /// The name that clients see, when it has one of its own.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// A token of its bucket comes back after this time, rounded up so that there are never more than were promised.
    #[must_use]
    pub fn refill(&self) -> Duration {
        let nanos = self.per.as_nanos().div_ceil(u128::from(self.amount.max(1)));
        Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX).max(1))
    }

    /// What is wrong with it.
    #[must_use]
    pub fn mistake(&self) -> Option<String> {
        let (shortest, longest) = SPANS;
        if self.amount == 0 {
            return Some(
                "has a limit of 0, which lets nobody through; give it at least 1, or `.enabled(false)`".to_owned(),
            );
        }
        if self.per < shortest || self.per > longest {
            return Some(format!(
                "has a limit with a span of {:?}; it has to be 1 ms to 366 days, as in `Limit::per_minute({})`",
                self.per, self.amount
            ));
        }
        match self.burst {
            Some(0) => {
                return Some("has a limit with `.burst(0)`, which lets nobody through; give it at least 1".to_owned());
            }
            Some(_) if self.counting != Counting::TokenBucket => {
                return Some(
                    "has a limit with a burst and a window; only a token bucket has a burst, so leave out one of them"
                        .to_owned(),
                );
            }
            _ => {}
        }
        if self.refill().saturating_mul(self.capacity()) > LONGEST_REFILL {
            return Some(format!(
                "has a limit whose burst of {} takes more than ten years to come back; make it smaller",
                self.capacity()
            ));
        }
        let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '/');
        let named = |name: &str| (1..=64).contains(&name.len()) && name.chars().all(fits);
        let bad = self.name.as_deref().filter(|name| !named(name))?;
        Some(format!("has a limit named `{bad}`; a name is 1 to 64 characters of A-Z, a-z, 0-9, `_`, `-`, `.` and `/`"))
    }

    /// What is wrong with counting a call so many times: it could never be let through.
    #[must_use]
    pub fn cost_mistake(&self, cost: u32) -> Option<String> {
        (cost > self.capacity() && self.mistake().is_none()).then(|| {
            format!(
                "costs {cost}, but the limit of {self} never has more than {}; lower the cost, or raise the limit",
                self.capacity()
            )
        })
    }
}

/// `60 in a minute`.
impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} in ", self.amount)?;
        match (self.per.as_secs(), self.per.subsec_nanos()) {
            (1, 0) => f.write_str("a second"),
            (60, 0) => f.write_str("a minute"),
            (3_600, 0) => f.write_str("an hour"),
            (86_400, 0) => f.write_str("a day"),
            (seconds, 0) => write!(f, "{seconds} seconds"),
            _ => write!(f, "{:?}", self.per),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_spans_are_checked() {
        let years = Duration::from_secs(366 * 24 * 60 * 60);
        for (limit, expected) in [
            (Limit::per_minute(60), None),
            (Limit::new(u32::MAX, Duration::from_millis(1)), None),
            (Limit::new(1, years), None),
            (Limit::per_second(0), Some("limit of 0")),
            (Limit::new(1, Duration::ZERO), Some("span of 0ns")),
            (Limit::new(1, Duration::from_micros(999)), Some("span of 999µs")),
            (Limit::new(1, years + Duration::from_secs(1)), Some("366 days")),
            (Limit::new(1, Duration::MAX), Some("366 days")),
            (Limit::per_minute(1).burst(0), Some("burst(0)")),
            (Limit::new(1, years).burst(u32::MAX), Some("ten years")),
            (Limit::new(1, years).burst(10), None),
            (Limit::per_minute(1).burst(2).fixed_window(), Some("only a token bucket")),
            (Limit::per_minute(1).sliding_window().burst(2), Some("only a token bucket")),
            (Limit::per_minute(1).named("mcp/admin-2"), None),
            (Limit::per_minute(1).named(""), Some("named ``")),
            (Limit::per_minute(1).named("a\"b"), Some("named `a\"b`")),
            (Limit::per_minute(1).named("x".repeat(65)), Some("1 to 64")),
        ] {
            let found = limit.mistake();
            let fits = match (&found, expected) {
                (None, None) => true,
                (Some(found), Some(expected)) => found.contains(expected),
                _ => false,
            };
            assert!(fits, "{limit:?}: {found:?}");
        }
        assert!(Limit::per_minute(60).burst(5).cost_mistake(5).is_none());
        assert!(Limit::per_minute(60).burst(5).cost_mistake(6).unwrap().contains("60 in a minute"));
    }

    #[test]
    fn a_limit_counts_callers_unless_it_says_otherwise() {
        let by = |limit: &Limit| {
            let all = [By::Principal, By::Address, By::Operation, By::Mount, By::Everyone];
            all.into_iter().filter(|by| limit.counts_by(*by)).collect::<Vec<_>>()
        };
        assert_eq!(by(&Limit::per_day(1)), [By::Principal]);
        assert_eq!(by(&Limit::per_day(1).by(By::Everyone)), [By::Everyone]);
        assert_eq!(by(&Limit::per_day(1).by(By::Mount).by(By::Principal)), [By::Principal, By::Mount]);
        assert_eq!(Limit::new(7, Duration::from_secs(90)).to_string(), "7 in 90 seconds");
        assert_eq!(Limit::new(7, Duration::from_millis(1500)).to_string(), "7 in 1.5s");
        // 60 s for 7 are not a whole number of nanoseconds.
        assert_eq!(Limit::per_minute(7).refill(), Duration::from_nanos(8_571_428_572));
    }
}
