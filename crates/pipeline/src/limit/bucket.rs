//! The token bucket: the generic cell rate algorithm of `governor`, as a function of what is kept of a key.
//!
//! Its own stores keep every key for ever and cannot ask several limits before one of them takes, so that what it keeps is
//! lent to it for one decision, on a clock that stands at zero: how far the bucket is behind, in time.

use governor::{
    Quota, RateLimiter,
    clock::Clock,
    middleware::NoOpMiddleware,
    nanos::Nanos,
    state::{NotKeyed, StateStore},
};
use std::{cell::Cell, num::NonZeroU32, time::Duration};

/// A bucket that holds so many, of which one comes back in this time.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bucket {
    quota: Quota,
    refill: u64,
    burst: u32,
}

/// What is let through: how far behind the bucket is afterwards. Otherwise how long it takes until it is.
pub(super) type Poured = Result<u64, Duration>;

impl Bucket {
    /// Limits are checked before; what cannot be is read as the least.
    pub(super) fn new(refill: Duration, burst: u32) -> Self {
        let refill = refill.max(Duration::from_nanos(1));
        let burst = NonZeroU32::new(burst).unwrap_or(NonZeroU32::MIN);
        let one = Quota::with_period(refill).unwrap_or(Quota::per_second(NonZeroU32::MIN));
        Self { quota: one.allow_burst(burst), refill: super::clock::nanos(refill), burst: burst.get() }
    }

    /// Takes `cost` of a bucket that is so many nanoseconds behind.
    pub(super) fn pour(&self, behind: u64, cost: NonZeroU32) -> Poured {
        let limiter = RateLimiter::<_, _, _, NoOpMiddleware<Nanos>>::new(self.quota, Behind(Cell::new(behind)), Zero);
        match limiter.check_n(cost) {
            Ok(Ok(())) => Ok(limiter.into_state_store().0.get()),
            Ok(Err(until)) => Err(until.earliest_possible().into()),
            // More than it ever holds: no wait is long enough. Refused when the server is built.
            Err(_) => Err(Duration::from_nanos(self.refill).saturating_mul(cost.get())),
        }
    }

    /// How many are left in a bucket that is so far behind.
    pub(super) fn left(&self, behind: u64) -> u32 {
        let missing = u32::try_from(behind.div_ceil(self.refill)).unwrap_or(u32::MAX);
        self.burst.saturating_sub(missing)
    }

    /// When one more is in it; zero when it is full.
    pub(super) fn next(&self, behind: u64) -> Duration {
        match behind % self.refill {
            0 if behind > 0 => Duration::from_nanos(self.refill),
            rest => Duration::from_nanos(rest),
        }
    }
}

/// How far the bucket is behind; `governor` calls it the theoretical arrival time.
struct Behind(Cell<u64>);

impl StateStore for Behind {
    type Key = NotKeyed;

    fn measure_and_replace<T, F, E>(&self, _: &NotKeyed, decide: F) -> Result<T, E>
    where
        F: Fn(Option<Nanos>) -> Result<(T, Nanos), E>,
    {
        let (answer, next) = decide(Some(self.0.get().into()))?;
        self.0.set(next.into());
        Ok(answer)
    }
}

/// A clock that stands.
struct Zero;

impl Clock for Zero {
    type Instant = Nanos;

    fn now(&self) -> Nanos {
        Nanos::default()
    }
}
