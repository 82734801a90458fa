//! What time it is, for counting.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// The clock that limits count with. Tests have one of their own, so that nothing waits.
pub trait Clock: Send + Sync + 'static {
    /// The time since 1970 (UTC). It never goes back.
    fn now(&self) -> Duration;
}

/// The clock of the system when it was made, and from then on one that nobody sets.
#[derive(Debug, Clone, Copy)]
pub struct SystemClock {
    made: Instant,
    at: Duration,
}

impl SystemClock {
    /// A clock that is right now.
    #[must_use]
    pub fn new() -> Self {
        Self { made: Instant::now(), at: SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default() }
    }
}

impl Default for SystemClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for SystemClock {
    fn now(&self) -> Duration {
        self.at.saturating_add(self.made.elapsed())
    }
}

/// Nanoseconds; they last until the year 2554.
pub(super) fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}
