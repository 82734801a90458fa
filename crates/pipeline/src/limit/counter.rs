//! How a limit counts: from what is kept of a key to what is kept afterwards, as a function.

use super::{bucket::Bucket, clock::nanos, store::Standing};
use diptych_spec::{Counting, Limit};
use std::{num::NonZeroU32, time::Duration};

/// What is kept of a key, in 16 bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct State {
    /// Nanoseconds since 1970: when the bucket is full; when the window began.
    pub(super) at: u64,
    /// How many in the window.
    pub(super) count: u32,
    /// How many in the window before.
    pub(super) before: u32,
}

/// How a limit counts.
#[derive(Debug, Clone, Copy)]
pub(super) enum Counter {
    Bucket(Bucket),
    Window { amount: u32, per: u64, slides: bool },
}

/// What would become of a key.
#[derive(Debug, Clone, Copy)]
pub(super) struct Trial {
    pub(super) state: State,
    pub(super) standing: Standing,
}

impl Counter {
    pub(super) fn of(limit: &Limit) -> Self {
        let window = |slides| Self::Window { amount: limit.amount(), per: nanos(limit.per()).max(1), slides };
        match limit.counting() {
            Counting::FixedWindow => window(false),
            Counting::SlidingWindow => window(true),
            _ => Self::Bucket(Bucket::new(limit.refill(), limit.capacity())),
        }
    }

    /// Takes `cost`, or says why not. With a cost of zero it says where the key stands.
    pub(super) fn attempt(&self, state: State, cost: u32, now: u64) -> Trial {
        match self {
            Self::Bucket(bucket) => poured(bucket, state, cost, now),
            Self::Window { amount, per, slides } => {
                // Another thread may have read its clock later and counted earlier.
                let now = now.max(state.at);
                let state = turned(state, *per, *slides, now);
                let window = Window { amount: *amount, per: *per, slides: *slides, gone: now - state.at };
                window.counted(state, cost)
            }
        }
    }

    /// Whether nothing is lost when it is forgotten.
    pub(super) fn is_spent(&self, state: State, now: u64) -> bool {
        match self {
            Self::Bucket(_) => state.at <= now,
            Self::Window { per, slides, .. } => state.at.saturating_add(per * (1 + u64::from(*slides))) <= now,
        }
    }

    /// The later, the more of the limit is used: what is forgotten last.
    pub(super) fn rank(&self, state: State) -> u64 {
        match self {
            Self::Bucket(_) => state.at,
            Self::Window { amount, per, .. } => state.at.saturating_add(share(*per, state.count, *amount)),
        }
    }
}

fn poured(bucket: &Bucket, state: State, cost: u32, now: u64) -> Trial {
    let behind = state.at.saturating_sub(now);
    let poured = NonZeroU32::new(cost).map_or(Ok(behind), |cost| bucket.pour(behind, cost));
    match poured {
        Ok(behind) => Trial {
            state: State { at: now.saturating_add(behind), ..state },
            standing: Standing { granted: true, remaining: bucket.left(behind), reset: bucket.next(behind) },
        },
        Err(wait) => {
            Trial { state, standing: Standing { granted: false, remaining: bucket.left(behind), reset: wait } }
        }
    }
}

/// The state in the window of now. Windows begin at multiples of their span since 1970.
fn turned(state: State, per: u64, slides: bool, now: u64) -> State {
    let start = now - now % per;
    match start.checked_sub(state.at) {
        None | Some(0) => state,
        Some(gone) if slides && gone == per => State { at: start, count: 0, before: state.count },
        _ => State { at: start, count: 0, before: 0 },
    }
}

/// A window, some of which is gone.
struct Window {
    amount: u32,
    per: u64,
    slides: bool,
    gone: u64,
}

impl Window {
    fn counted(&self, state: State, cost: u32) -> Trial {
        let used = u64::from(state.count) + self.carried(state.before, self.gone);
        let left = u64::from(self.amount).saturating_sub(used);
        let granted = u64::from(cost) <= left;
        let remaining = if granted { left - u64::from(cost) } else { left };
        let reset = if granted { Duration::from_nanos(self.per - self.gone) } else { self.wait(state, cost) };
        let taken = if granted { cost } else { 0 };
        Trial {
            state: State { count: state.count.saturating_add(taken), ..state },
            standing: Standing { granted, remaining: u32::try_from(remaining).unwrap_or(u32::MAX), reset },
        }
    }

    /// How much of the window before counts, rounded up.
    fn carried(&self, before: u32, gone: u64) -> u64 {
        let weighted = u128::from(before) * u128::from(self.per - gone);
        u64::try_from(weighted.div_ceil(u128::from(self.per))).unwrap_or(u64::MAX)
    }

    /// How long until `cost` is let through, if nothing else is.
    fn wait(&self, state: State, cost: u32) -> Duration {
        let until_turn = self.per - self.gone;
        let nanos = match self.amount.checked_sub(state.count.saturating_add(cost)) {
            // In this window, once enough of the one before has faded.
            Some(room) if state.before > room => self.faded(state.before, room).saturating_sub(self.gone),
            // In the next one, where this one fades.
            _ if self.slides => until_turn + self.faded(state.count, self.amount.saturating_sub(cost)),
            _ => until_turn,
        };
        Duration::from_nanos(nanos.min(until_turn.saturating_add(self.per)))
    }

    /// How much of a window has to be gone until no more than `room` of the one before count.
    fn faded(&self, before: u32, room: u32) -> u64 {
        match before.checked_sub(room) {
            None | Some(0) => 0,
            Some(over) => {
                let nanos = (u128::from(over) * u128::from(self.per)).div_ceil(u128::from(before));
                u64::try_from(nanos).unwrap_or(u64::MAX)
            }
        }
    }
}

/// The part of a span.
fn share(per: u64, count: u32, amount: u32) -> u64 {
    let nanos = u128::from(per) * u128::from(count) / u128::from(amount.max(1));
    u64::try_from(nanos).unwrap_or(u64::MAX)
}

#[cfg(test)]
#[path = "counter/tests.rs"]
mod tests;
