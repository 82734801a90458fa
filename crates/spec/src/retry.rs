//! Running a service again that lost against another.

use std::time::Duration;

/// How often a service is run again that the database refused because of another that ran at the same time, declared with
/// `.retry(…)`.
///
/// Whoever declares it says that the function may run more than once for one call: what it does in its transaction was
/// rolled back, what it does elsewhere is done again.
///
/// Before each try there is a pause of a random length, of up to [`Retry::pause`] before the first, twice as much before
/// each one after it, up to [`Retry::longest_pause`]. The deadline of the call holds for all of it.
///
/// ```
/// use diptych_spec::Retry;
/// use std::time::Duration;
///
/// let patient = Retry::times(5).pause(Duration::from_millis(20));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use = "it does nothing until it is given to `.retry(…)`"]
pub struct Retry {
    times: u32,
    pause: Duration,
    longest_pause: Duration,
}

impl Retry {
    /// The most often that a service can be run again.
    pub const MOST_TIMES: u32 = 10;

    /// The longest that any pause can be.
    const LONGEST_PAUSE: Duration = Duration::from_secs(60);

    /// Up to so many times after the first, at most 10.
    pub const fn times(times: u32) -> Self {
        Self { times, pause: Duration::from_millis(10), longest_pause: Duration::from_secs(1) }
    }

    /// The longest pause before the first time; 10 ms.
    pub const fn pause(mut self, pause: Duration) -> Self {
        self.pause = pause;
        self
    }

    /// The longest pause before any time; 1 s. At most a minute.
    pub const fn longest_pause(mut self, longest: Duration) -> Self {
        self.longest_pause = longest;
        self
    }

    /// How long to wait before running for the `done + 1`st time after the first; `None` when it was often enough. `random` is
    /// any number, and decides how much of the longest pause it is.
    #[must_use]
    pub fn pause_after(&self, done: u32, random: u32) -> Option<Duration> {
        let longest = || self.pause.saturating_mul(1 << done.min(Self::MOST_TIMES)).min(self.longest_pause);
        (done < self.times).then(|| longest().mul_f64(f64::from(random) / f64::from(u32::MAX)))
    }

    pub(crate) fn mistakes(&self, found: &mut Vec<String>) {
        if !(1..=Self::MOST_TIMES).contains(&self.times) {
            found.push(format!(
                "is run again {} times; write `Retry::times(…)` with 1 to {}",
                self.times,
                Self::MOST_TIMES
            ));
        }
        if self.longest_pause > Self::LONGEST_PAUSE {
            found.push(format!(
                "pauses for up to {:?} before it is run again; make `.longest_pause` {:?} at most",
                self.longest_pause,
                Self::LONGEST_PAUSE
            ));
        }
        if self.pause > self.longest_pause {
            found.push(format!(
                "pauses for up to {:?} before it is run again, which is more than the longest pause, {:?}; make `.longest_pause` longer than `.pause`",
                self.pause, self.longest_pause
            ));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_up_to_a_ceiling_and_end() {
        let retry = Retry::times(4).pause(Duration::from_millis(10)).longest_pause(Duration::from_millis(30));
        let longest: Vec<_> = (0..5).map(|done| retry.pause_after(done, u32::MAX)).collect();
        assert_eq!(longest, [Some(10), Some(20), Some(30), Some(30), None].map(|ms| ms.map(Duration::from_millis)));
        assert_eq!(retry.pause_after(3, 0), Some(Duration::ZERO));
        let middle = retry.pause_after(0, u32::MAX / 2).unwrap();
        assert!((Duration::from_micros(4_990)..Duration::from_micros(5_010)).contains(&middle), "{middle:?}");
    }
}
